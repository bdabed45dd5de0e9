//! What an injected fault does to an answer.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hyper::Response;
use hyper::http::response::Builder;
use serde_json::{Map, Value};

use super::body::Answer;
use super::error::ServiceError;
use super::faults::Effect;
use super::operation::Operation;
use super::protocol::Protocol;

/// Ends the connection without an answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Closed {
    #[error("the connection is closed, as set by the test")]
    Orderly,
    #[error("the connection is reset, as set by the test")]
    Reset,
}

/// Head and body of an answer, or the error to answer with.
pub(super) type Outcome = Result<(Builder, Answer), ServiceError>;

/// How answers to one request are written.
pub(super) struct Pen<'a> {
    pub(super) protocol: Protocol,
    pub(super) operation: Operation,
    pub(super) request_id: &'a str,
}

impl Pen<'_> {
    fn write(&self, value: &Value) -> (Builder, Vec<u8>) {
        self.protocol.answer(self.operation, value, self.request_id)
    }

    /// A right answer, all at once.
    pub(super) fn whole(&self, value: &Value) -> (Builder, Answer) {
        let (builder, body) = self.write(value);
        (builder, Answer::whole(body))
    }
}

/// Answers with `effect` in place of the `right` answer.
pub(super) async fn strike(
    effect: Effect,
    pen: &Pen<'_>,
    right: impl Fn() -> Result<Value, ServiceError>,
) -> Result<Outcome, Closed> {
    let outcome = match effect {
        Effect::Error(status, code, message) => Err(ServiceError::new(status, &code, message)),
        Effect::Throttle => Err(ServiceError::throttled(pen.operation.service())),
        Effect::Status(status) => {
            let body = format!("<html><body><h1>{status}</h1></body></html>");
            Ok((Response::builder().status(status).header("content-type", "text/html"), Answer::whole(body)))
        }
        Effect::Silence => std::future::pending().await,
        Effect::Close => return Err(Closed::Orderly),
        Effect::Reset => return Err(Closed::Reset),
        Effect::Drip(milliseconds) => right().map(|value| {
            let (builder, body) = pen.write(&value);
            (builder, Answer::drip(body, Duration::from_millis(milliseconds)))
        }),
        Effect::Oversized(length) => Ok((pen.write(&Value::Null).0, Answer::Filler { left: length })),
        Effect::CutOff => right().map(|value| {
            let (builder, mut body) = pen.write(&value);
            body.truncate(body.len() / 2);
            (builder, Answer::CutOff { sent: Some(body.into()) })
        }),
        Effect::WrongKeyId(id) => right().map(|value| pen.whole(&with_key_id(value, id))),
        Effect::ShortKey(length) => right().map(|value| pen.whole(&with_plaintext(value, |key| key.truncate(length)))),
        Effect::WrongKey => right().map(|value| pen.whole(&with_plaintext(value, |key| key[0] ^= 1))),
        Effect::Empty => Ok(pen.whole(&Value::Object(Map::new()))),
    };
    Ok(outcome)
}

fn with_key_id(mut answer: Value, id: String) -> Value {
    answer["KeyId"] = Value::from(id);
    answer
}

fn with_plaintext(mut answer: Value, change: impl FnOnce(&mut Vec<u8>)) -> Value {
    if let Some(mut plaintext) = answer["Plaintext"].as_str().and_then(|text| BASE64_STANDARD.decode(text).ok()) {
        change(&mut plaintext);
        answer["Plaintext"] = Value::from(BASE64_STANDARD.encode(plaintext));
    }
    answer
}
