//! A real server on a real socket, with services that do nothing but answer.
#![expect(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod memory;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use prost::Message;
use sealkit_rig::http2::{Authority, Ending, Http2Client, Indexing, Shape};
use sealkit_rig::kms_client::KmsClient;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tonic::{Code, Request, Response, Status};

use super::{Deadline, Limits, serve};
use crate::proto::{v1beta1, v2};
use crate::socket::{Bound, PeerCredentials, SocketCounts, SocketSettings};

/// Every Encrypt is reversed by Decrypt; a plaintext of "sleep" takes longer than any deadline.
#[derive(Clone, Default)]
struct Fake {
    /// Handlers that were begun and neither ended nor dropped.
    running: Arc<AtomicUsize>,
}

struct Running(Arc<AtomicUsize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Fake {
    async fn work(&self, bytes: &[u8]) -> Vec<u8> {
        self.running.fetch_add(1, Ordering::SeqCst);
        let _running = Running(Arc::clone(&self.running));
        match bytes {
            b"sleep" => tokio::time::sleep(Duration::from_secs(600)).await,
            b"nap" => tokio::time::sleep(Duration::from_millis(500)).await,
            _ => {}
        }
        bytes.iter().rev().copied().collect()
    }
}

#[tonic::async_trait]
impl v1beta1::key_management_service_server::KeyManagementService for Fake {
    async fn version(&self, _: Request<v1beta1::VersionRequest>) -> Result<Response<v1beta1::VersionResponse>, Status> {
        Ok(Response::new(v1beta1::VersionResponse { version: "v1beta1".into(), ..Default::default() }))
    }

    async fn encrypt(
        &self,
        request: Request<v1beta1::EncryptRequest>,
    ) -> Result<Response<v1beta1::EncryptResponse>, Status> {
        let cipher = self.work(&request.get_ref().plain).await;
        Ok(Response::new(v1beta1::EncryptResponse { cipher }))
    }

    async fn decrypt(
        &self,
        request: Request<v1beta1::DecryptRequest>,
    ) -> Result<Response<v1beta1::DecryptResponse>, Status> {
        let plain = self.work(&request.get_ref().cipher).await;
        Ok(Response::new(v1beta1::DecryptResponse { plain }))
    }
}

#[tonic::async_trait]
impl v2::key_management_service_server::KeyManagementService for Fake {
    /// Says who calls, and how many milliseconds there are.
    async fn status(&self, request: Request<v2::StatusRequest>) -> Result<Response<v2::StatusResponse>, Status> {
        let deadline: &Deadline = request.extensions().get().unwrap();
        let peer: &PeerCredentials = request.extensions().get().unwrap();
        let left = deadline.0.saturating_duration_since(Instant::now()).as_millis();
        Ok(Response::new(v2::StatusResponse {
            version: "v2beta1".into(),
            healthz: left.to_string(),
            key_id: format!("{}:{}:{}", peer.uid, peer.gid, peer.pid.unwrap_or_default()),
        }))
    }

    async fn encrypt(&self, request: Request<v2::EncryptRequest>) -> Result<Response<v2::EncryptResponse>, Status> {
        let ciphertext = self.work(&request.get_ref().plaintext).await;
        Ok(Response::new(v2::EncryptResponse { ciphertext, ..Default::default() }))
    }

    async fn decrypt(&self, request: Request<v2::DecryptRequest>) -> Result<Response<v2::DecryptResponse>, Status> {
        let plaintext = self.work(&request.get_ref().ciphertext).await;
        Ok(Response::new(v2::DecryptResponse { plaintext }))
    }
}

struct Server {
    _directory: TempDir,
    path: PathBuf,
    fake: Fake,
    counts: Arc<SocketCounts>,
    shutdown: oneshot::Sender<()>,
    ended: JoinHandle<std::io::Result<()>>,
}

impl Server {
    fn start(limits: Limits) -> Self {
        Self::with(limits, None)
    }

    fn with(limits: Limits, allowed_uids: Option<Vec<u32>>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("kms.sock");
        let bound = Bound::bind(&SocketSettings { allowed_uids, ..SocketSettings::at(&path) }).unwrap();
        let (counts, fake) = (bound.counts(), Fake::default());
        let (shutdown, asked) = oneshot::channel();
        let ended = tokio::spawn(serve(bound, fake.clone(), fake.clone(), limits, async {
            let _ = asked.await;
        }));
        Self { _directory: directory, path, fake, counts, shutdown, ended }
    }

    fn client(&self) -> KmsClient {
        KmsClient::new(&self.path)
    }

    /// Runs what blocks beside the server.
    async fn blocking<T: Send + 'static>(&self, work: impl FnOnce(PathBuf) -> T + Send + 'static) -> T {
        let path = self.path.clone();
        tokio::task::spawn_blocking(move || work(path)).await.unwrap()
    }

    async fn until_running(&self, count: usize) {
        while self.fake.running.load(Ordering::SeqCst) != count {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// What clients of the field send, and what else does not parse.
const AUTHORITIES: [&str; 8] = [
    "/var/run/kmsplugin/socket.sock",
    "%2Fvar%2Frun%2Fkmsplugin%2Fsocket.sock",
    "localhost",
    "",
    "@abstract",
    "@a/b",
    "/run/with space:1:2",
    "unix:///x",
];

/// One call of each of the six RPCs; all answer what is expected.
fn call_all(client: &mut Http2Client, authority: &Authority) {
    let v1 = |call| format!("/v1beta1.KeyManagementService/{call}");
    let v2 = |call| format!("/v2.KeyManagementService/{call}");
    let version = v1beta1::VersionRequest { version: "v1beta1".into() };
    let answer: v1beta1::VersionResponse = call(client, authority, &v1("Version"), &version);
    assert_eq!(answer.version, "v1beta1");
    let encrypt = v1beta1::EncryptRequest { version: "v1beta1".into(), plain: b"abc".to_vec() };
    let answer: v1beta1::EncryptResponse = call(client, authority, &v1("Encrypt"), &encrypt);
    assert_eq!(answer.cipher, b"cba");
    let decrypt = v1beta1::DecryptRequest { version: "v1beta1".into(), cipher: b"cba".to_vec() };
    let answer: v1beta1::DecryptResponse = call(client, authority, &v1("Decrypt"), &decrypt);
    assert_eq!(answer.plain, b"abc");
    let answer: v2::StatusResponse = call(client, authority, &v2("Status"), &v2::StatusRequest {});
    assert_eq!(answer.version, "v2beta1");
    let encrypt = v2::EncryptRequest { plaintext: b"abc".to_vec(), uid: "1".into() };
    let answer: v2::EncryptResponse = call(client, authority, &v2("Encrypt"), &encrypt);
    assert_eq!(answer.ciphertext, b"cba");
    let decrypt = v2::DecryptRequest { ciphertext: b"cba".to_vec(), ..Default::default() };
    let answer: v2::DecryptResponse = call(client, authority, &v2("Decrypt"), &decrypt);
    assert_eq!(answer.plaintext, b"abc");
}

fn call<T: Message + Default>(
    client: &mut Http2Client,
    authority: &Authority,
    path: &str,
    message: &impl Message,
) -> T {
    match client.call(authority, path, message).unwrap() {
        Ending::Grpc { code: 0, answer: Some(answer), .. } => T::decode(answer.as_slice()).unwrap(),
        other => panic!("{path} with {authority:?}: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_authority_is_served_by_all_six_calls_in_every_representation() {
    let server = Server::start(Limits::default());
    server
        .blocking(|path| {
            let mut forms = vec![Authority::absent()];
            for value in AUTHORITIES {
                for indexing in [Indexing::Incremental, Indexing::Without, Indexing::Never] {
                    let form = Authority::of(value).with_indexing(indexing);
                    forms.extend([form.clone().plain(), form.clone().with_literal_name(), form]);
                }
            }
            // h2 takes five CONTINUATION frames a block.
            let shapes = [
                Shape::default(),
                Shape { padding: Some(7), priority: true, ..Shape::default() },
                Shape { fragment: Some(33), ..Shape::default() },
                Shape { padding: Some(0), fragment: Some(40), dribble: true, ..Shape::default() },
            ];
            // All on one connection, whose table is churned by it, and each on one of its own.
            let mut shared = Http2Client::connect(&path).unwrap();
            for (turn, form) in forms.iter().enumerate() {
                let mut own = Http2Client::connect(&path).unwrap();
                for client in [&mut shared, &mut own] {
                    client.set_shape(shapes[turn % shapes.len()]);
                    call_all(client, form);
                    // Sent again it is an index, where it was indexed.
                    call_all(client, form);
                }
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_calls_on_one_connection_do_not_end_it() {
    let server = Server::start(Limits::default());
    for value in AUTHORITIES {
        server
            .blocking(move |path| {
                let mut client = Http2Client::connect(&path).unwrap();
                for _ in 0..2000 {
                    let request = v2::StatusRequest {};
                    let path = "/v2.KeyManagementService/Status";
                    let _: v2::StatusResponse = call(&mut client, &Authority::of(value), path, &request);
                }
            })
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_knows_its_deadline_and_its_caller() {
    let server = Server::start(Limits::default());
    let status = server.client().with_timeout(Duration::from_secs(2)).status().await.unwrap();
    let left: u64 = status.healthz.parse().unwrap();
    assert!((1700..=1900).contains(&left), "{left} ms of 2,000 less 100");
    let (uid, gid) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
    assert_eq!(status.key_id, format!("{uid}:{gid}:{}", std::process::id()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_handler_is_answered_deadline_exceeded_and_dropped() {
    let server = Server::start(Limits::default());
    let start = Instant::now();
    // The server is told 400 ms, while this client itself would wait for longer.
    let ending = server
        .blocking(|path| {
            let mut client = Http2Client::connect(&path).unwrap();
            let encrypt = v2::EncryptRequest { plaintext: b"sleep".to_vec(), uid: String::new() };
            client.call(&Authority::of("localhost"), "/v2.KeyManagementService/Encrypt", &encrypt).unwrap()
        })
        .await;
    let elapsed = start.elapsed();
    assert!(matches!(ending, Ending::Grpc { code: 4, .. }), "{ending:?}");
    assert!((2800..3000).contains(&elapsed.as_millis()), "{elapsed:?} of 3 s where no timeout is sent");
    server.until_running(0).await;

    let start = Instant::now();
    let error = server.client().with_timeout(Duration::from_millis(400)).v1_encrypt(b"sleep").await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded, "{error}");
    assert_eq!(error.message(), "the call's deadline is over", "the server's words, so it answered in time");
    assert!(start.elapsed() < Duration::from_millis(400));
    server.until_running(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_long_or_unknown_is_refused_and_the_connection_goes_on() {
    let server = Server::start(Limits::default());
    let client = server.client();
    // The longest that an apiserver writes must reach the service.
    assert_eq!(client.v1_encrypt(&[7; 65_535]).await.unwrap(), [7; 65_535]);
    let error = client.v1_encrypt(&[7; 200_000]).await.unwrap_err();
    assert_eq!(error.code(), Code::OutOfRange, "{error}");
    let unknown = server
        .blocking(|path| {
            let mut client = Http2Client::connect(&path).unwrap();
            let localhost = Authority::of("localhost");
            ["/v3.KeyManagementService/Status", "/v2.KeyManagementService/Other", "/"]
                .map(|path| client.call(&localhost, path, &v2::StatusRequest {}).unwrap())
        })
        .await;
    for ending in unknown {
        assert!(matches!(ending, Ending::Grpc { code: 12, .. }), "{ending:?}");
    }
    client.status().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn more_calls_at_once_than_allowed_are_refused_at_once() {
    let server = Server::start(Limits { calls: 2, ..Limits::default() });
    let client = server.client();
    let busy: Vec<_> = (0..2)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.v1_encrypt(b"nap").await })
        })
        .collect();
    server.until_running(2).await;
    assert_eq!(client.v1_decrypt(b"abc").await.unwrap_err().code(), Code::ResourceExhausted);
    client.status().await.unwrap();
    client.v1_version().await.unwrap();
    for call in busy {
        assert_eq!(call.await.unwrap().unwrap(), b"pan");
    }
    client.v1_decrypt(b"abc").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn more_connections_than_allowed_are_closed_and_counted() {
    let server = Server::start(Limits { connections: 1, ..Limits::default() });
    let client = server.client();
    client.status().await.unwrap();
    server.client().status().await.unwrap_err();
    assert_eq!(server.counts.surplus(), 1);
    client.status().await.unwrap();
    drop(client);
    // Its place is free again once it is gone.
    while server.client().status().await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_is_not_on_the_list_is_closed_and_counted() {
    let server = Server::with(Limits::default(), Some(vec![4_000_000]));
    let read = server
        .blocking(|path| {
            let mut stream = UnixStream::connect(path).unwrap();
            stream.read(&mut [0; 1]).unwrap()
        })
        .await;
    assert_eq!(read, 0);
    assert_eq!((server.counts.refused(), server.counts.accepted()), (1, 0));

    let us = rustix::process::getuid().as_raw();
    let server = Server::with(Limits::default(), Some(vec![4_000_000, us]));
    server.client().status().await.unwrap();
    assert_eq!((server.counts.refused(), server.counts.accepted()), (0, 1));
}

#[tokio::test]
async fn who_is_turned_away_again_and_again_does_not_fill_the_log() {
    let log = Log::default();
    let written = log.clone();
    let lines = tracing_subscriber::fmt().with_writer(move || written.clone()).finish();
    let _guard = tracing::subscriber::set_default(lines);
    let stranger = Server::with(Limits::default(), Some(vec![4_000_000]));
    let full = Server::start(Limits { connections: 0, ..Limits::default() });
    for (server, count) in [(&stranger, SocketCounts::refused as fn(&_) -> _), (&full, SocketCounts::surplus)] {
        log.0.lock().unwrap().clear();
        for connected in 1..=200 {
            let _stream = UnixStream::connect(&server.path).unwrap();
            while count(&server.counts) < connected {
                tokio::task::yield_now().await;
            }
            // The line may have come up first in another test, which has no log, at the moment when this one got its.
            tracing::callsite::rebuild_interest_cache();
        }
        let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        // A window may end meanwhile, on a slow machine.
        assert!((1..=20).contains(&text.lines().count()), "{text}");
        assert!(text.contains("left_out=0"), "{text}");
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_connects_and_says_nothing_is_closed() {
    let server = Server::start(Limits { handshake: Duration::from_millis(100), ..Limits::default() });
    for word in [&b""[..], b"PRI * HTTP/2.0\r\n"] {
        server
            .blocking(move |path| {
                let mut stream = UnixStream::connect(path).unwrap();
                stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
                stream.write_all(word).unwrap();
                // The server's own settings, and then the end.
                stream.read_to_end(&mut Vec::new()).unwrap();
            })
            .await;
    }
    // Who did speak stays, however long it is silent then.
    let client = server.client();
    client.status().await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    client.status().await.unwrap();
    assert_eq!(server.counts.accepted(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_grants_the_table_and_frames_that_the_adapter_reckons_with() {
    let server = Server::start(Limits::default());
    let settings = server
        .blocking(|path| {
            let mut stream = UnixStream::connect(path).unwrap();
            let mut header = [0; 9];
            stream.read_exact(&mut header).unwrap();
            let mut payload = vec![0; usize::from(header[2])];
            stream.read_exact(&mut payload).unwrap();
            assert_eq!((header[0], header[1], header[3]), (0, 0, 4), "SETTINGS come first");
            payload
                .chunks(6)
                .map(|one| (one[1], u32::from_be_bytes([one[2], one[3], one[4], one[5]])))
                .collect::<Vec<_>>()
        })
        .await;
    let of = |id: u8| settings.iter().find(|(known, _)| *known == id).map(|(_, value)| *value);
    assert!(matches!(of(1), None | Some(4096)), "HEADER_TABLE_SIZE: {settings:?}");
    assert!(matches!(of(5), None | Some(16_384)), "MAX_FRAME_SIZE: {settings:?}");
    assert_eq!(of(6), Some(16_384), "MAX_HEADER_LIST_SIZE: {settings:?}");
    assert_eq!(of(3), Some(256), "MAX_CONCURRENT_STREAMS: {settings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn shutting_down_lets_calls_end_and_removes_the_socket_first() {
    let server = Server::start(Limits::default());
    let client = server.client();
    let call = tokio::spawn(async move { client.v1_encrypt(b"nap").await });
    server.until_running(1).await;
    let Server { path, fake, shutdown, ended, _directory, .. } = server;
    shutdown.send(()).unwrap();
    while path.exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(fake.running.load(Ordering::SeqCst), 1, "the call goes on while the socket is gone");
    assert_eq!(call.await.unwrap().unwrap(), b"pan");
    ended.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_ends_in_time_whatever_clients_do() {
    let server = Server::start(Limits { drain: Duration::from_millis(300), ..Limits::default() });
    let client = server.client();
    let call = tokio::spawn(async move { client.v1_encrypt(b"sleep").await });
    server.until_running(1).await;
    // And one that never reads.
    let _silent = server.blocking(|path| UnixStream::connect(path).unwrap()).await;
    let start = Instant::now();
    let Server { fake, shutdown, ended, .. } = server;
    shutdown.send(()).unwrap();
    ended.await.unwrap().unwrap();
    assert!((300..1000).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
    call.await.unwrap().unwrap_err();
    while fake.running.load(Ordering::SeqCst) != 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
