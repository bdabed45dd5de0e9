//! The directory that secrets go to, proven to be memory.
//!
//! ```text
//! path ── opened once ── statfs: tmpfs or ramfs? ── TmpfsDir ── rights ── room ── publish
//! ```
//!
//! What was proven is the open directory, never its name: all later work is relative to this handle, so that
//! nothing changes if the path is renamed, mounted over or replaced by a link meanwhile.

mod cgroup;
mod error;
mod mount;
mod rights;
mod room;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;
use sealkit_host::text::Escaped;

pub use error::TargetError;
pub use rights::Rights;
pub use room::{Cost, Place, Shortage};

use crate::spec::File;
use mount::Kind;

/// What the command line says about the target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TargetSettings {
    /// Takes a directory on any file system. For tests: what is written there outlives the pod and can be read from
    /// the disk.
    pub allow_disk: bool,
}

/// An open directory on tmpfs or ramfs, or on anything else that was allowed loudly. [`open`](Self::open) is the only
/// way to one.
#[derive(Debug)]
pub struct TmpfsDir {
    handle: OwnedFd,
    path: PathBuf,
    warnings: Vec<String>,
    /// The group that the kernel gives to new files: the directory's where it has setgid, else ours.
    group: u32,
    /// What content is kept in whole multiples of, in bytes.
    page: u64,
}

impl TmpfsDir {
    /// Opens `path`, and proves that it is a directory in memory in which we may make files.
    ///
    /// Symbolic links on the way to it are followed, as `/var/run` is one on many images. `path` itself must not be one:
    /// whoever can put a link there would choose where secrets go.
    ///
    /// # Errors
    /// If it is not there, no directory, a symbolic link, not on tmpfs or ramfs (unless `settings` allow that), on a
    /// read-only mount, or not ours to write to.
    pub fn open(path: &Path, settings: &TargetSettings) -> Result<Self, TargetError> {
        let handle = open(path)?;
        let path = path.to_owned();
        let kind = mount::kind(&handle).map_err(TargetError::failed("look at the file system of", &path))?;
        let mut warnings = Vec::new();
        match kind {
            Kind::Tmpfs | Kind::Ramfs => {}
            Kind::Other(_) if settings.allow_disk => warnings.push(format!(
                "{} is not in memory ({kind}): secrets written there stay on the disk; --allow-disk is for tests only",
                Escaped::new(&path)
            )),
            Kind::Other(_) => return Err(TargetError::NotMemory { path, found: kind.to_string() }),
        }
        writable(&handle, &path)?;
        if kind == Kind::Tmpfs && mount::may_be_swapped(&handle) && !cgroup::forbids_swap() {
            warnings.push(format!(
                "{} may be swapped to disk: swap is on and the mount lacks noswap; turn swap off on the node, or mount \
                 it with noswap (Linux 6.4)",
                Escaped::new(&path)
            ));
        }
        let found = rustix::fs::fstat(&handle).map_err(TargetError::failed("look at", &path))?;
        let inherits = Mode::from_raw_mode(found.st_mode).contains(Mode::SGID);
        let group = if inherits { found.st_gid } else { rustix::process::getegid().as_raw() };
        let page =
            rustix::fs::fstatvfs(&handle).map_err(TargetError::failed("look at the file system of", &path))?.f_frsize;
        Ok(Self { handle, path, warnings, group, page })
    }

    /// The path that was asked for, for messages only.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it was removed since: what is written to it is seen by nobody.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        rustix::fs::fstat(&self.handle).is_ok_and(|found| found.st_nlink == 0)
    }

    /// What whoever runs us should know: one line each, to be logged each time.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The group of files that name none.
    #[must_use]
    pub fn group(&self) -> u32 {
        self.group
    }

    /// The unit in which content takes room, in bytes.
    #[must_use]
    pub fn page(&self) -> u64 {
        self.page
    }

    /// Checks, before anything is fetched, that this process may give `files` the owners and groups they ask for.
    ///
    /// # Errors
    /// All files whose rights can't be given, in one error.
    pub fn check_rights<'a>(&self, files: impl IntoIterator<Item = &'a File>) -> Result<(), TargetError> {
        let refused = Rights::of_process().refuse(files);
        if refused.is_empty() { Ok(()) } else { Err(TargetError::Rights { refused }) }
    }

    /// Checks that there is room for `cost`: in the file system, and in the cgroup that its pages are charged to.
    ///
    /// # Errors
    /// What is short, and by how much.
    pub fn check_room(&self, cost: Cost) -> Result<(), TargetError> {
        room::check(&self.handle, cost).map_err(|shortage| TargetError::Room { path: self.path.clone(), shortage })
    }
}

impl AsFd for TmpfsDir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.handle.as_fd()
    }
}

fn open(path: &Path) -> Result<OwnedFd, TargetError> {
    // Without a trailing slash, which would have the kernel follow a link in spite of O_NOFOLLOW.
    let bare: PathBuf = path.components().collect();
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::open(&bare, flags, Mode::empty()).map_err(|errno| {
        let path = path.to_owned();
        match errno {
            Errno::NOENT => TargetError::Absent { path },
            Errno::NOTDIR | Errno::LOOP => {
                match rustix::fs::lstat(&bare).map(|found| FileType::from_raw_mode(found.st_mode)) {
                    Ok(FileType::Symlink) => TargetError::Link { path },
                    _ => TargetError::NotADirectory { path },
                }
            }
            errno => TargetError::Failed { action: "open", path, source: errno.into() },
        }
    })
}

fn writable(handle: &OwnedFd, path: &Path) -> Result<(), TargetError> {
    let wanted = Access::WRITE_OK | Access::EXEC_OK;
    let answer = match rustix::fs::accessat(handle, ".", wanted, AtFlags::EACCESS) {
        // faccessat2 came with Linux 5.8, and some sandboxes forbid it. Real and effective ids are equal in a container.
        Err(Errno::NOSYS | Errno::PERM) => rustix::fs::accessat(handle, ".", wanted, AtFlags::empty()),
        answer => answer,
    };
    answer.map_err(|errno| match errno {
        Errno::ACCESS | Errno::ROFS | Errno::PERM => TargetError::NotWritable {
            path: path.to_owned(),
            uid: rustix::process::geteuid().as_raw(),
            source: errno.into(),
        },
        errno => TargetError::Failed { action: "look at the rights of", path: path.to_owned(), source: errno.into() },
    })
}

#[cfg(test)]
mod tests;
