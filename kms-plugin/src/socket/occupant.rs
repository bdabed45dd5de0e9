//! What stands at a name in a directory, and whether a socket that stands there is served by anybody.

use std::ffi::OsStr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, fstat, openat, statat};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

use super::directory::Directory;
use super::{Occupant, SocketError};

/// One file of a system: device and inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
}

impl From<Stat> for Identity {
    fn from(stat: Stat) -> Self {
        Self { device: stat.st_dev, inode: stat.st_ino }
    }
}

/// A socket that nobody serves. It is held, so that no other file can come to have its inode.
#[derive(Debug)]
pub(super) struct Dead {
    identity: Identity,
    _file: OwnedFd,
}

impl Dead {
    pub(super) fn identity(&self) -> Identity {
        self.identity
    }
}

/// Which file `name` is, itself: links are not followed.
pub(super) fn identity(directory: &Directory, name: &OsStr) -> Result<Option<Identity>, Errno> {
    match statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat.into())),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// The dead socket that stands at `name`, if anything does.
///
/// # Errors
///
/// When something else stands there.
pub(super) fn dead_socket(directory: &Directory, name: &OsStr) -> Result<Option<Dead>, SocketError> {
    let path = directory.path.with_file_name(name);
    let failed = |errno: Errno| SocketError::Step { path: path.clone(), step: "look at it", source: errno.into() };
    let file = match openat(directory, name, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty()) {
        Ok(file) => file,
        Err(Errno::NOENT) => return Ok(None),
        Err(errno) => return Err(failed(errno)),
    };
    let stat = fstat(&file).map_err(failed)?;
    let occupant = match FileType::from_raw_mode(stat.st_mode) {
        FileType::Socket if is_served(&file, &path)? => return Err(SocketError::Live { path }),
        FileType::Socket => return Ok(Some(Dead { identity: stat.into(), _file: file })),
        FileType::RegularFile => Occupant::File,
        FileType::Directory => Occupant::Directory,
        FileType::Symlink => Occupant::Symlink,
        _ => Occupant::Other,
    };
    Err(SocketError::Occupied { path, occupant })
}

/// Whether a process has this socket open. Connecting without blocking tells at once, also when the peer accepts
/// nothing and its queue is full.
fn is_served(file: &OwnedFd, path: &Path) -> Result<bool, SocketError> {
    let unclear = |errno: Errno| SocketError::Unclear { path: path.into(), source: errno.into() };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).map_err(unclear)?;
    let address = SocketAddrUnix::new(format!("/proc/self/fd/{}", file.as_raw_fd())).map_err(unclear)?;
    match connect(&socket, &address) {
        // Accepted or queued; queue full; a socket that takes datagrams.
        Ok(()) | Err(Errno::AGAIN | Errno::PROTOTYPE) => Ok(true),
        Err(Errno::CONNREFUSED) => Ok(false),
        Err(errno) => Err(unclear(errno)),
    }
}
