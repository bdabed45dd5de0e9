//! One socket that is served.

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::server::{self, Limits};
use crate::service::SocketState;
use crate::socket::Bound;

/// A socket that is served, until it is told to stop.
pub(super) struct Provider {
    pub(super) path: PathBuf,
    pub(super) state: Arc<SocketState>,
    stop: watch::Sender<bool>,
}

impl Provider {
    /// Begins to serve, as one of `servers`.
    pub(super) fn serve(bound: Bound, state: Arc<SocketState>, servers: &mut JoinSet<Option<String>>) -> Self {
        let (path, stop) = (bound.path().to_owned(), watch::Sender::new(false));
        state.count_connections(bound.counts());
        let (v1, v2) = (state.v1(), state.v2());
        let name = format!("socket {}", path.display());
        servers
            .spawn(watched(name, stop.subscribe(), |stopped| server::serve(bound, v1, v2, Limits::default(), stopped)));
        Self { path, state, stop }
    }

    /// Takes no connection any more; calls in flight may end.
    pub(super) fn stop(&self) {
        self.stop.send_replace(true);
    }
}

/// Runs a server until `stop`; why it ended, unless it was told to.
pub(super) async fn watched<F: Future<Output = io::Result<()>>>(
    name: String,
    stop: watch::Receiver<bool>,
    serve: impl FnOnce(Stopped) -> F,
) -> Option<String> {
    let mut told = stop.clone();
    let stopped: Stopped = Box::pin(async move {
        // An error means that the plugin is gone.
        let _ = told.wait_for(|stop| *stop).await;
    });
    match serve(stopped).await {
        Err(error) => Some(format!("{name} cannot be served: {error}")),
        Ok(()) if *stop.borrow() => None,
        Ok(()) => Some(format!("the server of {name} ended by itself")),
    }
}

/// Ends when a server is to.
pub(super) type Stopped = futures_util::future::BoxFuture<'static, ()>;
