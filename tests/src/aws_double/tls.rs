//! The endpoint's own certificate authority, TLS faults, and what clients offer in their handshakes.

use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::ClientHello;
use rustls::{CipherSuite, NamedGroup, ServerConfig, SignatureScheme};

use super::world::lock;

/// How a TLS connection fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsFault {
    /// The certificate comes from an authority that the client does not know.
    UnknownIssuer,
    /// The certificate names another host.
    WrongName,
    /// The certificate has expired.
    Expired,
    /// The answer to the client's hello is no TLS.
    Garbage,
    /// The connection is closed after the client's hello.
    Close,
}

/// What a client offered, in its order of preference.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Handshake {
    /// The server name indication; none for an address.
    pub server_name: Option<String>,
    /// Key agreement groups.
    pub named_groups: Vec<NamedGroup>,
    /// Cipher suites.
    pub cipher_suites: Vec<CipherSuite>,
    /// Signature schemes.
    pub signature_schemes: Vec<SignatureScheme>,
    /// Application protocols.
    pub alpn: Vec<Vec<u8>>,
}

/// A certificate authority with its server configurations.
pub(super) struct Authority {
    ca_pem: String,
    good: Arc<ServerConfig>,
    unknown_issuer: Arc<ServerConfig>,
    wrong_name: Arc<ServerConfig>,
    expired: Arc<ServerConfig>,
    fault: Mutex<Option<TlsFault>>,
    handshakes: Mutex<Vec<Handshake>>,
}

/// How the server goes on after a client's hello.
pub(super) enum Reply {
    Handshake(Arc<ServerConfig>),
    Garbage,
    Close,
}

impl Authority {
    pub(super) fn new() -> Self {
        let issuer = issuer("Sealkit test authority");
        let stranger = self::issuer("Sealkit unknown authority");
        let names = ["localhost", "127.0.0.1", "::1"];
        Self {
            good: server_config(&issuer, leaf(&names)),
            unknown_issuer: server_config(&stranger, leaf(&names)),
            wrong_name: server_config(&issuer, leaf(&["elsewhere.test"])),
            expired: server_config(&issuer, expired(leaf(&names))),
            ca_pem: issuer.pem(),
            fault: Mutex::default(),
            handshakes: Mutex::default(),
        }
    }

    pub(super) fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    pub(super) fn set_fault(&self, fault: Option<TlsFault>) {
        *lock(&self.fault) = fault;
    }

    pub(super) fn handshakes(&self) -> Vec<Handshake> {
        lock(&self.handshakes).clone()
    }

    /// Records a client's hello and chooses the reply.
    pub(super) fn reply(&self, hello: &ClientHello<'_>) -> Reply {
        lock(&self.handshakes).push(Handshake {
            server_name: hello.server_name().map(str::to_owned),
            named_groups: hello.named_groups().unwrap_or_default().to_vec(),
            cipher_suites: hello.cipher_suites().to_vec(),
            signature_schemes: hello.signature_schemes().to_vec(),
            alpn: hello.alpn().into_iter().flatten().map(<[u8]>::to_vec).collect(),
        });
        let config = match *lock(&self.fault) {
            None => &self.good,
            Some(TlsFault::UnknownIssuer) => &self.unknown_issuer,
            Some(TlsFault::WrongName) => &self.wrong_name,
            Some(TlsFault::Expired) => &self.expired,
            Some(TlsFault::Garbage) => return Reply::Garbage,
            Some(TlsFault::Close) => return Reply::Close,
        };
        Reply::Handshake(Arc::clone(config))
    }
}

fn issuer(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut parameters = CertificateParams::default();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().expect("a key pair can be generated");
    CertifiedIssuer::self_signed(parameters, key).expect("the parameters are complete")
}

fn leaf(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    CertificateParams::new(names).expect("the names are valid")
}

fn expired(mut parameters: CertificateParams) -> CertificateParams {
    parameters.not_before = date_time_ymd(2020, 1, 1);
    parameters.not_after = date_time_ymd(2020, 1, 2);
    parameters
}

fn server_config(issuer: &CertifiedIssuer<'static, KeyPair>, parameters: CertificateParams) -> Arc<ServerConfig> {
    let key = KeyPair::generate().expect("a key pair can be generated");
    let certificate = parameters.signed_by(&key, issuer).expect("the parameters are complete");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    // The provider is named, for a process may link more than one.
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider supports the default versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .expect("the certificate is the key's");
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}
