//! Taking connections, from those who may connect.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};

use super::{Bound, Published};
use crate::quiet::Quiet;

/// The pause after the system refused to accept (no descriptors left, as a rule), so that it isn't asked in a loop.
const PAUSE: Duration = Duration::from_millis(100);

/// Who is at the other end of a connection, as the kernel says (`SO_PEERCRED`): the user it had when it connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerCredentials {
    /// Its user.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its process, where the kernel can name it in this one's pid namespace.
    pub pid: Option<i32>,
}

/// What happened at one socket since the start.
#[derive(Debug, Default)]
pub struct SocketCounts {
    accepted: AtomicU64,
    refused: AtomicU64,
    surplus: AtomicU64,
    failed: AtomicU64,
}

impl SocketCounts {
    /// Connections that were accepted.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Connections that were closed because their uid is not on the list.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Connections that were closed because there were as many as are served at once.
    #[must_use]
    pub fn surplus(&self) -> u64 {
        self.surplus.load(Ordering::Relaxed)
    }

    /// Times that the system refused to accept a connection.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    pub(crate) fn count_surplus(&self) {
        self.surplus.fetch_add(1, Ordering::Relaxed);
    }
}

/// A bound socket on a runtime.
#[derive(Debug)]
pub(crate) struct Listener {
    /// Kept for its end, and dropped first: it removes the socket from its directory.
    _published: Option<Published>,
    listener: UnixListener,
    path: PathBuf,
    allowed_uids: Option<Vec<u32>>,
    counts: Arc<SocketCounts>,
    refusals: Quiet,
    failures: Quiet,
}

impl Listener {
    /// Hands the socket to the runtime that this is called on.
    pub(crate) fn new(bound: Bound) -> io::Result<Self> {
        let Bound { listener, path, published, allowed_uids, counts } = bound;
        let listener = UnixListener::from_std(listener)?;
        let (refusals, failures) = (Quiet::default(), Quiet::default());
        Ok(Self { listener, path, allowed_uids, counts, refusals, failures, _published: published })
    }

    /// The next connection of somebody who is allowed. Others are closed and counted; a system that refuses is asked
    /// again. May be dropped at any time without losing a connection that it would have returned.
    pub(crate) async fn accept(&self) -> (UnixStream, PeerCredentials) {
        loop {
            match self.listener.accept().await.and_then(|(stream, _)| Ok((credentials(&stream)?, stream))) {
                Ok((peer, stream)) if self.allows(peer.uid) => {
                    self.counts.accepted.fetch_add(1, Ordering::Relaxed);
                    return (stream, peer);
                }
                Ok((peer, _)) => {
                    self.counts.refused.fetch_add(1, Ordering::Relaxed);
                    if let Some(left_out) = self.refusals.room() {
                        tracing::warn!(
                            socket = %self.path.display(), uid = peer.uid, pid = peer.pid, left_out,
                            "connection refused: its uid is not on the socket's list"
                        );
                    }
                }
                Err(error) => {
                    self.counts.failed.fetch_add(1, Ordering::Relaxed);
                    if let Some(left_out) = self.failures.room() {
                        tracing::warn!(socket = %self.path.display(), %error, left_out, "cannot accept a connection");
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    fn allows(&self, uid: u32) -> bool {
        self.allowed_uids.as_ref().is_none_or(|allowed| allowed.contains(&uid))
    }
}

fn credentials(stream: &UnixStream) -> io::Result<PeerCredentials> {
    let peer = stream.peer_cred()?;
    Ok(PeerCredentials { uid: peer.uid(), gid: peer.gid(), pid: peer.pid() })
}
