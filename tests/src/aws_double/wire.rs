//! The AWS JSON 1.1 protocol: what is read from a request, and how an answer is written.

use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use hyper::http::response;
use serde_json::{Value, json};

use super::error::ServiceError;
use super::operation::Operation;

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

/// What the headers of a request say.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) operation: Operation,
    pub(super) region: String,
    pub(super) access_key_id: String,
    pub(super) amz_date: String,
    pub(super) user_agent: String,
}

impl Head {
    pub(super) fn parse(headers: &HeaderMap) -> Result<Self, ServiceError> {
        let operation = text(headers, "x-amz-target")
            .and_then(Operation::from_target)
            .ok_or_else(ServiceError::unknown_operation)?;
        let authorization = text(headers, AUTHORIZATION.as_str()).ok_or_else(ServiceError::missing_token)?;
        let (access_key_id, region) =
            credential(authorization).ok_or_else(|| ServiceError::incomplete_signature("Authorization"))?;
        let amz_date = text(headers, "x-amz-date").ok_or_else(|| ServiceError::incomplete_signature("X-Amz-Date"))?;
        Ok(Self {
            operation,
            region: region.to_owned(),
            access_key_id: access_key_id.to_owned(),
            amz_date: amz_date.to_owned(),
            user_agent: text(headers, USER_AGENT.as_str()).unwrap_or_default().to_owned(),
        })
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Access key id and Region of `AWS4-HMAC-SHA256 Credential=ID/20261124/us-east-1/kms/aws4_request, …`.
fn credential(authorization: &str) -> Option<(&str, &str)> {
    let parameters = authorization.strip_prefix("AWS4-HMAC-SHA256 ")?;
    let scope = parameters.split(',').find_map(|parameter| parameter.trim().strip_prefix("Credential="))?;
    let mut parts = scope.rsplitn(5, '/');
    match [(); 5].map(|()| parts.next()) {
        [Some("aws4_request"), Some("kms"), Some(region), Some(_date), Some(id)] => Some((id, region)),
        _ => None,
    }
}

/// Head and body of an error answer.
pub(super) fn error_answer(error: &ServiceError, form: ErrorForm) -> (response::Builder, Vec<u8>) {
    let mut builder = hyper::Response::builder().status(error.status).header(CONTENT_TYPE, JSON);
    let mut body = json!({ "message": error.message });
    match form {
        ErrorForm::Bare => body["__type"] = Value::from(error.code.as_str()),
        ErrorForm::Namespaced => body["__type"] = Value::from(format!("com.amazonaws.kms#{}", error.code)),
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
        assert_eq!(credential(header), Some(("AKID", "eu-west-1")));
        for bad in ["", "AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256 Credential=AKID/20261124/eu-west-1/s3/aws4_request"] {
            assert_eq!(credential(bad), None, "{bad}");
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
