//! What a path names, decided before anything is written.

use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Mode, OFlags};

use super::AtomicError;

/// How output reaches a path.
#[derive(Debug)]
pub enum Target {
    /// A regular file, present or not: made anew, then named.
    File(Place),
    /// A device, FIFO or socket: written as it is.
    Stream(Stream),
}

/// Where a regular file is or will be, its directory held open: renaming the directory changes nothing.
#[derive(Debug)]
pub struct Place {
    pub(super) path: PathBuf,
    pub(super) directory: Arc<OwnedFd>,
    pub(super) name: OsString,
    existing: Option<u32>,
    is_link: bool,
}

/// A device, FIFO or socket.
#[derive(Debug)]
pub struct Stream {
    path: PathBuf,
}

impl Target {
    /// Looks at `path`, and changes nothing.
    ///
    /// # Errors
    /// If it is a directory or a symbolic link of somebody else's in a sticky directory, or if its own directory
    /// does not exist or can't be searched.
    pub fn classify(path: &Path) -> Result<Self, AtomicError> {
        let real = follow_links(path)?;
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => Err(AtomicError::IsADirectory { path: path.to_owned() }),
            Ok(metadata) if !metadata.is_file() => Ok(Self::Stream(Stream { path: path.to_owned() })),
            Ok(metadata) => Place::new(path, real, Some(metadata.mode())).map(Self::File),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Place::new(path, real, None).map(Self::File),
            Err(error) => Err(AtomicError::failed("look at", path)(error)),
        }
    }
}

impl Place {
    fn new(path: &Path, real: PathBuf, existing: Option<u32>) -> Result<Self, AtomicError> {
        let ends_as_directory = [&b"/"[..], b"/."].iter().any(|end| real.as_os_str().as_bytes().ends_with(end));
        let (Some(name), false) = (real.file_name(), ends_as_directory) else {
            return Err(AtomicError::IsADirectory { path: path.to_owned() });
        };
        let parent = parent(&real);
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = rustix::fs::open(parent, flags, Mode::empty())
            .map_err(AtomicError::failed("open the directory", parent))?;
        Ok(Self {
            directory: Arc::new(directory),
            name: name.to_owned(),
            existing,
            is_link: real != path,
            path: path.to_owned(),
        })
    }

    /// The path that was asked for.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether something has that name already, if only a link to nothing. [`NewFile::commit`] finds out again; this
    /// is for saying so before the work rather than after it.
    ///
    /// [`NewFile::commit`]: super::NewFile::commit
    #[must_use]
    pub fn is_taken(&self) -> bool {
        self.existing.is_some() || self.is_link
    }

    /// What is the same for two places that are one, however their paths are written: device and inode of the directory,
    /// and the name in it.
    ///
    /// # Errors
    /// If the directory can't be looked at.
    pub fn identity(&self) -> io::Result<(u64, u64, OsString)> {
        let found = rustix::fs::fstat(&self.directory)?;
        Ok((found.st_dev, found.st_ino, self.name.clone()))
    }

    /// Whether the path is a symbolic link, and so is never made by giving a new file that name.
    #[must_use]
    pub fn is_link(&self) -> bool {
        self.is_link
    }

    /// Permissions of the new file: the owner's alone, and never more than the file it replaces gave.
    pub(super) fn mode(&self) -> Mode {
        Mode::from_raw_mode(0o600 & self.existing.unwrap_or(0o600))
    }
}

impl Stream {
    /// Opens it for writing. A FIFO waits for its reader, as it does for `cat`.
    ///
    /// # Errors
    /// If it can't be opened, or has become something else since it was looked at.
    pub fn open(&self) -> Result<File, AtomicError> {
        self.open_with(OFlags::empty())
    }

    /// The same, but a FIFO that nobody reads is an error, and writing to one that is full is `WouldBlock`: for who can't
    /// wait for ever.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_without_waiting(&self) -> Result<File, AtomicError> {
        self.open_with(OFlags::NONBLOCK)
    }

    fn open_with(&self, more: OFlags) -> Result<File, AtomicError> {
        let flags = OFlags::WRONLY | OFlags::NOCTTY | OFlags::CLOEXEC | more;
        let file =
            rustix::fs::open(&self.path, flags, Mode::empty()).map_err(AtomicError::failed("open", &self.path))?;
        let file = File::from(file);
        let metadata = file.metadata().map_err(AtomicError::failed("look at", &self.path))?;
        if is_stream(&metadata) {
            Ok(file)
        } else {
            Err(AtomicError::failed("open", &self.path)(io::Error::other("it is no longer a device or FIFO")))
        }
    }
}

fn is_stream(metadata: &Metadata) -> bool {
    let kind = metadata.file_type();
    kind.is_fifo() || kind.is_char_device() || kind.is_block_device() || kind.is_socket()
}

/// The path at the end of the symbolic links that `path` starts, also if nothing is there.
///
/// Only the last component is followed here; the kernel follows the others when the directory is opened.
fn follow_links(path: &Path) -> Result<PathBuf, AtomicError> {
    // As many as the kernel follows (MAXSYMLINKS, path_resolution(7)).
    const MOST: usize = 40;
    let mut real = path.to_owned();
    for _ in 0..MOST {
        match fs::symlink_metadata(&real) {
            Ok(metadata) if metadata.is_symlink() => {
                refuse_foreign_link(&real, &metadata)?;
                let next = fs::read_link(&real).map_err(AtomicError::failed("follow", &real))?;
                real = parent(&real).join(next);
            }
            // Whatever is wrong with a name that can't be looked at is found again by whoever opens it.
            _ => return Ok(real),
        }
    }
    Err(AtomicError::failed("follow", path)(rustix::io::Errno::LOOP))
}

/// What the kernel does with `fs.protected_symlinks` (proc(5)), also where that is off.
fn refuse_foreign_link(link: &Path, metadata: &Metadata) -> Result<(), AtomicError> {
    const STICKY_AND_OPEN: u32 = 0o1002;
    let directory = parent(link);
    let around = fs::metadata(directory).map_err(AtomicError::failed("look at", directory))?;
    let owner = metadata.uid();
    let foreign = owner != rustix::process::geteuid().as_raw() && owner != around.uid();
    if around.mode() & STICKY_AND_OPEN == STICKY_AND_OPEN && foreign {
        return Err(AtomicError::ForeignLink { path: link.to_owned(), owner });
    }
    Ok(())
}

/// The directory of `path`: `.` for a bare name.
fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
