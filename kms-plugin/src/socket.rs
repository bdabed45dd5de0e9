//! The unix socket that kube-apiserver connects to: whoever may connect to it may decrypt every Secret.
//!
//! A socket appears under its path complete, with its owner, group and mode, or not at all: it is bound under a
//! temporary name in the same directory, given its rights, told to listen, and only then renamed. So there is never a
//! moment in which a wrong user could connect, and none in which a client finds nothing where an old socket was.
//!
//! What stands at the path already is never deleted unless it is a socket that nobody serves any more. A directory
//! in which others could exchange the socket is refused.
//!
//! ```text
//! SocketSettings ── bind_all ── Bound ── server::serve
//!                      │
//!                 Activated (LISTEN_FDS): sockets that systemd made
//! ```

mod accept;
mod activation;
mod directory;
mod error;
mod occupant;
mod publish;

use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use accept::Listener;
pub use accept::{PeerCredentials, SocketCounts};
pub use activation::Activated;
pub use error::{Occupant, SocketError};

use directory::Directory;
use publish::Published;

/// The mode of a socket unless another is configured: its owner only.
pub const DEFAULT_MODE: u32 = 0o600;

/// Where a socket is, whose it is, and who may use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketSettings {
    /// Its path; at most 107 bytes, the limit of unix sockets.
    pub path: PathBuf,
    /// The uid that owns it; unless given, the process' own.
    pub owner: Option<u32>,
    /// The group it belongs to; unless given, the process' own.
    pub group: Option<u32>,
    /// Its permission bits, whatever the umask is ([`DEFAULT_MODE`] unless configured).
    pub mode: u32,
    /// The uids whose connections are served; unless given, all that the permissions let through.
    pub allowed_uids: Option<Vec<u32>>,
}

impl SocketSettings {
    /// The socket at `path` with the default rights: 0600, and whoever they let through is served.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), owner: None, group: None, mode: DEFAULT_MODE, allowed_uids: None }
    }
}

/// A socket that listens. Dropping it removes it from its directory, if it is still the one that stands there.
#[derive(Debug)]
pub struct Bound {
    /// Of a socket that systemd made there is nothing to remove. Dropped first: a name is removed before its socket
    /// closes, so that a client finds no socket rather than a dead one.
    published: Option<Published>,
    listener: UnixListener,
    path: PathBuf,
    allowed_uids: Option<Vec<u32>>,
    counts: Arc<SocketCounts>,
}

impl Bound {
    /// Makes the socket. Needs no runtime; ends within 2 seconds whatever stands at the path.
    ///
    /// # Errors
    ///
    /// When the path is too long, its directory is not safe, something that is not a dead socket stands there, or the
    /// system refuses a step. Nothing is left behind then, and what stood there still does.
    pub fn bind(settings: &SocketSettings) -> Result<Self, SocketError> {
        let directory = Directory::of(&settings.path)?;
        let (listener, published) = publish::publish(directory, settings)?;
        Ok(Self::new(listener, settings, Some(published)))
    }

    fn new(listener: UnixListener, settings: &SocketSettings, published: Option<Published>) -> Self {
        Self {
            listener,
            path: settings.path.clone(),
            published,
            allowed_uids: settings.allowed_uids.clone(),
            counts: Arc::default(),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What happens at this socket, counted; they stay readable when the socket is served and gone.
    #[must_use]
    pub fn counts(&self) -> Arc<SocketCounts> {
        Arc::clone(&self.counts)
    }
}

/// Makes all sockets, or takes those that systemd made under the same path.
///
/// # Errors
///
/// Every socket that cannot be had, and every activated one that no settings name. The others are removed again.
pub fn bind_all(settings: &[SocketSettings], mut activated: Activated) -> Result<Vec<Bound>, Vec<SocketError>> {
    let mut bound = Vec::with_capacity(settings.len());
    let mut errors = Vec::new();
    for settings in settings {
        match activated.claim(&settings.path) {
            Some(listener) => {
                activation::warn_of_open_rights(settings);
                bound.push(Bound::new(listener, settings, None));
            }
            None => match Bound::bind(settings) {
                Ok(socket) => bound.push(socket),
                Err(error) => errors.push(error),
            },
        }
    }
    errors.extend(activated.unclaimed());
    if errors.is_empty() { Ok(bound) } else { Err(errors) }
}

#[cfg(test)]
mod tests;
