//! An AWS endpoint on loopback: strict where emulators are lenient, and faulty where a test says so.
//!
//! KMS, Secrets Manager, Parameter Store and STS, and the endpoints that give containers and instances credentials,
//! all at one address.
//!
//! A request passes, in this order: count and log, latency, rate limit, clock, credentials, injected
//! faults, service.
//! The address serves all Regions: the Region of a request is the one in its SigV4 credential scope,
//! as a client signs it. Signatures themselves are not verified.

mod body;
pub mod calls;
mod clock;
pub mod container;
mod control;
pub mod credentials;
mod denials;
mod error;
mod exchange;
pub mod faults;
pub mod instance;
pub mod kms;
mod metadata;
pub mod operation;
pub mod pages;
pub mod parameters;
mod protocol;
mod query;
mod question;
pub mod secrets;
mod server;
mod service;
mod strike;
pub mod sts;
pub mod tls;
pub mod wire;
mod world;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use calls::Calls;
use container::Container;
use credentials::Expired;
use faults::FaultRule;
use instance::Instance;
use kms::Kms;
use operation::Operation;
use parameters::Parameters;
use secrets::Secrets;
use server::Server;
use sts::Sts;
use tls::{Authority, Handshake, TlsFault};
use wire::ErrorForm;
use world::World;
pub(crate) use world::lock;

/// A running endpoint; it stops when dropped.
pub struct AwsDouble {
    world: Arc<World>,
    server: Server,
    authority: Option<Arc<Authority>>,
}

/// What an endpoint starts with; see [`AwsDouble::builder`].
#[derive(Default)]
pub struct Builder {
    tls: bool,
    ipv6: bool,
    port: u16,
}

impl AwsDouble {
    /// Starts an endpoint over plain HTTP on a free port.
    ///
    /// # Panics
    ///
    /// When loopback cannot be bound.
    #[must_use]
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// Starts an endpoint over HTTPS on a free port, with a certificate from an authority of its own.
    ///
    /// # Panics
    ///
    /// When loopback cannot be bound.
    #[must_use]
    pub fn start_tls() -> Self {
        Self::builder().tls().start()
    }

    /// Settings that must be known before the start.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The endpoint's base URL, as `AWS_ENDPOINT_URL` takes it.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.authority.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.server.address())
    }

    /// The address the endpoint listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The certificate of the endpoint's authority in PEM, as `AWS_CA_BUNDLE` takes it; none over HTTP.
    #[must_use]
    pub fn ca_pem(&self) -> Option<&str> {
        self.authority.as_deref().map(Authority::ca_pem)
    }

    /// Writes [`ca_pem`](Self::ca_pem) into a file.
    ///
    /// # Errors
    ///
    /// When the file cannot be written; over HTTP an empty file is written.
    pub fn write_ca_bundle(&self, path: &Path) -> std::io::Result<()> {
        std::fs::write(path, self.ca_pem().unwrap_or_default())
    }

    /// The keys, aliases and permissions of KMS.
    #[must_use]
    pub fn kms(&self) -> &Kms {
        &self.world.kms
    }

    /// The secrets of Secrets Manager, and who may read them.
    #[must_use]
    pub fn secrets(&self) -> &Secrets {
        &self.world.secrets
    }

    /// The parameters of Parameter Store, and who may read them.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        &self.world.parameters
    }

    /// The roles and web identities of STS.
    #[must_use]
    pub fn sts(&self) -> &Sts {
        &self.world.sts
    }

    /// The endpoint that gives containers credentials.
    #[must_use]
    pub fn container(&self) -> &Container {
        &self.world.container
    }

    /// The instance metadata service.
    #[must_use]
    pub fn instance(&self) -> &Instance {
        &self.world.instance
    }

    /// What was called so far.
    #[must_use]
    pub fn calls(&self) -> &Calls {
        &self.world.calls
    }

    /// Adds a fault; the first rule that matches a request and is not used up applies.
    pub fn inject(&self, rule: FaultRule) {
        self.world.faults.inject(rule);
    }

    /// Removes all injected faults.
    pub fn clear_faults(&self) {
        self.world.faults.clear();
    }

    /// Delays every answer to `operation` (or to all) by `latency`.
    pub fn set_latency(&self, operation: Option<Operation>, latency: Duration) {
        self.world.faults.set_latency(operation, latency);
    }

    /// Throttles `operation` in each Region to `per_second` calls, with bursts of as many; `None` lifts it. The reads of
    /// Parameter Store share one rate.
    pub fn set_rate_limit(&self, operation: Operation, per_second: Option<u32>) {
        self.world.faults.set_rate_limit(operation, per_second);
    }

    /// Moves the endpoint's clock by `seconds`: its `Date` headers shift, and requests signed more than
    /// five minutes away from it are refused.
    pub fn set_clock_skew(&self, seconds: i64) {
        self.world.clock.set_skew(seconds);
    }

    /// Refuses requests signed with these credentials as expired.
    pub fn set_expired(&self, expired: Expired) {
        self.world.credentials.set_expired(expired);
    }

    /// How errors name their code; [`ErrorForm::Bare`] unless set.
    pub fn set_error_form(&self, form: ErrorForm) {
        self.world.set_error_form(form);
    }

    /// Makes new TLS connections fail; `None` makes them succeed again. Without effect over HTTP.
    pub fn set_tls_fault(&self, fault: Option<TlsFault>) {
        if let Some(authority) = &self.authority {
            authority.set_fault(fault);
        }
    }

    /// What clients offered in their TLS handshakes, oldest first.
    #[must_use]
    pub fn handshakes(&self) -> Vec<Handshake> {
        self.authority.as_deref().map(Authority::handshakes).unwrap_or_default()
    }
}

impl Builder {
    /// Serves HTTPS in place of HTTP.
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Listens on ::1 in place of 127.0.0.1.
    #[must_use]
    pub fn ipv6(mut self) -> Self {
        self.ipv6 = true;
        self
    }

    /// Listens on `port`; a free one unless set.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Starts the endpoint on a thread of its own.
    ///
    /// # Panics
    ///
    /// When the port cannot be bound.
    #[must_use]
    pub fn start(self) -> AwsDouble {
        let authority = self.tls.then(|| Arc::new(Authority::new()));
        let world = Arc::new(World::new());
        let host = if self.ipv6 { Ipv6Addr::LOCALHOST.into() } else { IpAddr::from(Ipv4Addr::LOCALHOST) };
        let address = SocketAddr::new(host, self.port);
        let listener = TcpListener::bind(address).unwrap_or_else(|error| panic!("bind {address}: {error}"));
        let server = Server::start(listener, Arc::clone(&world), authority.clone());
        AwsDouble { world, server, authority }
    }
}

/// An address on loopback where nothing listens: connections are refused at once.
///
/// # Panics
///
/// When loopback cannot be bound.
#[must_use]
pub fn closed_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
    listener.local_addr().expect("a bound listener has an address")
}
