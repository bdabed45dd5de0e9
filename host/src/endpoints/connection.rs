//! One HTTP connection, which ends soon whatever its client does.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::{Asked, Endpoints};

/// From one answer, or the connection, to the end of the next request's headers.
const HEADERS: Duration = Duration::from_secs(5);
/// The least that hyper takes; a scraper's headers are a tenth of it.
const BUFFER: usize = 8 * 1024;
/// Then it answers no further request.
const LIFETIME: Duration = Duration::from_secs(300);
/// Then it is cut off, if the client has not taken its answer.
const FAREWELL: Duration = Duration::from_secs(10);

/// Since when a connection waits for a request, while it does.
pub(super) struct Waiting(Mutex<Option<Instant>>);

impl Default for Waiting {
    fn default() -> Self {
        Self(Mutex::new(Some(Instant::now())))
    }
}

impl Waiting {
    pub(super) fn since(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, since: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }
}

pub(super) async fn serve<E: Endpoints>(stream: TcpStream, peer: IpAddr, endpoints: Arc<E>, waiting: Arc<Waiting>) {
    let service = service_fn(|request: Request<Incoming>| {
        let (endpoints, waiting) = (Arc::clone(&endpoints), Arc::clone(&waiting));
        async move {
            waiting.set(None);
            // Its body is not read: no request that these endpoints know has one.
            let (method, path, headers) = (request.method(), request.uri().path(), request.headers());
            let asked = Asked { method, path, peer, headers };
            let answer = endpoints.answer(asked).await;
            // Who does not take its answer waits, too.
            waiting.set(Some(Instant::now()));
            Ok::<_, Infallible>(answer)
        }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADERS).max_buf_size(BUFFER);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    // How a client breaks off or what it sends instead of HTTP is its own affair.
    if timeout(LIFETIME, &mut connection).await.is_err() {
        connection.as_mut().graceful_shutdown();
        let _ = timeout(FAREWELL, connection).await;
    }
}
