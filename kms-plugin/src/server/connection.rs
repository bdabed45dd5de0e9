//! One client's connection, from its first byte to its last.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;

use futures_util::FutureExt as _;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::Limits;
use super::call::{Caller, Services};
use crate::authority::Adapted;
use crate::proto::v1beta1::key_management_service_server as v1beta1;
use crate::proto::v2::key_management_service_server as v2;
use crate::socket::PeerCredentials;

/// What a client may send ahead of what is read, on a stream and on the connection; HTTP/2 has no less for the latter.
const WINDOW: u32 = 65_535;

/// A connection that was accepted.
pub(super) struct Connection<V1, V2> {
    pub(super) stream: UnixStream,
    pub(super) peer: PeerCredentials,
    pub(super) services: Services<V1, V2>,
    /// True once the server drains.
    pub(super) draining: watch::Receiver<bool>,
}

impl<V1, V2> Connection<V1, V2>
where
    V1: v1beta1::KeyManagementService,
    V2: v2::KeyManagementService,
{
    /// Serves it until the client leaves, breaks the protocol or stays silent, or until the drain is over.
    pub(super) async fn serve(self, limits: &Limits) {
        let Self { stream, peer, services, mut draining } = self;
        let stream = Adapted::new(stream);
        let greeted = stream.greeted();
        let caller = Caller::new(peer, limits);
        let untaken = Arc::clone(&caller.untaken);
        let service =
            service_fn(move |request| services.clone().call(request, caller.clone()).map(Ok::<_, Infallible>));
        let mut connection = pin!(settings(limits).serve_connection(TokioIo::new(stream), service));
        let mut handshake = pin!(tokio::time::sleep(limits.handshake));
        let mut look = tokio::time::interval(limits.answer / 4);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut waits = true;
        let mut drains = false;
        let ended = loop {
            tokio::select! {
                ended = &mut connection => break ended,
                () = &mut handshake, if waits => {
                    if !greeted.is_complete() {
                        tracing::debug!(uid = peer.uid, "connection closed: the client did not begin HTTP/2");
                        return;
                    }
                    waits = false;
                }
                _ = look.tick() => {
                    if untaken.longer_than(limits.answer) {
                        tracing::debug!(uid = peer.uid, "connection closed: the client does not take its answers");
                        return;
                    }
                }
                // An error means that the server is gone; then this task is too.
                _ = draining.wait_for(|draining| *draining), if !drains => {
                    drains = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        };
        if let Err(error) = ended {
            tracing::debug!(uid = peer.uid, error = &error as &dyn std::error::Error, "connection ended");
        }
    }
}

fn settings(limits: &Limits) -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .max_header_list_size(limits.header_list)
        .keep_alive_interval(limits.keepalive)
        .keep_alive_timeout(limits.keepalive_answer);
    builder
}
