//! A small HTTP/1.1 server on loopback, with or without TLS, that remembers what it was asked.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Method, target and version.
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    pub(crate) at: Instant,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(it, _)| it.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Reads one request; none at the end of the connection.
    pub(crate) fn read(stream: &mut impl Read) -> Option<Self> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).ok()?;
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.lines();
        let mut request = Self {
            line: lines.next()?.to_owned(),
            headers: lines
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body: String::new(),
            at: Instant::now(),
        };
        let length = request.header("content-length").map_or(0, |it| it.parse().unwrap());
        let mut body = vec![0; length];
        stream.read_exact(&mut body).ok()?;
        request.body = String::from_utf8(body).unwrap();
        Some(request)
    }
}

/// What the server does with a request.
#[derive(Clone)]
pub(crate) enum Reply {
    Answer {
        status: u16,
        body: String,
    },
    /// Reads and says nothing.
    Silence,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &str) -> Self {
        Self::Answer { status, body: body.to_owned() }
    }

    /// An error of KMS in its protocol.
    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        Self::json(status, &format!(r#"{{"__type":"{code}","message":"{message}"}}"#))
    }

    /// A described key.
    pub(crate) fn key() -> Self {
        let arn = crate::probe::KEY;
        let id = arn.rsplit('/').next().unwrap();
        Self::json(200, &format!(r#"{{"KeyMetadata":{{"KeyId":"{id}","Arn":"{arn}"}}}}"#))
    }

    pub(crate) fn write(&self, stream: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Answer { status, body } => {
                let length = body.len();
                write!(
                    stream,
                    "HTTP/1.1 {status} X\r\nx-amzn-requestid: req-4711\r\n\
                     x-aws-ec2-metadata-token-ttl-seconds: 21600\r\n\
                     content-length: {length}\r\n\r\n{body}"
                )?;
                stream.flush()
            }
            Self::Silence => {
                thread::sleep(Duration::from_secs(60));
                Ok(())
            }
        }
    }
}

/// A running server; its threads end with the test's process.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Serves plain HTTP; `handle` is given the request and how many came before it.
    pub(crate) fn http(handle: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::start(handle, |stream| Box::new(stream))
    }

    /// Serves HTTPS with a certificate of `authority`.
    pub(crate) fn https(
        authority: &Authority,
        handle: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let names = ["127.0.0.1", "localhost", "kms.eu-west-1.amazonaws.com"];
        Self::with_tls(authority.server_config(&names, 2100), handle)
    }

    /// Serves HTTPS as `config` says.
    pub(crate) fn with_tls(
        config: Arc<ServerConfig>,
        handle: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::start(handle, move |stream| {
            let connection = ServerConnection::new(config.clone()).unwrap();
            Box::new(StreamOwned::new(connection, stream))
        })
    }

    fn start(
        handle: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static,
        wrap: impl Fn(TcpStream) -> Box<dyn Stream> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self { address: listener.local_addr().unwrap(), seen: Arc::default() };
        let (seen, handle) = (server.seen.clone(), Arc::new(handle));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = wrap(stream.unwrap());
                let (seen, handle) = (seen.clone(), handle.clone());
                thread::spawn(move || {
                    while let Some(request) = Request::read(&mut stream) {
                        let before = {
                            let mut seen = seen.lock().unwrap();
                            seen.push(request.clone());
                            seen.len() - 1
                        };
                        if handle(&request, before).write(&mut stream).is_err() {
                            break;
                        }
                    }
                });
            }
        });
        server
    }

    pub(crate) fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.address)
    }

    pub(crate) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

/// A certificate authority made for one test.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A server whose certificate says what is given here.
    pub(crate) fn server_config(&self, names: &[&str], until: i32) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let config = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key.into())
            .unwrap();
        Arc::new(config)
    }
}
