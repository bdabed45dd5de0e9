//! One call: which service it is for, by when it must be answered, and who calls.

use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Service;

use super::Limits;
use super::deadline::Times;
use crate::proto::v1beta1::key_management_service_server as v1beta1;
use crate::proto::v2::key_management_service_server as v2;
use crate::socket::PeerCredentials;

/// Both services of a socket; cheap to clone.
#[derive(Debug)]
pub(super) struct Services<V1, V2> {
    v1: v1beta1::KeyManagementServiceServer<V1>,
    v2: v2::KeyManagementServiceServer<V2>,
    places: Arc<Semaphore>,
}

// Derived, it would ask for clones of what is shared.
impl<V1, V2> Clone for Services<V1, V2> {
    fn clone(&self) -> Self {
        Self { v1: self.v1.clone(), v2: self.v2.clone(), places: Arc::clone(&self.places) }
    }
}

impl<V1, V2> Services<V1, V2>
where
    V1: v1beta1::KeyManagementService,
    V2: v2::KeyManagementService,
{
    pub(super) fn new(v1: V1, v2: V2, limits: &Limits) -> Self {
        Self {
            v1: v1beta1::KeyManagementServiceServer::new(v1).max_decoding_message_size(limits.message),
            v2: v2::KeyManagementServiceServer::new(v2).max_decoding_message_size(limits.message),
            places: Arc::new(Semaphore::new(limits.calls)),
        }
    }

    /// Answers one call, in time.
    pub(super) async fn call(mut self, mut request: Request<Incoming>, peer: PeerCredentials) -> Response<Body> {
        let times = Times::of(request.headers(), Instant::now());
        // Status and Version answer from memory, and decide outages: they are never turned away.
        let place = takes_time(request.uri().path()).then(|| Arc::clone(&self.places).try_acquire_owned());
        if let Some(Err(_)) = place {
            return Status::resource_exhausted("too many calls at once: try again later").into_http();
        }
        request.extensions_mut().insert(times.handler);
        request.extensions_mut().insert(peer);
        let answer = timeout_at(times.server, self.route(request)).await;
        answer.unwrap_or_else(|_| Status::deadline_exceeded("the call's deadline is over").into_http())
    }

    async fn route(&mut self, request: Request<Incoming>) -> Response<Body> {
        let service = request.uri().path().split('/').nth(1);
        let answer = match service {
            Some(v1beta1::SERVICE_NAME) => self.v1.call(request).await,
            Some(v2::SERVICE_NAME) => self.v2.call(request).await,
            _ => return Status::unimplemented("no such service: v1beta1 and v2 are served").into_http(),
        };
        match answer {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

/// Whether a call may have to wait for KMS.
fn takes_time(path: &str) -> bool {
    path.ends_with("/Encrypt") || path.ends_with("/Decrypt")
}
