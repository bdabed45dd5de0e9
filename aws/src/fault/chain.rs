//! The class of a failure that is no answer: walks an error's sources for what stopped the call.

use std::error::Error;
use std::io;

use aws_credential_types::provider::error::CredentialsError;

use super::{FaultClass, Finding};

/// Classifies a call that ended without an answer.
pub(super) fn find(error: &(dyn Error + 'static)) -> Finding {
    if let Some(credentials) = links(error).find_map(|link| link.downcast_ref::<CredentialsError>()) {
        return from_credentials(credentials);
    }
    let (class, cause) = links(error).find_map(from_link).unwrap_or_else(|| match error.to_string().as_str() {
        "failed to construct request" => {
            (FaultClass::Misconfigured, format!("no request could be made: {}", root(error)))
        }
        "request has timed out" => (FaultClass::Outage, "no answer in time".to_owned()),
        _ => (FaultClass::Outage, format!("no answer: {}", root(error))),
    });
    Finding { class, code: None, cause, hint: None }
}

/// An error and its sources, outermost first.
fn links<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let link = next?;
        next = link.source();
        Some(link)
    })
}

/// What a failure to find credentials means.
fn from_credentials(error: &CredentialsError) -> Finding {
    let (class, cause) = match error {
        CredentialsError::CredentialsNotLoaded(_) => (FaultClass::NoCredentials, "no AWS credentials were found"),
        CredentialsError::InvalidConfiguration(_) => {
            (FaultClass::Misconfigured, "the AWS profile that the credentials should come from is not usable")
        }
        CredentialsError::ProviderTimedOut(_) => {
            (FaultClass::Outage, "the source of the credentials did not answer in time")
        }
        _ => (FaultClass::ExpiredLogin, "the source of the credentials gave none"),
    };
    Finding { class, code: None, cause: cause.to_owned(), hint: None }
}

/// What one error of the chain says about the connection.
fn from_link(link: &(dyn Error + 'static)) -> Option<(FaultClass, String)> {
    if let Some(tls) = link.downcast_ref::<rustls::Error>() {
        return Some((FaultClass::Outage, format!("the TLS handshake failed: {tls}")));
    }
    let io = link.downcast_ref::<io::Error>()?;
    if let Some(inner) = io.get_ref() {
        // `source` of an I/O error passes over the error it wraps.
        return from_link(inner);
    }
    Some((FaultClass::Outage, format!("no connection: {io}")))
}

/// The innermost error's text.
fn root(error: &(dyn Error + 'static)) -> String {
    let last = links(error).last();
    super::shown(&last.map(ToString::to_string).unwrap_or_default())
}
