//! `/livez`, `/healthz`, `/readyz` and `/metrics` over HTTP/1.1, on an address that anybody may reach: so what one
//! client can take is bounded, and nothing is said but states, classes and numbers.
//!
//! | path | answers |
//! |---|---|
//! | `/livez`, `/healthz` | 200 while the process serves, whatever KMS does |
//! | `/healthz` with `--deep-healthz` | AEP's: 500 if the last probe failed |
//! | `/readyz` | 200, or 503 if Status of a socket is not `ok`; a line for each |
//! | `/metrics` | Prometheus text |

mod answer;
mod connection;

use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::sleep;

use crate::audit::Audit;
use crate::metrics::Metrics;
use crate::service::SocketState;
use connection::Waiting;

/// Connections at a time: kubelet, a scraper or two, a load balancer. For one more, that which has been waiting for a
/// request for longest is closed: who only holds connections does not keep kubelet out.
const CONNECTIONS: usize = 64;
/// After a failure to accept, which is one of the whole process: descriptors, memory.
const PAUSE: Duration = Duration::from_millis(100);

/// What the endpoints answer, and from what.
#[derive(Clone)]
pub struct Endpoints {
    /// The path of the health check.
    pub healthz_path: String,
    /// The path of the liveness check.
    pub livez_path: String,
    /// Whether the health check is AEP's: of KMS.
    pub deep_healthz: bool,
    /// The sockets that are served: a reload may exchange them.
    pub sockets: Arc<ArcSwap<Vec<Arc<SocketState>>>>,
    /// What was counted.
    pub metrics: Arc<Metrics>,
    /// Where audit lines go.
    pub audit: Option<Arc<Audit>>,
}

/// Serves `endpoints` on `listener` until `shutdown` ends.
///
/// # Errors
///
/// Only at the start, when the runtime cannot take the listener.
pub async fn serve(listener: TcpListener, endpoints: Endpoints, shutdown: impl Future<Output = ()>) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let endpoints = Arc::new(endpoints);
    let mut places: Vec<(AbortHandle, Arc<Waiting>)> = Vec::new();
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => return Ok(()),
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::debug!(%error, "a connection to the health port could not be accepted");
                sleep(PAUSE).await;
                continue;
            }
        };
        places.retain(|(connection, _)| !connection.is_finished());
        if places.len() >= CONNECTIONS && !make_room(&mut places) {
            tracing::debug!("a connection to the health port was closed: {CONNECTIONS} are being answered");
            continue;
        }
        let waiting = Arc::new(Waiting::default());
        let serving = connection::serve(stream, Arc::clone(&endpoints), Arc::clone(&waiting));
        places.push((connections.spawn(serving), waiting));
    }
}

/// Closes the connection that has been waiting for a request for longest, if one is.
fn make_room(places: &mut Vec<(AbortHandle, Arc<Waiting>)>) -> bool {
    let since = places.iter().enumerate().filter_map(|(at, (_, waiting))| Some((waiting.since()?, at)));
    let Some((_, at)) = since.min() else { return false };
    places.remove(at).0.abort();
    true
}

#[cfg(test)]
mod tests;
