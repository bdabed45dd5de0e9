//! The listener on a thread of its own, so that synchronous tests can use it, and the way of a request.

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::DATE;
use hyper::http::response;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio_rustls::LazyConfigAcceptor;

use super::body::Answer;
use super::calls::Call;
use super::control;
use super::error::ServiceError;
use super::faults::{Effect, Target};
use super::operation::Operation;
use super::tls::{Authority, Reply};
use super::wire::{self, Head};
use super::world::World;

/// Bytes of a request that are read at most.
const MAX_REQUEST: usize = 1 << 20;

pub(super) struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(super) fn start(listener: TcpListener, world: Arc<World>, authority: Option<Arc<Authority>>) -> Self {
        let address = listener.local_addr().expect("a bound listener has an address");
        listener.set_nonblocking(true).expect("a listener can be non-blocking");
        let (stop, stopped) = oneshot::channel();
        let serve = move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .expect("a runtime can be built");
            runtime.block_on(async {
                tokio::select! {
                    () = accept(listener, world, authority) => {}
                    _ = stopped => {}
                }
            });
            // Connections held open by a fault would otherwise be waited for.
            runtime.shutdown_background();
        };
        let thread = std::thread::Builder::new().name("aws-double".to_owned()).spawn(serve).expect("a thread starts");
        Self { address, stop: Some(stop), thread: Some(thread) }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The thread has ended already if nobody listens.
            _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            _ = thread.join();
        }
    }
}

async fn accept(listener: TcpListener, world: Arc<World>, authority: Option<Arc<Authority>>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("the runtime takes the listener");
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        // Without it Nagle's algorithm adds 40 ms to each small answer.
        _ = stream.set_nodelay(true);
        let world = Arc::clone(&world);
        match authority.clone() {
            None => drop(tokio::spawn(connection(stream, world))),
            Some(authority) => drop(tokio::spawn(tls_connection(stream, world, authority))),
        }
    }
}

async fn tls_connection(stream: TcpStream, world: Arc<World>, authority: Arc<Authority>) {
    let acceptor = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream);
    let Ok(mut start) = acceptor.await else { return };
    match authority.reply(&start.client_hello()) {
        Reply::Handshake(config) => {
            if let Ok(stream) = start.into_stream(config).await {
                connection(stream, world).await;
            }
        }
        Reply::Garbage => {
            _ = start.io.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
        Reply::Close => {}
    }
}

async fn connection<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S, world: Arc<World>) {
    let service = hyper::service::service_fn(|request| {
        let world = Arc::clone(&world);
        async move { serve(request, &world).await }
    });
    // A client that goes away, and a fault that closes the connection, end here alike.
    _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// Closes the connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed, as set by the test")]
struct Closed;

impl From<Infallible> for Closed {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

async fn serve(request: Request<Incoming>, world: &World) -> Result<Response<Answer>, Closed> {
    let request_id = wire::uuid();
    let (head, body) = request.into_parts();
    let body = Limited::new(body, MAX_REQUEST).collect().await.map(http_body_util::Collected::to_bytes);
    if let (Some(path), Ok(body)) = (head.uri.path().strip_prefix(control::PREFIX), &body) {
        return Ok(control::serve(&head.method, path, body, world));
    }
    let result = match (Head::parse(&head.headers), body) {
        (Ok(head), Ok(body)) => respond(head, &body, &request_id, world).await?,
        (Err(error), _) => Err(error),
        (_, Err(_)) => Err(ServiceError::too_large()),
    };
    let (builder, answer) = result.unwrap_or_else(|error| {
        let (builder, body) = wire::error_answer(&error, world.error_form());
        (builder, Answer::whole(body))
    });
    Ok(builder
        .header("x-amzn-requestid", request_id)
        .header(DATE, world.clock.http_date())
        .body(answer)
        .expect("statuses and header values come from tables or tests that mean them"))
}

type Outcome = Result<(response::Builder, Answer), ServiceError>;

async fn respond(head: Head, body: &[u8], request_id: &str, world: &World) -> Result<Outcome, Closed> {
    let body: Value = match serde_json::from_slice(body) {
        Ok(body) => body,
        Err(cause) => return Ok(Err(ServiceError::serialization(&cause))),
    };
    let key_id = body["KeyId"].as_str();
    let target = Target { operation: head.operation, region: &head.region, key_id };
    let _in_flight = world.calls.record(Call {
        operation: head.operation,
        region: head.region.clone(),
        key_id: key_id.map(str::to_owned),
        context: serde_json::from_value(body["EncryptionContext"].clone()).unwrap_or_default(),
        user_agent: head.user_agent,
        access_key_id: head.access_key_id,
        request_id: request_id.to_owned(),
    });
    let latency = world.faults.latency(head.operation);
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    if !world.faults.admit(&target) {
        return Ok(Err(ServiceError::throttled()));
    }
    if let Err(error) = world.clock.check(&head.amz_date) {
        return Ok(Err(error));
    }
    let right = |operation: Operation| world.kms.handle(operation, &head.region, &body);
    match world.faults.strike(&target) {
        None => Ok(right(head.operation).map(|value| whole(&value))),
        Some(effect) => strike(effect, || right(head.operation)).await,
    }
}

/// Answers with `effect` in place of the `right` answer.
async fn strike(effect: Effect, right: impl Fn() -> Result<Value, ServiceError>) -> Result<Outcome, Closed> {
    let outcome = match effect {
        Effect::Error(status, code, message) => Err(ServiceError::new(status, &code, message)),
        Effect::Throttle => Err(ServiceError::throttled()),
        Effect::Status(status) => {
            let body = format!("<html><body><h1>{status}</h1></body></html>");
            Ok((Response::builder().status(status).header("content-type", "text/html"), Answer::whole(body)))
        }
        Effect::Silence => std::future::pending().await,
        Effect::Close => return Err(Closed),
        Effect::Drip(milliseconds) => right().map(|value| {
            let (builder, body) = wire::answer(&value);
            (builder, Answer::drip(body, Duration::from_millis(milliseconds)))
        }),
        Effect::Oversized(length) => Ok((wire::answer(&Value::Null).0, Answer::Filler { left: length })),
        Effect::CutOff => right().map(|value| {
            let (builder, mut body) = wire::answer(&value);
            body.truncate(body.len() / 2);
            (builder, Answer::CutOff { sent: Some(body.into()) })
        }),
        Effect::WrongKeyId(id) => right().map(|value| whole(&with_key_id(value, id))),
        Effect::ShortKey(length) => right().map(|value| whole(&with_plaintext(value, |key| key.truncate(length)))),
        Effect::WrongKey => right().map(|value| whole(&with_plaintext(value, |key| key[0] ^= 1))),
        Effect::Empty => Ok(whole(&Value::Object(serde_json::Map::new()))),
    };
    Ok(outcome)
}

fn whole(value: &Value) -> (response::Builder, Answer) {
    let (builder, body) = wire::answer(value);
    (builder, Answer::whole(body))
}

fn with_key_id(mut answer: Value, id: String) -> Value {
    answer["KeyId"] = Value::from(id);
    answer
}

fn with_plaintext(mut answer: Value, change: impl FnOnce(&mut Vec<u8>)) -> Value {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    if let Some(mut plaintext) = answer["Plaintext"].as_str().and_then(|text| BASE64_STANDARD.decode(text).ok()) {
        change(&mut plaintext);
        answer["Plaintext"] = Value::from(BASE64_STANDARD.encode(plaintext));
    }
    answer
}
