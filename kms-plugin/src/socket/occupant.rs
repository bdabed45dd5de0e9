//! What stands at a name in a directory, and whether a socket that stands there is served by anybody.

use std::ffi::OsString;

use rustix::fs::{AtFlags, FileType, Stat, statat};
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

/// What `name` is, itself: links are not followed.
pub(super) fn identity(directory: &Directory, name: &OsString) -> Result<Option<(Identity, FileType)>, Errno> {
    match statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some((stat.into(), FileType::from_raw_mode(stat.st_mode)))),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// The dead socket that stands at `name`, if anything does.
///
/// # Errors
///
/// When something else stands there.
pub(super) fn dead_socket(directory: &Directory, name: &OsString) -> Result<Option<Identity>, SocketError> {
    let path = directory.path.with_file_name(name);
    let found = identity(directory, name).map_err(|errno| SocketError::Step {
        path: path.clone(),
        step: "look at it",
        source: errno.into(),
    })?;
    let Some((identity, kind)) = found else { return Ok(None) };
    let occupant = match kind {
        FileType::Socket => {
            return if is_served(directory, name)? { Err(SocketError::Live { path }) } else { Ok(Some(identity)) };
        }
        FileType::RegularFile => Occupant::File,
        FileType::Directory => Occupant::Directory,
        FileType::Symlink => Occupant::Symlink,
        _ => Occupant::Other,
    };
    Err(SocketError::Occupied { path, occupant })
}

/// Whether a process has the socket at `name` open. Connecting without blocking tells at once, also when the peer
/// accepts nothing and its queue is full.
fn is_served(directory: &Directory, name: &OsString) -> Result<bool, SocketError> {
    let path = directory.path.with_file_name(name);
    let unclear = |errno: Errno| SocketError::Unclear { path: path.clone(), source: errno.into() };
    let socket =
        socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK, None)
            .map_err(unclear)?;
    let address = SocketAddrUnix::new(directory.address(name)).map_err(unclear)?;
    match connect(&socket, &address) {
        // Accepted or queued; queue full; a socket that takes datagrams.
        Ok(()) | Err(Errno::AGAIN | Errno::PROTOTYPE) => Ok(true),
        // Nobody has it open, or it went meanwhile.
        Err(Errno::CONNREFUSED | Errno::NOENT) => Ok(false),
        Err(errno) => Err(unclear(errno)),
    }
}
