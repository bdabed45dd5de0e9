//! The gRPC server on one socket: HTTP/2, both services of Kubernetes, a deadline for each call.
//!
//! ```text
//! Bound ── accept ── authority adapter ── HTTP/2 (hyper) ── call: deadline, peer ── v1beta1 or v2, by path
//! ```
//!
//! It stands on hyper and on the services that tonic generates. tonic's own server lacks what is needed here: it never
//! ends a drain that a client holds up, its timeout answers Cancelled, and it waits for ever for a client that connects
//! and says nothing.
//!
//! What a handler finds in its request's extensions: a [`Deadline`], after which its answer comes too late, and the
//! [`PeerCredentials`](crate::socket::PeerCredentials) of the caller.

mod body;
mod call;
mod connection;
mod deadline;
mod held;
mod limits;

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

pub use deadline::Deadline;
pub use limits::Limits;

use crate::proto::{v1beta1, v2};
use crate::quiet::Quiet;
use crate::socket::{Bound, Listener};
use call::Services;
use connection::Connection;

/// Serves both APIs on `bound` until `shutdown` ends. Then the socket is removed and no connection is taken any more;
/// calls in flight may end within [`Limits::drain`], and what is left after that is cut off.
///
/// Dropping the future ends everything at once.
///
/// # Errors
///
/// Only at the start: when the runtime cannot take the socket. What goes wrong with one connection or call ends that
/// one.
pub async fn serve<V1, V2>(
    bound: Bound,
    v1: V1,
    v2: V2,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()>
where
    V1: v1beta1::key_management_service_server::KeyManagementService,
    V2: v2::key_management_service_server::KeyManagementService,
{
    let path = bound.path().to_path_buf();
    let counts = bound.counts();
    let listener = Listener::new(bound)?;
    let services = Services::new(v1, v2, &limits);
    let free = Arc::new(Semaphore::new(limits.connections));
    let (drain, draining) = watch::channel(false);
    let mut connections = JoinSet::new();
    let surplus = Quiet::default();
    let mut shutdown = pin!(shutdown);
    loop {
        let (stream, peer) = tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let Ok(place) = Arc::clone(&free).try_acquire_owned() else {
            counts.count_surplus();
            if let Some(left_out) = surplus.room() {
                tracing::warn!(
                    socket = %path.display(), limit = limits.connections, left_out,
                    "connection closed: there are as many as are served at once"
                );
            }
            continue;
        };
        let connection = Connection { stream, peer, services: services.clone(), draining: draining.clone() };
        connections.spawn(async move {
            connection.serve(&limits).await;
            drop(place);
        });
    }
    drop(listener);
    // Nobody receives it when there is no connection.
    let _ = drain.send(true);
    let drained = timeout(limits.drain, async { while connections.join_next().await.is_some() {} }).await;
    if drained.is_err() {
        tracing::warn!(
            socket = %path.display(), connections = connections.len(),
            "connections did not end in time and are cut off"
        );
        connections.shutdown().await;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
