//! The AWS JSON 1.1 protocol: what is read from a request, and how an answer is written.

use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::http::request::Parts;
use hyper::http::response;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::error::ServiceError;
use super::operation::Operation;
use super::question::Signature;
use super::service::Service;

/// How an error answer names its code. Services differ, and clients must understand all three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorForm {
    /// `"__type": "NotFoundException"`
    Bare,
    /// `"__type": "com.amazonaws.kms#NotFoundException"`
    Namespaced,
    /// No `__type`; the header `x-amzn-ErrorType: NotFoundException:http://internal.amazon.com/`.
    Header,
}

/// What is read of a request: its operation, who signed it for which Region, and its members.
pub(super) type Read = Result<(Operation, Option<(String, Signature)>, Value), ServiceError>;

pub(super) fn read(head: &Parts, body: &[u8]) -> Read {
    let target = text(&head.headers, "x-amz-target").and_then(Service::of_target);
    let (service, operation) = target.ok_or_else(ServiceError::unknown_operation)?;
    let signed = signature(&head.headers, service)?;
    let body = serde_json::from_slice(body).map_err(|cause| ServiceError::serialization(&cause))?;
    Ok((operation, Some(signed), body))
}

/// The Region that a request is signed for, and its signature, which must be one for `service`.
pub(super) fn signature(headers: &HeaderMap, service: Service) -> Result<(String, Signature), ServiceError> {
    let authorization = text(headers, AUTHORIZATION.as_str()).ok_or_else(ServiceError::missing_token)?;
    let (access_key_id, region) =
        credential(authorization, service).ok_or_else(|| ServiceError::incomplete_signature("Authorization"))?;
    let amz_date = text(headers, "x-amz-date").ok_or_else(|| ServiceError::incomplete_signature("X-Amz-Date"))?;
    let signature = Signature {
        access_key_id: access_key_id.to_owned(),
        session_token: text(headers, "x-amz-security-token").map(str::to_owned),
        amz_date: amz_date.to_owned(),
    };
    Ok((region.to_owned(), signature))
}

/// The members of a request as the operation knows them.
pub(super) fn parse<T: DeserializeOwned>(body: &Value) -> Result<T, ServiceError> {
    T::deserialize(body).map_err(|cause| ServiceError::serialization(&cause))
}

pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Access key id and Region of `AWS4-HMAC-SHA256 Credential=ID/20261124/us-east-1/kms/aws4_request, …`.
fn credential(authorization: &str, service: Service) -> Option<(&str, &str)> {
    let parameters = authorization.strip_prefix("AWS4-HMAC-SHA256 ")?;
    let scope = parameters.split(',').find_map(|parameter| parameter.trim().strip_prefix("Credential="))?;
    let mut parts = scope.rsplitn(5, '/');
    match [(); 5].map(|()| parts.next()) {
        [Some("aws4_request"), Some(of), Some(region), Some(_date), Some(id)] if of == service.prefix() => {
            Some((id, region))
        }
        _ => None,
    }
}

/// Head and body of an error answer.
pub(super) fn error_answer(error: &ServiceError, service: Service, form: ErrorForm) -> (response::Builder, Vec<u8>) {
    let mut builder = hyper::Response::builder().status(error.status).header(CONTENT_TYPE, JSON);
    // Secrets Manager writes the member with a capital, and clients must know both.
    let member = if service == Service::SecretsManager { "Message" } else { "message" };
    let mut body = json!({ member: error.message });
    match form {
        ErrorForm::Bare => body["__type"] = Value::from(error.code.as_str()),
        ErrorForm::Namespaced => {
            body["__type"] = Value::from(format!("com.amazonaws.{}#{}", service.prefix(), error.code))
        }
        ErrorForm::Header => {
            builder = builder.header("x-amzn-errortype", format!("{}:http://internal.amazon.com/", error.code));
        }
    }
    (builder, body.to_string().into_bytes())
}

/// Head and body of a right answer.
pub(super) fn answer(body: &Value) -> (response::Builder, Vec<u8>) {
    (hyper::Response::builder().header(CONTENT_TYPE, JSON), body.to_string().into_bytes())
}

const JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.1");

/// A random UUID of version 4, for request and key ids.
pub(super) fn uuid() -> String {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    let value = u128::from_be_bytes(bytes) & !(0xf000 << 64) & !(0xc000 << 48) | (0x4000 << 64) | (0x8000 << 48);
    let hex = format!("{value:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_is_the_credential_scopes() {
        let header =
            "AWS4-HMAC-SHA256 Credential=AKID/20261124/eu-west-1/kms/aws4_request, SignedHeaders=host, Signature=00";
        assert_eq!(credential(header, Service::Kms), Some(("AKID", "eu-west-1")));
        assert_eq!(credential(header, Service::Ssm), None);
        for bad in ["", "AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256 Credential=AKID/20261124/eu-west-1/s3/aws4_request"] {
            assert_eq!(credential(bad, Service::Kms), None, "{bad}");
        }
    }

    #[test]
    fn uuids_have_the_form_of_version_4() {
        let id = uuid();
        assert_eq!(id.len(), 36);
        assert_eq!(&id[14..15], "4", "{id}");
        assert!("89ab".contains(&id[19..20]), "{id}");
        assert_ne!(id, uuid());
    }
}
