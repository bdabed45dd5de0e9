//! A generation before anybody sees it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd;
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, FileType, Gid, Mode, Uid};
use rustix::io::Errno;
use zeroize::Zeroizing;

use super::PublishError;
use super::current::Current;
use super::dir::{self, Dir, Found};
use super::layout::{DATA, Generation};
use super::manifest::Manifest;
use super::wanted::{Bytes, Item, Rights, Wanted};
use crate::target::TmpfsDir;

/// What others get on directories: files have rights of their own.
const OPEN: Mode = Mode::from_raw_mode(0o755);

/// A directory in the target that only we may enter.
pub(super) struct Draft<'a> {
    target: &'a TmpfsDir,
    generation: Generation,
    dir: Dir,
}

impl<'a> Draft<'a> {
    /// Makes an empty one, named after `now`.
    pub(super) fn begin(target: &'a TmpfsDir, now: SystemTime) -> Result<Self, PublishError> {
        // Two within one tick of a coarse clock, or a clock that was set back.
        const TRIES: u64 = 1000;
        let mut nanos = 0;
        loop {
            let generation = Generation::at(now + Duration::from_nanos(nanos));
            match dir::create_dir(target, generation.as_str()) {
                Ok(dir) => return Ok(Self { target, generation, dir }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && nanos < TRIES => nanos += 1,
                Err(error) => {
                    // It may have been made and not opened.
                    let path = target.path().join(generation.as_str());
                    if error.kind() != io::ErrorKind::AlreadyExists {
                        let _ = dir::remove_tree(target, generation.as_str());
                    }
                    return Err(PublishError::failed("make", path)(error));
                }
            }
        }
    }

    pub(super) fn generation(&self) -> &Generation {
        &self.generation
    }

    /// Whether `..data` names it.
    pub(super) fn is_current(&self) -> bool {
        matches!(dir::look(self.target, DATA), Ok(Found::Link(text)) if text.to_bytes() == self.generation.as_str().as_bytes())
    }

    /// As far as it can be: the error that is told is the one that led here, and the next run sweeps the rest.
    pub(super) fn discard(&self) {
        let _ = dir::remove_tree(self.target, self.generation.as_str());
    }

    /// Makes all files and the manifest, and then lets others in.
    pub(super) fn fill(&self, wanted: &Wanted<'_>, current: &Current, manifest: &[u8]) -> Result<(), PublishError> {
        let mut parent = Parent { path: String::new(), dir: None };
        let mut directories = BTreeSet::new();
        for item in wanted.items() {
            self.enter(&mut parent, &item.path, &mut directories)?;
            let into = parent.dir.as_ref().unwrap_or(&self.dir);
            let name = item.path.rsplit('/').next().unwrap_or(&item.path);
            make(into, name, item, current).map_err(PublishError::failed("write", self.path(&item.path)))?;
        }
        Manifest::write(&self.dir, manifest)
            .map_err(PublishError::failed("write", self.path(super::layout::MANIFEST)))?;
        for directory in &directories {
            self.open_up(directory).map_err(PublishError::failed("set the rights of", self.path(directory)))?;
        }
        open_to_others(&self.dir).map_err(PublishError::failed("set the rights of", self.path("")))
    }

    fn path(&self, below: &str) -> std::path::PathBuf {
        self.target.path().join(self.generation.as_str()).join(below)
    }

    /// Opens the directory of `path`, which is made if need be. Files come in the order of their paths, so that
    /// mostly it is open already.
    fn enter(&self, parent: &mut Parent, path: &str, made: &mut BTreeSet<String>) -> Result<(), PublishError> {
        let Some((wanted, _)) = path.rsplit_once('/') else {
            *parent = Parent { path: String::new(), dir: None };
            return Ok(());
        };
        if parent.path == wanted {
            return Ok(());
        }
        let mut dir: Option<Dir> = None;
        let mut end = 0;
        for part in wanted.split('/') {
            end += part.len();
            let opened = dir::open_or_create_dir(dir.as_ref().unwrap_or(&self.dir), part)
                .map_err(PublishError::failed("make", self.path(&wanted[..end])))?;
            made.insert(wanted[..end].to_owned());
            dir = Some(opened);
            end += 1;
        }
        *parent = Parent { path: wanted.to_owned(), dir };
        Ok(())
    }

    fn open_up(&self, directory: &str) -> io::Result<()> {
        let (parent, name) = dir::open_parent(&self.dir, directory)?;
        open_to_others(dir::open_dir(parent.as_ref().unwrap_or(&self.dir), name)?)
    }
}

/// The directory that the last file was made in; none for the draft itself.
struct Parent {
    path: String,
    dir: Option<Dir>,
}

/// Keeps setgid, which a directory inherits from the one it is made in: a plain 0755 would take it away. Where the kernel
/// takes it nevertheless, because the group is none of ours, the files inside have had their group from it already.
fn open_to_others(directory: impl AsFd) -> io::Result<()> {
    let inherited = Mode::from_raw_mode(rustix::fs::fstat(&directory)?.st_mode) & Mode::SGID;
    Ok(rustix::fs::fchmod(directory, OPEN | inherited)?)
}

fn make(into: &Dir, name: &str, item: &Item<'_>, current: &Current) -> io::Result<()> {
    let old = current.published().map(|(_, dir, _)| dir);
    match (&item.bytes, old) {
        (Bytes::New(bytes), _) | (Bytes::Same(bytes, _), None) => write(into, name, bytes, item.rights),
        (Bytes::Same(bytes, inode), Some(old)) => match share(old, &item.path, into, name)? {
            Some(shared) if shared == *inode => Ok(()),
            // Somebody exchanged the file that was compared.
            Some(_) => dir::remove(into, name).and_then(|()| write(into, name, bytes, item.rights)),
            None => write(into, name, bytes, item.rights),
        },
        (Bytes::Kept, Some(old)) => match share(old, &item.path, into, name)? {
            Some(_) => Ok(()),
            None => copy(old, into, name, item),
        },
        (Bytes::Kept, None) => Err(io::ErrorKind::NotFound.into()),
    }
}

/// Gives the file at `path` of the generation before a second name, `name` in `into`: it takes no memory. Nothing where
/// that can't be, and else its device and inode.
fn share(old: &Dir, path: &str, into: &Dir, name: &str) -> io::Result<Option<(u64, u64)>> {
    let (parent, old_name) = dir::open_parent(old, path)?;
    let parent = parent.as_ref().unwrap_or(old);
    match rustix::fs::linkat(parent, old_name, into, name, AtFlags::empty()) {
        Ok(()) => {}
        // Landlock before Linux 5.19; a file of another user (fs.protected_hardlinks); too many names.
        Err(Errno::XDEV | Errno::PERM | Errno::MLINK) => return Ok(None),
        Err(errno) => return Err(errno.into()),
    }
    let found = rustix::fs::statat(into, name, AtFlags::SYMLINK_NOFOLLOW)?;
    if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile {
        dir::remove(into, name)?;
        return Err(io::Error::other("it is no regular file"));
    }
    Ok(Some((found.st_dev, found.st_ino)))
}

fn write(into: &Dir, name: &str, bytes: &[u8], rights: Rights) -> io::Result<()> {
    let mut file = dir::create_file(into, name)?;
    file.write_all(bytes)?;
    set_rights(&file, rights)
}

fn copy(old: &Dir, into: &Dir, name: &str, item: &Item<'_>) -> io::Result<()> {
    let (parent, old_name) = dir::open_parent(old, &item.path)?;
    let (mut from, _) = dir::open_file(parent.as_ref().unwrap_or(old), old_name)?;
    let mut to = dir::create_file(into, name)?;
    let mut piece = Zeroizing::new([0; 4096]);
    loop {
        match from.read(&mut piece[..]) {
            Ok(0) => break,
            Ok(read) => to.write_all(&piece[..read])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    set_rights(&to, item.rights)
}

/// The mode first, whatever the umask is: who has given a file away may no longer change it.
fn set_rights(file: &File, rights: Rights) -> io::Result<()> {
    rustix::fs::fchmod(file, Mode::from_raw_mode(rights.mode))?;
    let found = rustix::fs::fstat(file)?;
    let uid = (found.st_uid != rights.uid).then(|| Uid::from_raw(rights.uid));
    let gid = (found.st_gid != rights.gid).then(|| Gid::from_raw(rights.gid));
    if uid.is_some() || gid.is_some() {
        rustix::fs::fchown(file, uid, gid)?;
    }
    Ok(())
}
