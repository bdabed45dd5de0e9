//! An error and its sources, and what they say about the connection.

use std::error::Error;
use std::io;

use aws_smithy_runtime_api::client::result::ConnectorError;
use rustls::CertificateError;

use super::{FaultClass, Finding, shown};
use crate::http::Unreached;

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

/// What stopped a call before there was an answer, where the error is one of sending.
pub(super) fn connection(error: &AnyError) -> Option<Finding> {
    let connector = links(error).find_map(|link| link.downcast_ref::<ConnectorError>())?;
    let host = links(connector).find_map(|link| link.downcast_ref::<Unreached>()).map(|it| it.host.as_str());
    if let Some(tls) = rustls_error(connector) {
        return Some(from_tls(tls, host));
    }
    let io = links(connector).filter_map(|link| link.downcast_ref::<io::Error>()).last();
    if host.is_none() && io.is_none() && connector.is_other() && connector.as_other().is_none() {
        // Nothing was sent: no endpoint can be chosen (no Region, FIPS with an endpoint of one's
        // own) or the one that was given is no URL.
        let cause = format!("no request could be made: {}", root(connector));
        return Some(Finding::new(FaultClass::Misconfigured, cause));
    }
    let tunnel = links(connector).map(ToString::to_string).find(|text| text.starts_with("tunnel error"));
    if let Some(tunnel) = tunnel {
        let to = host.map(|host| format!(" to {}", shown(host))).unwrap_or_default();
        let cause = format!("the proxy opened no tunnel{to} ({})", shown(&tunnel));
        return Some(Finding::new(FaultClass::Outage, cause).with_hint(
            "check HTTPS_PROXY, the proxy's password and what it lets through, or name the host in NO_PROXY",
        ));
    }
    let from = host.map(|host| format!(" from {}", shown(host))).unwrap_or_default();
    let cause = match io {
        _ if connector.is_timeout() => format!("no answer{from} in time"),
        Some(io) => format!("no answer{from}: {}", shown(&io.to_string())),
        None => format!("no answer{from}: {}", root(connector)),
    };
    Some(Finding::new(FaultClass::Outage, cause))
}

/// The error that ended a TLS handshake.
pub(crate) fn rustls_error(error: &AnyError) -> Option<&rustls::Error> {
    links(error).find_map(|link| link.downcast_ref())
}

/// A failed handshake counts as an outage: nobody who may speak for the service has answered.
fn from_tls(error: &rustls::Error, host: Option<&str>) -> Finding {
    let with = host.map(|host| format!(" with {}", shown(host))).unwrap_or_default();
    let finding = Finding::new(FaultClass::Outage, format!("the TLS handshake{with} failed: {error}"));
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
