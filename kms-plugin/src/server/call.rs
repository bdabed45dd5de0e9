//! One call: which service it is for, by when it must be answered, and who calls.

use std::future::Future;
use std::sync::Arc;

use http::{HeaderMap, Request, Response, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Service;

use super::Limits;
use super::body::{self, Answer};
use super::deadline::Times;
use super::held::{Held, Share, Untaken};
use crate::proto::v1beta1::key_management_service_server as v1beta1;
use crate::proto::v2::key_management_service_server as v2;
use crate::socket::PeerCredentials;

/// What tonic looks at; the rest of a call's headers is dropped before it waits for anything.
const HEADERS: [header::HeaderName; 3] = [
    header::CONTENT_TYPE,
    header::HeaderName::from_static("grpc-encoding"),
    header::HeaderName::from_static("grpc-accept-encoding"),
];

/// Who calls, and what its connection shares.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) peer: PeerCredentials,
    /// Places for calls of this connection that answer from memory.
    pub(super) quick: Arc<Semaphore>,
    pub(super) untaken: Arc<Untaken>,
}

impl Caller {
    pub(super) fn new(peer: PeerCredentials, limits: &Limits) -> Self {
        Self { peer, quick: Arc::new(Semaphore::new(limits.quick)), untaken: Arc::default() }
    }
}

/// Both services of a socket; cheap to clone.
#[derive(Debug)]
pub(super) struct Services<V1, V2> {
    v1: v1beta1::KeyManagementServiceServer<V1>,
    v2: v2::KeyManagementServiceServer<V2>,
    places: Arc<Semaphore>,
    budget: Arc<Semaphore>,
    limits: Limits,
}

// Derived, it would ask for clones of what is shared.
impl<V1, V2> Clone for Services<V1, V2> {
    fn clone(&self) -> Self {
        Self {
            v1: self.v1.clone(),
            v2: self.v2.clone(),
            places: Arc::clone(&self.places),
            budget: Arc::clone(&self.budget),
            limits: self.limits,
        }
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
            budget: Arc::new(Semaphore::new(limits.memory)),
            limits: *limits,
        }
    }

    /// Answers one call, in time. Only what is needed of its headers is kept, from this moment on.
    pub(super) fn call(
        self,
        request: Request<Incoming>,
        caller: Caller,
    ) -> impl Future<Output = Response<Answer>> + use<V1, V2> {
        let (mut parts, body) = request.into_parts();
        let times = Times::of(&parts.headers, Instant::now());
        parts.headers = kept(&parts.headers);
        parts.extensions.insert(times.handler);
        parts.extensions.insert(caller.peer);
        self.admit(Request::from_parts(parts, body), times, caller)
    }

    async fn admit(mut self, request: Request<Incoming>, times: Times, caller: Caller) -> Response<Answer> {
        // Status and Version answer from memory, and decide outages: whatever other connections do, and whatever
        // other calls hold, they are not turned away.
        let slow = takes_time(request.uri().path());
        let places = if slow { &self.places } else { &caller.quick };
        let Ok(place) = Arc::clone(places).try_acquire_owned() else {
            return refusal(&Status::resource_exhausted("too many calls at once: try again later"));
        };
        let mut share = slow.then(|| Share::of(&self.budget));
        if let Some(None) = share {
            return refusal(&Status::resource_exhausted("too much data in calls at once: try again later"));
        }
        let mut share = share.take().flatten();
        let longest = body::PREFIX + if slow { self.limits.message } else { self.limits.quick_message };
        let (parts, body) = request.into_parts();
        let late = |_| Err(Status::deadline_exceeded("the call's deadline is over"));
        let by = times.server.min(Instant::now() + self.limits.body);
        let whole = match timeout_at(by, body::read(body, longest, share.as_mut())).await.unwrap_or_else(late) {
            Ok(whole) => whole,
            Err(status) => return refusal(&status),
        };
        let request = Request::from_parts(parts, Full::new(Bytes::from(whole)));
        let answered = timeout_at(times.server, async {
            let (parts, body) = self.route(request).await.into_parts();
            (parts, body.collect().await)
        });
        let (parts, whole) = match answered.await {
            Ok((parts, Ok(whole))) => (parts, whole),
            Ok((_, Err(status))) => return refusal(&status),
            Err(_) => return refusal(&Status::deadline_exceeded("the call's deadline is over")),
        };
        let trailers = whole.trailers().cloned();
        let data = Vec::from(whole.to_bytes());
        if data.is_empty() {
            return Response::from_parts(parts, Answer { data: None, trailers });
        }
        if share.as_mut().is_some_and(|share| !share.cover(data.capacity())) {
            return refusal(&Status::resource_exhausted("too much data in calls at once: try again later"));
        }
        let data = Some(Bytes::from_owner(Held::new(data, caller.untaken, (place, share))));
        Response::from_parts(parts, Answer { data, trailers })
    }

    async fn route(&mut self, request: Request<Full<Bytes>>) -> Response<Body> {
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

/// In a map of their own: what else was sent shares no memory with it.
fn kept(headers: &HeaderMap) -> HeaderMap {
    let copy = |name: header::HeaderName| {
        let value = http::HeaderValue::from_bytes(headers.get(&name)?.as_bytes()).ok()?;
        Some((name, value))
    };
    HEADERS.into_iter().filter_map(copy).collect()
}

fn refusal(status: &Status) -> Response<Answer> {
    status.clone().into_http::<()>().map(|()| Answer::default())
}

/// Whether a call may have to wait for KMS.
fn takes_time(path: &str) -> bool {
    path.ends_with("/Encrypt") || path.ends_with("/Decrypt")
}
