//! Small HTTP/1.1 endpoints (health, metrics) on an address that anybody may reach: what one client can take is bounded.
//!
//! What is answered is the program's; it says nothing but states, classes and numbers.

mod address;
mod answer;
mod connection;

use std::future::Future;
use std::io;
use std::net::{IpAddr, TcpListener};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::header::{HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, Method};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::sleep;

pub use address::{ListenAddress, ListenAddressError};
pub use answer::{Answer, not_allowed, not_found, text, with_type};
use connection::Waiting;

/// Connections at a time: kubelet, a scraper or two, a load balancer. For one more, that which has been waiting for a
/// request for longest is closed: who only holds connections does not keep kubelet out.
pub const CONNECTIONS: usize = 64;
/// After a failure to accept, which is one of the whole process: descriptors, memory.
const PAUSE: Duration = Duration::from_millis(100);

/// What is asked. A request's body is never read.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// GET and HEAD for all that only reads.
    pub method: &'a Method,
    /// The path, without a query.
    pub path: &'a str,
    /// Who asks.
    pub peer: IpAddr,
    /// What else the request says.
    pub headers: &'a HeaderMap,
}

impl Asked<'_> {
    /// Whether it only reads.
    #[must_use]
    pub fn reads(&self) -> bool {
        matches!(*self.method, Method::GET | Method::HEAD)
    }

    /// Whether a program of this machine asks, for this machine. A web page that a browser here shows is none: it comes
    /// under a name of its own, rebound to this machine, or with an origin.
    #[must_use]
    pub fn is_local(&self) -> bool {
        let names_this_machine = self.headers.get_all(HOST).iter().all(|host| {
            let authority = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
            authority.is_some_and(|authority| {
                let host = authority.host().trim_start_matches('[').trim_end_matches(']');
                let address = host.parse::<IpAddr>();
                address.map_or(host.eq_ignore_ascii_case("localhost"), |it| it.to_canonical().is_loopback())
            })
        });
        self.peer.is_loopback() && names_this_machine && !self.headers.contains_key(ORIGIN)
    }
}

/// A program's endpoints.
pub trait Endpoints: Send + Sync + 'static {
    /// What is answered.
    fn answer(&self, asked: Asked<'_>) -> impl Future<Output = Answer> + Send;
}

/// Serves `endpoints` on `listener` until `shutdown` ends.
///
/// # Errors
///
/// Only at the start, when the runtime cannot take the listener.
pub async fn serve(
    listener: TcpListener,
    endpoints: impl Endpoints,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
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
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
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
        let serving = connection::serve(stream, peer.ip().to_canonical(), Arc::clone(&endpoints), Arc::clone(&waiting));
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
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

    use super::*;

    #[test]
    fn a_program_of_this_machine_is_told_from_a_page_of_its_browser() {
        let is_local = |peer: &str, headers: &[(http::HeaderName, &str)]| {
            let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
            let (method, peer) = (&Method::POST, peer.parse().unwrap());
            Asked { method, path: "/refresh", peer, headers: &headers }.is_local()
        };
        for host in ["127.0.0.1:9101", "127.3.2.1", "[::1]:9101", "localhost:80", "LocalHost", "[::ffff:127.0.0.1]:1"] {
            assert!(is_local("127.0.0.1", &[(HOST, host)]), "{host}");
            assert!(is_local("::1", &[(HOST, host)]), "{host}");
            assert!(!is_local("192.0.2.2", &[(HOST, host)]), "{host}");
            assert!(!is_local("127.0.0.1", &[(HOST, host), (ORIGIN, "http://localhost")]), "{host}");
            assert!(!is_local("127.0.0.1", &[(HOST, host), (HOST, "evil.example")]), "{host}");
        }
        assert!(is_local("127.0.0.1", &[]), "HTTP/1.0");
        for host in ["evil.example:9101", "localhost.evil.example", "127.0.0.1.evil.example", "192.0.2.1", ""] {
            assert!(!is_local("127.0.0.1", &[(HOST, host)]), "{host}");
        }
    }
}
