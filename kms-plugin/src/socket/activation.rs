//! Sockets that systemd made and passes on: `LISTEN_FDS` of `sd_listen_fds(3)`.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use listenfd::ListenFd;

use super::{SocketError, SocketSettings};

/// The sockets that systemd passed. Their rights are those of its socket unit, and their paths are never unlinked.
#[derive(Debug, Default)]
pub struct Activated {
    listeners: Vec<(PathBuf, UnixListener)>,
}

impl Activated {
    /// Takes them from the environment; none, if this process was started without any.
    ///
    /// It removes the variables, so that no child takes the sockets for its own: call it first of all, before there is
    /// a second thread.
    ///
    /// # Errors
    ///
    /// Each descriptor that is no listening unix stream socket with a path.
    pub fn from_env() -> Result<Self, Vec<SocketError>> {
        let mut passed = ListenFd::from_env();
        let mut listeners = Vec::new();
        let mut errors = Vec::new();
        for index in 0..passed.len() {
            match passed.take_unix_listener(index).ok().flatten().and_then(named) {
                Some(listener) => listeners.push(listener),
                None => errors.push(SocketError::NotAListener { index }),
            }
        }
        if errors.is_empty() { Ok(Self { listeners }) } else { Err(errors) }
    }

    /// The socket at `path`, once.
    pub(super) fn claim(&mut self, path: &Path) -> Option<UnixListener> {
        let place = self.listeners.iter().position(|(passed, _)| same_place(passed, path))?;
        Some(self.listeners.swap_remove(place).1)
    }

    /// What nobody claimed, as errors.
    pub(super) fn unclaimed(self) -> impl Iterator<Item = SocketError> {
        self.listeners.into_iter().map(|(path, _)| SocketError::Unclaimed { path })
    }
}

/// Its rights are systemd's to give, and its default is that everybody may connect: then it is worth a word.
pub(super) fn warn_of_open_rights(settings: &SocketSettings) {
    let mode = fs::metadata(&settings.path).map_or(0, |found| found.mode() & 0o7777);
    if mode & 0o002 != 0 && settings.allowed_uids.is_none() {
        tracing::warn!(
            socket = %settings.path.display(), mode = format_args!("{mode:04o}"),
            "every user of the machine may connect, and so decrypt: set SocketMode=0600 in the socket unit"
        );
    }
}

fn named(listener: UnixListener) -> Option<(PathBuf, UnixListener)> {
    let path = listener.local_addr().ok()?.as_pathname()?.to_path_buf();
    listener.set_nonblocking(true).ok()?;
    Some((path, listener))
}

/// Whether both name one file, `/var/run` being a link to `/run` as a rule.
fn same_place(one: &Path, other: &Path) -> bool {
    let resolved = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    one == other || resolved(one) == resolved(other)
}
