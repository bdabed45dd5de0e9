//! What the first flight of a TLS handshake offers.

use std::io::Read;
use std::net::TcpListener;
use std::thread;

use sealkit_aws::FaultClass;

use crate::probe::Probe;
use crate::server::{Authority, Reply, Server};

const X25519MLKEM768: u16 = 0x11ec;
const X25519: u16 = 0x001d;

/// A ClientHello (RFC 8446, section 4.1.2), as far as it says what the client would accept.
struct ClientHello {
    suites: Vec<u16>,
    extensions: Vec<(u16, Vec<u8>)>,
}

impl ClientHello {
    /// Parses a handshake message without its record header.
    fn parse(message: &[u8]) -> Self {
        let mut input = Input(message);
        assert_eq!(input.number(1), 1, "client_hello");
        input.number(3);
        assert_eq!(input.number(2), 0x0303, "legacy_version");
        input.take(32);
        input.vector(1);
        let suites = Input(input.vector(2)).numbers();
        input.vector(1);
        let mut list = Input(input.vector(2));
        let mut extensions = Vec::new();
        while !list.0.is_empty() {
            let kind = u16::try_from(list.number(2)).unwrap();
            extensions.push((kind, list.vector(2).to_vec()));
        }
        Self { suites, extensions }
    }

    fn extension(&self, kind: u16) -> Input<'_> {
        let found = self.extensions.iter().find(|(it, _)| *it == kind);
        Input(&found.expect("the extension is there").1)
    }
}

struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }

    fn number(&mut self, length: usize) -> usize {
        self.take(length).iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte))
    }

    fn vector(&mut self, prefix: usize) -> &'a [u8] {
        let length = self.number(prefix);
        self.take(length)
    }

    fn numbers(&self) -> Vec<u16> {
        let pairs = self.0.chunks_exact(2);
        pairs.map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
    }
}

#[test]
fn post_quantum_key_agreement_is_offered_first_and_nothing_older_than_tls_1_2() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut message = Vec::new();
        loop {
            let mut record = [0; 5];
            stream.read_exact(&mut record).unwrap();
            assert_eq!(record[0], 22, "a handshake record");
            let length = usize::from(u16::from_be_bytes([record[3], record[4]]));
            let start = message.len();
            message.resize(start + length, 0);
            stream.read_exact(&mut message[start..]).unwrap();
            let whole = 4 + Input(&message[1..4]).number(3);
            if message.len() >= whole {
                return ClientHello::parse(&message[..whole]);
            }
        }
    });
    Probe::of_kms(&url).with("AWS_MAX_ATTEMPTS", "1").run();
    let hello = server.join().unwrap();

    let groups = Input(hello.extension(10).vector(2)).numbers();
    assert_eq!(groups[..2], [X25519MLKEM768, X25519], "supported_groups: {groups:04x?}");
    let mut shares = Input(hello.extension(51).vector(2));
    assert_eq!(shares.number(2), usize::from(X25519MLKEM768), "the first key share");
    let versions = Input(hello.extension(43).vector(1)).numbers();
    assert_eq!(versions, [0x0304, 0x0303], "supported_versions");

    // TLS 1.3's AEADs, TLS 1.2's ECDHE AEADs, and the signal against renegotiation.
    for suite in &hello.suites {
        let aead = matches!(suite, 0x1301..=0x1303 | 0xc02b..=0xc030 | 0xcca8 | 0xcca9 | 0x00ff);
        assert!(aead, "{suite:04x} of {:04x?}", hello.suites);
    }
}

#[test]
fn another_servers_certificate_and_an_expired_one_are_told_apart() {
    let authority = Authority::new();
    let run = |names: &[&str], until: i32| {
        let server = Server::with_tls(authority.server_config(names, until), |_, _| Reply::key());
        let probe = Probe::of_kms(&server.url("https")).with_file("ca.pem", &authority.pem());
        let path = probe.path("ca.pem").to_str().unwrap().to_owned();
        probe.with("AWS_CA_BUNDLE", &path).run()
    };
    run(&["127.0.0.1"], 2100).expect_ok();
    run(&["elsewhere.test"], 2100).expect(FaultClass::Outage, &["TLS handshake with 127.0.0.1", "AWS_ENDPOINT_URL"]);
    run(&["127.0.0.1"], 2000).expect(FaultClass::Outage, &["TLS handshake with 127.0.0.1", "clock"]);
}
