//! The directory that a socket stands in: opened once, so that all steps happen in the same one, and safe from other
//! users.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, Mode, OFlags, flock, open};
use rustix::io::Errno;
use rustix::process::geteuid;

use super::SocketError;

/// The longest path in a `sockaddr_un`: 108 bytes with the zero at the end.
const LONGEST_PATH: usize = 107;
/// How long the lock of another plugin in the same directory is waited for: it holds it for milliseconds.
const LOCK_WAIT: Duration = Duration::from_secs(1);
/// As many symbolic links as Linux follows.
const MOST_LINKS: u32 = 40;

/// The name under which a socket is made, in every directory. It is always the same one: who makes a socket has locked
/// the directory, so whatever stands under this name then was left behind by a process that was killed.
pub(super) const TEMPORARY: &str = ".seal-kms-plugin.new";

/// A directory that only root and we can change, and the name of the socket in it.
#[derive(Debug)]
pub(super) struct Directory {
    fd: OwnedFd,
    pub(super) name: OsString,
    pub(super) path: PathBuf,
}

/// Held while a name in the directory is judged and changed, so that two plugins never do so at once. The kernel
/// releases it when the process dies, and it leaves no file behind.
#[derive(Debug)]
pub(super) struct Locked(OwnedFd);

impl Directory {
    /// Opens the directory of the socket at `path` once it is found to be safe.
    pub(super) fn of(path: &Path) -> Result<Self, SocketError> {
        let bytes = path.as_os_str().as_bytes();
        if bytes.len() > LONGEST_PATH {
            return Err(SocketError::PathTooLong { path: path.into(), bytes: bytes.len() });
        }
        // `file_name` also takes "dir/name/" and "dir/name/.": a client connecting to those finds no socket.
        let name = match path.file_name() {
            Some(name) if bytes.ends_with(name.as_bytes()) => name.to_os_string(),
            _ => return Err(SocketError::NoFileName { path: path.into() }),
        };
        let parent = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let unopened = |source: io::Error| SocketError::Directory { path: path.into(), source };
        let fd = open(parent, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
            .map_err(|errno| unopened(errno.into()))?;
        Self::judge_way(path, &std::path::absolute(parent).map_err(unopened)?, MOST_LINKS)?;
        Ok(Self { fd, name, path: path.into() })
    }

    /// Judges every directory and link on the way to `directory`: whoever can exchange one of them can exchange the
    /// socket.
    fn judge_way(socket: &Path, directory: &Path, links: u32) -> Result<(), SocketError> {
        let unopened = |source: io::Error| SocketError::Directory { path: socket.into(), source };
        if links == 0 {
            return Err(unopened(Errno::LOOP.into()));
        }
        let us = geteuid().as_raw();
        let mut way = PathBuf::new();
        for component in directory.components() {
            if component == Component::CurDir {
                continue;
            }
            let above = way.clone();
            way.push(component);
            let found = fs::symlink_metadata(&way).map_err(unopened)?;
            if found.uid() != 0 && found.uid() != us {
                return Err(SocketError::DirectoryOwner { path: socket.into(), directory: way, uid: found.uid() });
            }
            if found.is_symlink() {
                let target = fs::read_link(&way).map_err(unopened)?;
                Self::judge_way(socket, &above.join(target), links - 1)?;
            } else if found.mode() & 0o1002 == 0o002 {
                let mode = found.mode() & 0o7777;
                return Err(SocketError::DirectoryWritable { path: socket.into(), directory: way, mode });
            }
        }
        Ok(())
    }

    /// Locks the directory against other plugins.
    pub(super) fn lock(&self) -> Result<Locked, SocketError> {
        let failed = |errno: Errno| SocketError::Step {
            path: self.path.clone(),
            step: "lock its directory",
            source: errno.into(),
        };
        // Opened anew: a lock belongs to the open file, and a second one of ours would share it.
        let fd = rustix::fs::openat(&self.fd, ".", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
            .map_err(failed)?;
        let end = Instant::now() + LOCK_WAIT;
        loop {
            match flock(&fd, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Locked(fd)),
                Err(Errno::WOULDBLOCK) if Instant::now() < end => thread::sleep(Duration::from_millis(10)),
                Err(Errno::WOULDBLOCK) => return Err(SocketError::DirectoryLocked { path: self.path.clone() }),
                Err(errno) => return Err(failed(errno)),
            }
        }
    }

    /// The address of [`TEMPORARY`] in exactly this directory, short enough for a socket whatever that is called.
    pub(super) fn temporary_address(&self) -> String {
        format!("/proc/self/fd/{}/{TEMPORARY}", self.fd.as_raw_fd())
    }
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        // Closing would do it too, but a child forked meanwhile holds a copy of the descriptor until it execs.
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}
