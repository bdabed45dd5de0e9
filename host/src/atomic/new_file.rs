//! A file that is written before it has its name.

use std::fs::File;
use std::os::fd::{AsFd as _, AsRawFd as _};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, RenameFlags};
use rustix::io;

use super::temporary::{Names, Temporary, names};
use super::{AtomicError, Place};

/// What to do if the target exists when the new file is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// Leave it and fail, also if it appeared a moment ago.
    Refuse,
    /// Put the new file in its place.
    Replace,
}

/// A file being written. Dropped without [`commit`](Self::commit), it was never there.
#[derive(Debug)]
pub struct NewFile {
    file: File,
    place: Place,
    /// The name it has meanwhile, where it can't be without one.
    temporary: Option<Temporary>,
}

impl NewFile {
    /// Makes an empty file for `place`, in the same directory and so on the same file system.
    ///
    /// # Errors
    /// If the directory can't be written to.
    pub fn create(place: Place) -> Result<Self, AtomicError> {
        match Self::unnamed(&place) {
            Ok(Some(file)) => Self::with(file, None, place),
            Ok(None) => Self::create_named(place),
            Err(errno) => Err(AtomicError::failed("create", &place.path)(errno)),
        }
    }

    /// As [`create`](Self::create) where a file can't be without a name.
    pub(crate) fn create_named(place: Place) -> Result<Self, AtomicError> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let (temporary, file) = Temporary::make(&mut names(), &place.directory, |name| {
            rustix::fs::openat(&place.directory, name, flags, owner_only())
        })
        .map_err(AtomicError::failed("create", &place.path))?;
        Self::with(file.into(), Some(temporary), place)
    }

    fn with(file: File, temporary: Option<Temporary>, place: Place) -> Result<Self, AtomicError> {
        let new = Self { file, place, temporary };
        // Not left to the umask, which may be stricter than what was promised, down to nothing.
        rustix::fs::fchmod(&new.file, new.place.mode())
            .map_err(AtomicError::failed("set the mode of", &new.place.path))?;
        Ok(new)
    }

    /// A file without a name, if this file system has such and it could be given one later.
    fn unnamed(place: &Place) -> io::Result<Option<File>> {
        let flags = OFlags::RDWR | OFlags::TMPFILE | OFlags::CLOEXEC;
        match rustix::fs::openat(&place.directory, ".", flags, owner_only()) {
            Ok(file) => {
                let file = File::from(file);
                let nameable = rustix::fs::statat(CWD, own_path(&file), AtFlags::SYMLINK_NOFOLLOW).is_ok();
                Ok(nameable.then_some(file))
            }
            // open(2): the file system has none; the kernel knows none (it sees a directory opened for writing).
            // Some network and FUSE file systems answer EINVAL or ENOSYS.
            Err(io::Errno::OPNOTSUPP | io::Errno::ISDIR | io::Errno::INVAL | io::Errno::NOSYS) => Ok(None),
            // The oldest kernels say this; if the directory is really gone, the named file finds out.
            Err(io::Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    /// For writing, also at positions.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Where it will be.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Syncs the file, gives it its name and syncs the directory.
    ///
    /// # Errors
    /// [`AtomicError::Exists`] if it does and `overwrite` says [`Overwrite::Refuse`]; otherwise what the operating
    /// system refused. In all cases but [`AtomicError::NotDurable`] the target is as it was and the new file is gone.
    pub fn commit(mut self, overwrite: Overwrite) -> Result<(), AtomicError> {
        if overwrite == Overwrite::Refuse && self.place.is_link() {
            return Err(AtomicError::Exists { path: self.place.path.clone() });
        }
        self.file.sync_all().map_err(AtomicError::failed("sync", &self.place.path))?;
        self.name(&mut names(), overwrite).map_err(|errno| match errno {
            io::Errno::EXIST => AtomicError::Exists { path: self.place.path.clone() },
            errno => AtomicError::failed("put in place", &self.place.path)(errno),
        })?;
        self.sync_directory()
            .map_err(|errno| AtomicError::NotDurable { path: self.place.path.clone(), source: errno.into() })
    }

    fn name(&mut self, names: &mut Names, overwrite: Overwrite) -> io::Result<()> {
        let Some(temporary) = self.temporary.take() else {
            return self.name_unnamed(names, overwrite);
        };
        let named = match overwrite {
            Overwrite::Refuse => self.rename_if_free(&temporary),
            Overwrite::Replace => self.rename(&temporary),
        };
        match named {
            Ok(()) => temporary.forget(names),
            Err(_) => temporary.remove(names),
        }
        named
    }

    fn name_unnamed(&self, names: &mut Names, overwrite: Overwrite) -> io::Result<()> {
        match self.link(&self.place.name) {
            Err(io::Errno::EXIST) if overwrite == Overwrite::Replace => {}
            linked => return linked,
        }
        let (temporary, ()) = Temporary::make(names, &self.place.directory, |name| self.link(name))
            .map_err(|error| io::Errno::from_io_error(&error).unwrap_or(io::Errno::IO))?;
        let renamed = self.rename(&temporary);
        match renamed {
            Ok(()) => temporary.forget(names),
            Err(_) => temporary.remove(names),
        }
        renamed
    }

    /// Gives the file without a name one that is free (open(2), `O_TMPFILE`). `AT_EMPTY_PATH` would need a capability
    /// on most kernels.
    fn link(&self, name: &std::ffi::OsStr) -> io::Result<()> {
        rustix::fs::linkat(CWD, own_path(&self.file), &self.place.directory, name, AtFlags::SYMLINK_FOLLOW)
    }

    fn rename(&self, temporary: &Temporary) -> io::Result<()> {
        let directory = self.place.directory.as_fd();
        rustix::fs::renameat(directory, temporary.name(), directory, &self.place.name)
    }

    fn rename_if_free(&self, temporary: &Temporary) -> io::Result<()> {
        let directory = self.place.directory.as_fd();
        let (from, to) = (temporary.name(), &self.place.name);
        match rustix::fs::renameat_with(directory, from, directory, to, RenameFlags::NOREPLACE) {
            // NFS can't, but has hard links, which refuse an existing name as well.
            Err(io::Errno::INVAL | io::Errno::NOSYS | io::Errno::OPNOTSUPP) => {
                rustix::fs::linkat(directory, from, directory, to, AtFlags::empty())?;
                rustix::fs::unlinkat(directory, from, AtFlags::empty())
            }
            renamed => renamed,
        }
    }

    fn sync_directory(&self) -> io::Result<()> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        match rustix::fs::openat(&self.place.directory, ".", flags, Mode::empty()) {
            Ok(directory) => match rustix::fs::fsync(directory) {
                // Not every file system has something to sync here.
                Err(io::Errno::INVAL) => Ok(()),
                synced => synced,
            },
            // A directory that may be written but not read: sync all of its file system.
            Err(io::Errno::ACCESS) => rustix::fs::syncfs(&self.file),
            Err(errno) => Err(errno),
        }
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if let Some(temporary) = self.temporary.take() {
            temporary.remove(&mut names());
        }
    }
}

fn owner_only() -> Mode {
    Mode::RUSR | Mode::WUSR
}

/// A path that means the open file itself. Usable too when the process is not dumpable: its own threads may
/// always look into `/proc/self/fd`.
fn own_path(file: &File) -> String {
    format!("/proc/self/fd/{}", file.as_raw_fd())
}
