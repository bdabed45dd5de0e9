//! The AWS Query protocol, which STS speaks: a form in the request, XML in the answer.

use hyper::header::CONTENT_TYPE;
use hyper::http::request::Parts;
use hyper::http::response::Builder;
use serde_json::{Map, Value};

use super::error::ServiceError;
use super::operation::Operation;
use super::service::Service;
use super::wire::{self, Read};

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

pub(super) fn read(head: &Parts, body: &[u8]) -> Read {
    let members: Map<String, Value> = form_urlencoded::parse(body)
        .map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())))
        .collect();
    let operation = members.get("Action").and_then(Value::as_str).and_then(|action| action.parse::<Operation>().ok());
    let operation = operation.filter(|operation| operation.service() == Service::Sts);
    let operation = operation.ok_or_else(|| ServiceError::new(400, "InvalidAction", "Could not find operation"))?;
    // A web identity is its own proof: such a request is not signed.
    let signed = match operation {
        Operation::AssumeRoleWithWebIdentity => None,
        _ => Some(wire::signature(&head.headers, Service::Sts)?),
    };
    Ok((operation, signed, Value::Object(members)))
}

pub(super) fn answer(operation: Operation, body: &Value, request_id: &str) -> (Builder, Vec<u8>) {
    let mut xml = format!("<{operation}Response xmlns=\"{NAMESPACE}\"><{operation}Result>");
    write(body, &mut xml);
    xml.push_str(&format!(
        "</{operation}Result><ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>\
         </{operation}Response>"
    ));
    (builder(200), xml.into_bytes())
}

pub(super) fn error(error: &ServiceError, request_id: &str) -> (Builder, Vec<u8>) {
    let ServiceError { status, code, message } = error;
    let kind = if *status < 500 { "Sender" } else { "Receiver" };
    let xml = format!(
        "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>{kind}</Type><Code>{}</Code><Message>{}</Message></Error>\
         <RequestId>{request_id}</RequestId></ErrorResponse>",
        escaped(code),
        escaped(message)
    );
    (builder(*status), xml.into_bytes())
}

fn builder(status: u16) -> Builder {
    hyper::Response::builder().status(status).header(CONTENT_TYPE, "text/xml")
}

/// Writes members as elements; text stands as it is, but escaped.
fn write(value: &Value, xml: &mut String) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                xml.push_str(&format!("<{name}>"));
                write(member, xml);
                xml.push_str(&format!("</{name}>"));
            }
        }
        Value::String(text) => xml.push_str(&escaped(text)),
        other => xml.push_str(&other.to_string()),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
