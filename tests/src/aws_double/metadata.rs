//! Plain HTTP, as the credentials endpoints of containers and of instances speak it.

use hyper::header::CONTENT_TYPE;
use hyper::http::request::Parts;
use hyper::http::response::Builder;
use serde_json::{Value, json};

use super::error::ServiceError;
use super::operation::Operation;
use super::wire::{self, Read};

/// Paths of containers: ECS, and EKS Pod Identity.
const CONTAINER: [&str; 2] = ["/v2/credentials/", "/v1/credentials"];
/// Paths of instances.
const INSTANCE: &str = "/latest/";
/// The header that says how long a token of the instance metadata service lives, in request and answer.
const TTL: &str = "x-aws-ec2-metadata-token-ttl-seconds";

pub(super) fn is_for(head: &Parts) -> bool {
    let path = head.uri.path();
    path.starts_with(INSTANCE) || CONTAINER.iter().any(|prefix| path.starts_with(prefix))
}

pub(super) fn read(head: &Parts) -> Read {
    let path = head.uri.path();
    let is_instance = path.starts_with(INSTANCE);
    let header = |name| wire::text(&head.headers, name);
    let operation = if is_instance { Operation::InstanceMetadata } else { Operation::ContainerCredentials };
    let body = json!({
        "method": head.method.as_str(),
        "path": path,
        "authorization": header("authorization"),
        "token": header("x-aws-ec2-metadata-token"),
    });
    Ok((operation, None, body))
}

/// Text as it stands, anything else as JSON.
pub(super) fn answer(body: &Value) -> (Builder, Vec<u8>) {
    let builder = hyper::Response::builder().header(TTL, "21600");
    match body {
        Value::String(text) => (builder.header(CONTENT_TYPE, "text/plain"), text.clone().into_bytes()),
        body => (builder.header(CONTENT_TYPE, "application/json"), body.to_string().into_bytes()),
    }
}

pub(super) fn error(error: &ServiceError) -> (Builder, Vec<u8>) {
    let ServiceError { status, code, message } = error;
    let body = json!({ "code": code, "message": message }).to_string();
    (hyper::Response::builder().status(*status).header(CONTENT_TYPE, "application/json"), body.into_bytes())
}
