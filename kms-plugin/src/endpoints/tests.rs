//! Over real connections, and real keys on the KMS double.

#![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use sealkit_rig::{Effect, FaultRule};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use sealkit_host::endpoints::CONNECTIONS;

use super::*;
use crate::service::tests::Rig;

struct Served {
    rig: Rig,
    address: SocketAddr,
    server: JoinHandle<io::Result<()>>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve_with(rig: Rig, change: impl FnOnce(&mut Endpoints), address: SocketAddr) -> Served {
    let listener = TcpListener::bind(address).unwrap();
    let address = listener.local_addr().unwrap();
    let mut endpoints = Endpoints {
        healthz_path: "/healthz".to_owned(),
        livez_path: "/livez".to_owned(),
        deep_healthz: false,
        sockets: Arc::new(arc_swap::ArcSwap::from_pointee(vec![Arc::clone(&rig.socket)])),
        metrics: Arc::clone(&rig.metrics),
        audit: Some(Arc::clone(&rig.audit)),
    };
    change(&mut endpoints);
    let server = tokio::spawn(sealkit_host::endpoints::serve(listener, endpoints, std::future::pending()));
    Served { rig, address, server }
}

async fn serve(rig: Rig) -> Served {
    serve_with(rig, |_| {}, (Ipv4Addr::LOCALHOST, 0).into()).await
}

impl Served {
    /// The whole answer to a request in these words.
    async fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // A server that closes with something unread resets the connection; what it said before still counts.
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    }

    /// Status code and body.
    async fn get(&self, path: &str) -> (u16, String) {
        let answer = self.raw(&format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }
}

#[tokio::test]
async fn liveness_is_of_the_process_and_readiness_of_kms() {
    let served = serve(Rig::with(|aws| aws.inject(FaultRule::new(Effect::Status(503)))).await).await;
    served.rig.until("err: kms-unreachable", 5).await;
    assert_eq!(served.get("/livez").await, (200, "OK".to_owned()));
    assert_eq!(served.get("/healthz").await, (200, "OK".to_owned()));
    let line = "/run/a.sock: unhealthy (state out, kms-unreachable)\n";
    assert_eq!(served.get("/readyz").await, (503, line.to_owned()));
    served.rig.aws.clear_faults();
    served.rig.until("ok", 10).await;
    assert_eq!(served.get("/readyz?verbose").await, (200, "/run/a.sock: ok (state ok)\n".to_owned()));
}

#[tokio::test]
async fn deep_healthz_is_of_kms_and_livez_is_not() {
    let out = Rig::with(|aws| aws.inject(FaultRule::new(Effect::Status(503)))).await;
    let deep = |endpoints: &mut Endpoints| endpoints.deep_healthz = true;
    let served = serve_with(out, deep, (Ipv4Addr::LOCALHOST, 0).into()).await;
    assert_eq!(served.get("/healthz").await, (500, "/run/a.sock: kms-unreachable\n".to_owned()));
    assert_eq!(served.get("/livez").await.0, 200);
    let served = serve_with(Rig::start().await, deep, (Ipv4Addr::LOCALHOST, 0).into()).await;
    assert_eq!(served.get("/healthz").await, (200, "OK".to_owned()));
}

#[tokio::test]
async fn metrics_are_prometheus_text_and_paths_are_the_configured_ones() {
    let paths = |endpoints: &mut Endpoints| {
        endpoints.healthz_path = "/health/kms".to_owned();
        endpoints.livez_path = "/live".to_owned();
    };
    let served = serve_with(Rig::start().await, paths, (Ipv6Addr::LOCALHOST, 0).into()).await;
    for (path, code) in
        [("/health/kms", 200), ("/live", 200), ("/healthz", 404), ("/livez", 404), ("/", 404), ("/metrics/", 404)]
    {
        assert_eq!(served.get(path).await.0, code, "{path}");
    }
    let answer = served.raw("GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(answer.contains("content-type: text/plain; version=0.0.4"), "{answer}");
    assert!(answer.contains("\n# TYPE seal_kms_plugin_state gauge\n"), "{answer}");
}

#[tokio::test]
async fn head_has_no_body_and_other_methods_are_refused() {
    let served = serve(Rig::start().await).await;
    let answer = served.raw("HEAD /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n"), "{answer}");
    assert!(answer.contains("content-length: 2"), "{answer}");
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "BREW"] {
        let request =
            format!("{method} /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\nxx");
        let answer = served.raw(&request).await;
        assert!(answer.starts_with("HTTP/1.1 405") && answer.contains("allow: GET, HEAD"), "{method}: {answer}");
    }
}

#[tokio::test]
async fn what_is_no_small_http_request_is_refused() {
    let served = serve(Rig::start().await).await;
    let long = format!("GET /livez HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "x".repeat(20_000));
    let answer = served.raw(&long).await;
    assert!(answer.starts_with("HTTP/1.1 431") || answer.is_empty(), "{answer}");
    let answer = served.raw("\x16\x03\x01 this is TLS\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400") || answer.is_empty(), "{answer}");
    assert_eq!(served.get("/livez").await.0, 200);
}

#[tokio::test]
async fn who_holds_all_places_with_half_requests_does_not_keep_probes_out() {
    let served = serve(Rig::start().await).await;
    let mut held = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n").await.unwrap();
        held.push(stream);
    }
    let mut held = held.into_iter();
    for _ in 0..3 {
        assert_eq!(served.get("/livez").await, (200, "OK".to_owned()));
        // That one's place is free again; the next who comes takes it, and then there is none.
        held.next().unwrap();
    }
    // The first one was closed, the last one is still heard.
    let mut last = held.next_back().unwrap();
    last.write_all(b"connection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    last.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn the_one_that_has_waited_for_longest_is_closed() {
    let served = serve(Rig::start().await).await;
    let mut oldest = TcpStream::connect(served.address).await.unwrap();
    let mut second = TcpStream::connect(served.address).await.unwrap();
    let mut others = Vec::new();
    // It has asked since: so it is younger than the second.
    oldest.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert_ne!(oldest.read(&mut [0; 1024]).await.unwrap(), 0);
    for _ in 2..CONNECTIONS {
        others.push(TcpStream::connect(served.address).await.unwrap());
    }
    assert_eq!(served.get("/livez").await.0, 200);
    assert_eq!(second.read(&mut [0]).await.unwrap_or(0), 0);
    oldest.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert_ne!(oldest.read(&mut [0; 1024]).await.unwrap(), 0);
}
