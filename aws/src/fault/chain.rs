//! An error and its sources, and what they say about the connection.

use std::error::Error;
use std::io;

use aws_smithy_http::endpoint::error::ResolveEndpointError;
use aws_smithy_runtime_api::client::result::ConnectorError;
use rustls::CertificateError;

use super::{FaultClass, Finding, shown};

/// Any error, as `source` gives it.
pub(crate) type AnyError = dyn Error + 'static;

/// An error and its sources, outermost first.
///
/// An I/O error's source passes over the error that it wraps, so that one is visited here first.
pub(super) fn links(error: &AnyError) -> impl Iterator<Item = &AnyError> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let link = next?;
        next = match link.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => link.source(),
        };
        Some(link)
    })
}

/// The innermost error's text, on one line.
pub(super) fn root(error: &AnyError) -> String {
    shown(&links(error).last().map(ToString::to_string).unwrap_or_default())
}

/// Settings that lead to no endpoint: no Region, or FIPS together with an endpoint of one's own.
pub(super) fn endpoint(error: &AnyError) -> Option<Finding> {
    let resolving = links(error).find(|link| link.is::<ResolveEndpointError>())?;
    let cause = format!("no endpoint can be chosen: {}", root(resolving));
    Some(Finding::new(FaultClass::Misconfigured, cause))
}

/// What stopped a connection, where the error is one about a connection.
pub(super) fn connection(error: &AnyError) -> Option<Finding> {
    let connector = links(error).find_map(|link| link.downcast_ref::<ConnectorError>())?;
    if let Some(tls) = rustls_error(connector) {
        return Some(from_tls(tls));
    }
    let io = links(connector).filter_map(|link| link.downcast_ref::<io::Error>()).last();
    let cause = match io {
        _ if connector.is_timeout() => "no answer in time".to_owned(),
        Some(io) => format!("no connection: {}", shown(&io.to_string())),
        None => format!("no connection: {}", root(connector)),
    };
    Some(Finding::new(FaultClass::Outage, cause))
}

/// The error that ended a TLS handshake.
pub(crate) fn rustls_error(error: &AnyError) -> Option<&rustls::Error> {
    links(error).find_map(|link| link.downcast_ref())
}

/// A failed handshake counts as an outage: nobody who may speak for the service has answered.
fn from_tls(error: &rustls::Error) -> Finding {
    let finding = Finding::new(FaultClass::Outage, format!("the TLS handshake failed: {error}"));
    let rustls::Error::InvalidCertificate(certificate) = error else {
        return finding;
    };
    finding.with_hint(match certificate {
        CertificateError::UnknownIssuer => {
            "the server's certificate comes from an authority that is not trusted here: if a proxy \
             or an endpoint of your own is meant to answer, set AWS_CA_BUNDLE to its CA's PEM file"
        }
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => {
            "check this machine's clock and the validity of the server's certificate"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the certificate is another server's: check AWS_ENDPOINT_URL, the proxy and DNS"
        }
        _ => "check the server's certificate, AWS_CA_BUNDLE and what stands between here and AWS",
    })
}
