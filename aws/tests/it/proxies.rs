//! What a proxy sees, and what it must not see.

use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use sealkit_aws::FaultClass;

use crate::probe::Probe;
use crate::server::{Authority, Reply, Request, Server};

/// A proxy that leads every tunnel to one server, and answers plain requests itself.
struct Proxy {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Proxy {
    fn start(upstream: Option<SocketAddr>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Self { address: listener.local_addr().unwrap(), seen: Arc::default() };
        let seen = proxy.seen.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                let (mut client, seen) = (client.unwrap(), seen.clone());
                thread::spawn(move || {
                    let Some(request) = Request::read(&mut client) else {
                        return;
                    };
                    let tunnel = request.line.starts_with("CONNECT ");
                    seen.lock().unwrap().push(request);
                    match upstream {
                        Some(upstream) if tunnel => splice(client, upstream),
                        None if tunnel => drop(write!(client, "HTTP/1.1 502 X\r\n\r\n")),
                        _ => drop(Reply::key().write(&mut client)),
                    }
                });
            }
        });
        proxy
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn lines(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(|it| it.line.clone()).collect()
    }
}

fn splice(mut client: TcpStream, upstream: SocketAddr) {
    let mut server = TcpStream::connect(upstream).unwrap();
    client.write_all(b"HTTP/1.1 200 X\r\n\r\n").unwrap();
    let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || {
        drop(io::copy(&mut from, &mut to));
        drop(to.shutdown(Shutdown::Write));
    });
    drop(io::copy(&mut server, &mut client));
}

/// A user behind a proxy whose tunnels end at a KMS with a certificate of its own.
fn behind_proxy(proxy: &Proxy, authority: &Authority) -> Probe {
    let probe = Probe::new().with_keys().with_file("ca.pem", &authority.pem());
    let path = probe.path("ca.pem").to_str().unwrap().to_owned();
    probe.with("AWS_CA_BUNDLE", &path).with("HTTPS_PROXY", &proxy.url())
}

#[test]
fn kms_is_reached_through_a_tunnel() {
    let authority = Authority::new();
    let kms = Server::https(&authority, |_, _| Reply::key());
    let proxy = Proxy::start(Some(kms.address));
    behind_proxy(&proxy, &authority).run().expect_ok();
    assert_eq!(proxy.lines(), ["CONNECT kms.eu-west-1.amazonaws.com:443 HTTP/1.1"]);
    assert_eq!(kms.seen().len(), 1);
}

#[test]
fn a_proxy_gets_its_password_and_no_error_shows_it() {
    let authority = Authority::new();
    let kms = Server::https(&authority, |_, _| Reply::key());
    let proxy = Proxy::start(Some(kms.address));
    let url = format!("http://user:canary@{}", proxy.address);
    behind_proxy(&proxy, &authority).with("https_proxy", &url).run().expect_ok();
    let seen = proxy.seen.lock().unwrap()[0].clone();
    assert_eq!(seen.header("proxy-authorization"), Some("Basic dXNlcjpjYW5hcnk="));

    let refusing = Proxy::start(None);
    let url = format!("http://user:canary@{}", refusing.address);
    let probe = behind_proxy(&refusing, &authority).with("https_proxy", &url);
    let outcome = probe.with("AWS_MAX_ATTEMPTS", "1").run();
    outcome.expect(FaultClass::Outage, &["no tunnel to kms.eu-west-1.amazonaws.com", "HTTPS_PROXY"]);
}

#[test]
fn fips_and_dual_stack_change_the_host() {
    let proxy = Proxy::start(None);
    let probe = || {
        let probe = Probe::new().with_keys().with("HTTPS_PROXY", &proxy.url());
        probe.with("AWS_MAX_ATTEMPTS", "1")
    };
    probe().with("AWS_USE_FIPS_ENDPOINT", "true").run();
    probe().with("PROBE_FIPS", "true").with("AWS_USE_FIPS_ENDPOINT", "false").run();
    probe().with("AWS_USE_DUALSTACK_ENDPOINT", "true").run();
    let hosts: Vec<String> = proxy.lines().iter().map(|it| it.replace(":443 HTTP/1.1", "")).collect();
    let fips = "CONNECT kms-fips.eu-west-1.amazonaws.com";
    assert_eq!(hosts, [fips, fips, "CONNECT kms.eu-west-1.api.aws"]);
}

#[test]
fn plain_http_goes_to_the_proxy_in_absolute_form() {
    let proxy = Proxy::start(None);
    let probe = Probe::of_kms("http://kms.example.test:8080").with("HTTP_PROXY", &proxy.url());
    probe.run().expect_ok();
    assert_eq!(proxy.lines(), ["POST http://kms.example.test:8080/ HTTP/1.1"]);
}

#[test]
fn no_proxy_is_honoured() {
    let proxy = Proxy::start(None);
    for rule in ["kms.example.test", "*.example.test", ".example.test", "example.test", "*"] {
        let probe = Probe::of_kms("http://kms.example.test").with("HTTP_PROXY", &proxy.url());
        let outcome = probe.with("NO_PROXY", rule).with("AWS_MAX_ATTEMPTS", "1").run();
        outcome.expect(FaultClass::Outage, &[]);
    }
    assert_eq!(proxy.lines(), [""; 0]);
    let probe = Probe::of_kms("http://kms.example.test").with("HTTP_PROXY", &proxy.url());
    probe.with("NO_PROXY", "example.com,10.0.0.0/8").run().expect_ok();
}

#[test]
fn the_metadata_service_and_this_machine_are_never_reached_through_a_proxy() {
    let proxy = Proxy::start(None);
    let kms = Server::http(|_, _| Reply::key());
    let everything = |probe: Probe| {
        let probe = probe.with("HTTP_PROXY", &proxy.url()).with("HTTPS_PROXY", &proxy.url());
        probe.with("AWS_ENDPOINT_URL_KMS", &kms.url("http")).with("PROBE_DEADLINE", "4000")
    };
    // Whatever is at these addresses where the test runs, the proxy must not hear of it.
    everything(Probe::new().without("AWS_EC2_METADATA_DISABLED")).run();
    let pod = "http://169.254.170.23/v1/credentials";
    everything(Probe::new().with("AWS_CONTAINER_CREDENTIALS_FULL_URI", pod)).with("PROBE_DEADLINE", "500").run();
    everything(Probe::new().with_keys()).run().expect_ok();
    assert_eq!(proxy.lines(), [""; 0]);
}
