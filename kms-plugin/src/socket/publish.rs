//! Making a socket appear at its path, complete, and making it disappear.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::Path;

use rustix::fs::{AtFlags, Mode, RenameFlags, chmodat, chownat, fchmod, renameat, renameat_with, unlinkat};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen, socket_with};
use rustix::process::{Gid, Uid};

use super::directory::{Directory, TEMPORARY};
use super::occupant::{Dead, Identity, dead_socket, identity};
use super::{SocketError, SocketSettings};

/// Connections that wait to be accepted; more find the socket busy and try again.
const BACKLOG: i32 = 128;

/// A socket of ours in its directory, which is unlinked when this is dropped, if it is still the one there. Drop it
/// before the socket itself: while that is open, no other file can have its inode.
#[derive(Debug)]
pub(super) struct Published {
    directory: Directory,
    identity: Identity,
}

/// Makes the socket of `settings` in `directory`.
pub(super) fn publish(
    directory: Directory,
    settings: &SocketSettings,
) -> Result<(UnixListener, Published), SocketError> {
    let _lock = directory.lock()?;
    let old = dead_socket(&directory, &directory.name)?;
    let failed =
        |step| move |errno: Errno| SocketError::Step { path: settings.path.clone(), step, source: errno.into() };
    if dead_socket(&directory, OsStr::new(TEMPORARY))?.is_some() {
        unlinkat(&directory, TEMPORARY, AtFlags::empty()).map_err(failed("remove an unfinished socket"))?;
    }

    let socket = bind_temporarily(&directory, settings)?;
    let finished = finish(&directory, settings, &socket).and_then(|identity| {
        replace(&directory, old.as_ref(), settings)?;
        Ok(identity)
    });
    match finished {
        Ok(identity) => Ok((UnixListener::from(socket), Published { directory, identity })),
        Err(error) => {
            let _ = unlinkat(&directory, TEMPORARY, AtFlags::empty());
            Err(error)
        }
    }
}

/// A socket bound under [`TEMPORARY`], to which nobody can connect yet.
fn bind_temporarily(directory: &Directory, settings: &SocketSettings) -> Result<OwnedFd, SocketError> {
    let failed =
        |step| move |errno: Errno| SocketError::Step { path: settings.path.clone(), step, source: errno.into() };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).map_err(failed("make a socket"))?;
    // Linux takes the mode of the file from the descriptor's, less the umask: so it never has more rights than asked.
    fchmod(&socket, Mode::from_raw_mode(settings.mode)).map_err(failed("set the mode"))?;
    let address = SocketAddrUnix::new(directory.temporary_address()).map_err(failed("address its directory"))?;
    bind(&socket, &address).map_err(failed("bind it in its directory (this needs /proc)"))?;
    Ok(socket)
}

/// Gives the socket its rights and lets it listen.
fn finish(directory: &Directory, settings: &SocketSettings, socket: &OwnedFd) -> Result<Identity, SocketError> {
    let failed =
        |step| move |errno: Errno| SocketError::Step { path: settings.path.clone(), step, source: errno.into() };
    if settings.owner.is_some() || settings.group.is_some() {
        let (owner, group) = (settings.owner.map(Uid::from_raw), settings.group.map(Gid::from_raw));
        chownat(directory, TEMPORARY, owner, group, AtFlags::SYMLINK_NOFOLLOW).map_err(|errno| SocketError::Chown {
            path: settings.path.clone(),
            wanted: wanted(settings),
            source: errno.into(),
        })?;
    }
    chmodat(directory, TEMPORARY, Mode::from_raw_mode(settings.mode), AtFlags::empty())
        .map_err(failed("set the mode"))?;
    listen(socket, BACKLOG).map_err(failed("listen"))?;
    match identity(directory, OsStr::new(TEMPORARY)).map_err(failed("look at it"))? {
        Some(identity) => Ok(identity),
        None => Err(failed("look at it")(Errno::NOENT)),
    }
}

fn wanted(settings: &SocketSettings) -> String {
    let owner = settings.owner.map(|uid| format!("uid {uid}"));
    let group = settings.group.map(|gid| format!("gid {gid}"));
    [owner, group].into_iter().flatten().collect::<Vec<_>>().join(" and ")
}

/// Puts the socket in the place of `old`, the dead one that was found there, or of nothing: if anything else came to
/// stand there since, that stays.
fn replace(directory: &Directory, old: Option<&Dead>, settings: &SocketSettings) -> Result<(), SocketError> {
    let failed = |errno: Errno| SocketError::Step {
        path: settings.path.clone(),
        step: "rename it into place",
        source: errno.into(),
    };
    let name = &directory.name;
    let flags = if old.is_some() { RenameFlags::EXCHANGE } else { RenameFlags::NOREPLACE };
    match renameat_with(directory, TEMPORARY, directory, name, flags) {
        Ok(()) if old.is_none() => Ok(()),
        Ok(()) => {
            if identity(directory, OsStr::new(TEMPORARY)).map_err(failed)? == old.map(Dead::identity) {
                return unlinkat(directory, TEMPORARY, AtFlags::empty()).map_err(failed);
            }
            renameat_with(directory, TEMPORARY, directory, name, RenameFlags::EXCHANGE).map_err(failed)?;
            Err(changed(&settings.path))
        }
        // A file system without these flags (NFS, some FUSE): looking again just before is the best there is.
        Err(Errno::INVAL | Errno::NOSYS) => {
            if dead_socket(directory, name)?.as_ref().map(Dead::identity) != old.map(Dead::identity) {
                return Err(changed(&settings.path));
            }
            renameat(directory, TEMPORARY, directory, name).map_err(failed)
        }
        Err(Errno::EXIST | Errno::NOENT) => Err(changed(&settings.path)),
        Err(errno) => Err(failed(errno)),
    }
}

/// Another process, which does not lock the directory as ours do, put something at the path in the same moment.
fn changed(path: &Path) -> SocketError {
    SocketError::Changed { path: path.into() }
}

impl Drop for Published {
    fn drop(&mut self) {
        let Ok(_lock) = self.directory.lock() else { return };
        let ours = identity(&self.directory, &self.directory.name).ok().flatten();
        if ours == Some(self.identity) {
            let _ = unlinkat(&self.directory, &self.directory.name, AtFlags::empty());
        }
    }
}
