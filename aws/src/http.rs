//! The HTTP client of all SDK clients: one TLS stack, and for each request the way it takes.
//!
//! TLS is rustls on aws-lc-rs: TLS 1.2 and 1.3, AEAD suites, and X25519MLKEM768 as the first key
//! agreement offered. `tests/tls.rs` reads this off a handshake.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_async::rt::sleep::default_async_sleep;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http::Uri;
use http_body_util::Limited;

use crate::fault::chain::rustls_error;
use crate::proxy::{Proxies, is_always_direct};
use crate::roots::Roots;

/// The longest answer that is read, in bytes: an endpoint that never ends must not take all memory before the deadline
/// comes. A secret of 64 KiB has 384 KiB at most as JSON, and nothing but the lists below brings more.
const LONGEST_ANSWER: usize = 1024 * 1024;

/// The longest answer that brings many things: twenty secrets, ten parameters that refer to secrets, or a hundred
/// descriptions with their tags.
const LONGEST_LIST: usize = 8 * 1024 * 1024;

/// What [`LONGEST_LIST`] holds for, in the header `X-Amz-Target`.
const LISTS: [&str; 3] =
    ["secretsmanager.BatchGetSecretValue", "secretsmanager.ListSecrets", "AmazonSSM.GetParameters"];

/// Makes one set of connectors, with its pool of connections, per pair of time-outs.
pub(crate) struct RoutedClient {
    tls: TlsContext,
    proxies: Proxies,
    connectors: Mutex<HashMap<Timeouts, SharedHttpConnector>>,
}

/// Connect and read time-out.
type Timeouts = (Option<Duration>, Option<Duration>);

impl RoutedClient {
    pub(crate) fn new(roots: &Roots, proxies: Proxies) -> Self {
        Self { tls: roots.tls_context(), proxies, connectors: Mutex::default() }
    }

    fn connector(&self, settings: &HttpConnectorSettings, proxy: Option<ProxyConfig>) -> Connector {
        let mut builder = Connector::builder().connector_settings(settings.clone());
        builder.set_sleep_impl(default_async_sleep());
        builder.set_proxy_config(proxy);
        builder.tls_provider(Provider::rustls(CryptoMode::AwsLc)).tls_context(self.tls.clone()).build()
    }
}

impl HttpClient for RoutedClient {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        let timeouts = (settings.connect_timeout(), settings.read_timeout());
        // A panic while the lock was held cannot have left half an entry.
        let mut connectors = self.connectors.lock().unwrap_or_else(PoisonError::into_inner);
        connectors
            .entry(timeouts)
            .or_insert_with(|| {
                let by = |proxy: &Option<ProxyConfig>| {
                    let proxy = proxy.clone()?;
                    Some(self.connector(settings, Some(proxy)))
                };
                SharedHttpConnector::new(Routes {
                    direct: self.connector(settings, None),
                    https: by(&self.proxies.https),
                    http: by(&self.proxies.http),
                })
            })
            .clone()
    }
}

impl fmt::Debug for RoutedClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoutedClient").field("proxies", &self.proxies).finish_non_exhaustive()
    }
}

/// The ways that requests can take; those through a proxy honour `NO_PROXY` themselves.
#[derive(Debug)]
struct Routes {
    direct: Connector,
    https: Option<Connector>,
    http: Option<Connector>,
}

impl HttpConnector for Routes {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let uri: Uri = request.uri().parse().unwrap_or_default();
        let through = match uri.scheme_str() {
            _ if uri.host().is_none_or(is_always_direct) => None,
            Some("https") => self.https.as_ref(),
            _ => self.http.as_ref(),
        };
        let is_list = request.headers().get("x-amz-target").is_some_and(|target| LISTS.contains(&target));
        let longest = if is_list { LONGEST_LIST } else { LONGEST_ANSWER };
        let answer = through.unwrap_or(&self.direct).call(request);
        let host = uri.host().unwrap_or_default().to_owned();
        HttpConnectorFuture::new(async move {
            let answer = answer.await.map_err(|error| unreached(host, error))?;
            Ok(answer.map(|body| SdkBody::from_body_1_x(Limited::new(body, longest))))
        })
    }
}

/// A request that got no answer, and from whom; the SDK's own errors do not name the host.
#[derive(Debug, thiserror::Error)]
#[error("{host} did not answer")]
pub(crate) struct Unreached {
    pub(crate) host: String,
    source: BoxError,
}

/// Adds the host to an error, and keeps a certificate that is not trusted from being tried again:
/// it will not be trusted in a second either.
fn unreached(host: String, error: ConnectorError) -> ConnectorError {
    let (timeout, io, user, other) = (error.is_timeout(), error.is_io(), error.is_user(), error.as_other());
    let untrusted = matches!(rustls_error(&error), Some(rustls::Error::InvalidCertificate(_)));
    let source = error.into_source();
    let source = Box::new(Unreached { host, source });
    match () {
        () if untrusted => ConnectorError::other(source, None),
        () if timeout => ConnectorError::timeout(source),
        () if io => ConnectorError::io(source),
        () if user => ConnectorError::user(source),
        () => ConnectorError::other(source, other),
    }
}
