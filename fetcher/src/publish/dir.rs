//! Directories by handle: nothing here follows a symbolic link, and nothing leads out of the directory that is open.

use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;

use rustix::fs::{AtFlags, Dir as Entries, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

/// Nobody else may look into a generation, or write to a file, that is not complete.
const PRIVATE_DIRECTORY: Mode = Mode::RWXU;
const PRIVATE_FILE: Mode = Mode::from_raw_mode(0o600);

/// An open directory.
#[derive(Debug)]
pub(super) struct Dir(OwnedFd);

impl AsFd for Dir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Opens the directory `name` of `parent`.
pub(super) fn open_dir(parent: impl AsFd, name: impl AsRef<OsStr>) -> io::Result<Dir> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(Dir(rustix::fs::openat(parent, name.as_ref(), flags, Mode::empty())?))
}

/// Opens the regular file `name` of `parent` for reading, with what fstat(2) says of it.
pub(super) fn open_file(parent: impl AsFd, name: impl AsRef<OsStr>) -> io::Result<(File, Stat)> {
    // NONBLOCK: a FIFO that was put there must not make us wait for its writer.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let irregular = || io::Error::new(io::ErrorKind::InvalidData, "it is no regular file");
    let file = rustix::fs::openat(parent, name.as_ref(), flags, Mode::empty()).map_err(|errno| match errno {
        Errno::LOOP => irregular(),
        errno => errno.into(),
    })?;
    let found = rustix::fs::fstat(&file)?;
    if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile {
        return Err(irregular());
    }
    Ok((file.into(), found))
}

/// Makes the file `name` in `parent`, to be written by us alone until its rights are set.
pub(super) fn create_file(parent: impl AsFd, name: impl AsRef<OsStr>) -> io::Result<File> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(parent, name.as_ref(), flags, PRIVATE_FILE)?.into())
}

/// Makes the directory `name` in `parent`, closed to others, and opens it.
pub(super) fn create_dir(parent: impl AsFd, name: impl AsRef<OsStr>) -> io::Result<Dir> {
    rustix::fs::mkdirat(&parent, name.as_ref(), PRIVATE_DIRECTORY)?;
    open_dir(parent, name)
}

/// Opens the directory `name` in `parent`, which is made if it is not there.
pub(super) fn open_or_create_dir(parent: impl AsFd, name: impl AsRef<OsStr>) -> io::Result<Dir> {
    match rustix::fs::mkdirat(&parent, name.as_ref(), PRIVATE_DIRECTORY) {
        Ok(()) | Err(Errno::EXIST) => open_dir(parent, name),
        Err(errno) => Err(errno.into()),
    }
}

/// Opens the directory that holds `path`, part by part, and gives the last part with it. Nothing is opened if the path
/// has one part only.
pub(super) fn open_parent(top: impl AsFd, path: &str) -> io::Result<(Option<Dir>, &str)> {
    let Some((parents, name)) = path.rsplit_once('/') else { return Ok((None, path)) };
    let mut parts = parents.split('/');
    let mut dir = open_dir(top, parts.next().unwrap_or_default())?;
    for part in parts {
        dir = open_dir(&dir, part)?;
    }
    Ok((Some(dir), name))
}

/// What is at `name`, itself.
pub(super) enum Found {
    Nothing,
    /// A symbolic link, with what it holds.
    Link(CString),
    Other,
}

/// Looks at `name` in `parent`.
pub(super) fn look(parent: impl AsFd, name: impl AsRef<OsStr>) -> io::Result<Found> {
    match rustix::fs::readlinkat(parent, name.as_ref(), Vec::new()) {
        Ok(text) => Ok(Found::Link(text)),
        Err(Errno::NOENT) => Ok(Found::Nothing),
        // readlink(2): the named file is not a symbolic link.
        Err(Errno::INVAL) => Ok(Found::Other),
        Err(errno) => Err(errno.into()),
    }
}

/// The names in `directory`, but for itself and its parent.
pub(super) fn names(directory: impl AsFd) -> io::Result<Vec<Vec<u8>>> {
    let mut names = Vec::new();
    for entry in Entries::read_from(directory)? {
        let name = entry?.file_name().to_bytes().to_vec();
        if name != b"." && name != b".." {
            names.push(name);
        }
    }
    Ok(names)
}

/// Removes the file, link or empty directory `name`; that it is gone already is fine.
fn unlink(parent: impl AsFd, name: &OsStr, flags: AtFlags) -> io::Result<()> {
    match rustix::fs::unlinkat(parent, name, flags) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// Removes the file or link `name`.
pub(super) fn remove(parent: impl AsFd, name: impl AsRef<OsStr>) -> io::Result<()> {
    unlink(parent, name.as_ref(), AtFlags::empty())
}

/// Removes the directory `name` with all that is below it.
///
/// It holds one handle however deep the tree is, for a path of 4,096 bytes has up to 2,048 parts. On its way up it
/// makes sure that it comes back to where it was: a directory that is moved elsewhere meanwhile is not followed.
pub(super) fn remove_tree(parent: impl AsFd, name: impl AsRef<OsStr>) -> io::Result<()> {
    let name = name.as_ref();
    let mut way: Vec<(u64, u64, Vec<u8>)> = Vec::new();
    let mut dir = match open_dir(&parent, name) {
        Ok(dir) => dir,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    loop {
        if let Some(below) = remove_files(&dir)? {
            let here = rustix::fs::fstat(&dir)?;
            dir = open_dir(&dir, OsStr::from_bytes(&below))?;
            way.push((here.st_dev, here.st_ino, below));
            continue;
        }
        let Some((device, inode, emptied)) = way.pop() else { break };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        dir = Dir(rustix::fs::openat(&dir, "..", flags, Mode::empty())?);
        let here = rustix::fs::fstat(&dir)?;
        if (here.st_dev, here.st_ino) != (device, inode) {
            return Err(io::Error::other("a directory was moved while it was removed"));
        }
        unlink(&dir, OsStr::from_bytes(&emptied), AtFlags::REMOVEDIR)?;
    }
    unlink(parent, name, AtFlags::REMOVEDIR)
}

/// Removes what is no directory, and gives the first directory that remains.
fn remove_files(dir: &Dir) -> io::Result<Option<Vec<u8>>> {
    let mut first = None;
    for name in names(dir)? {
        match rustix::fs::unlinkat(dir, OsStr::from_bytes(&name), AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(Errno::ISDIR) => first = first.or(Some(name)),
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(first)
}
