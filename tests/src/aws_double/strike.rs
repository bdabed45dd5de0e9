//! What an injected fault does to an answer.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hyper::Response;
use hyper::http::response;
use serde_json::{Map, Value};

use super::body::Answer;
use super::error::ServiceError;
use super::faults::Effect;
use super::wire;

/// Closes the connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed, as set by the test")]
pub(super) struct Closed;

/// Head and body of an answer, or the error to answer with.
pub(super) type Outcome = Result<(response::Builder, Answer), ServiceError>;

/// Answers with `effect` in place of the `right` answer.
pub(super) async fn strike(effect: Effect, right: impl Fn() -> Result<Value, ServiceError>) -> Result<Outcome, Closed> {
    let outcome = match effect {
        Effect::Error(status, code, message) => Err(ServiceError::new(status, &code, message)),
        Effect::Throttle => Err(ServiceError::throttled()),
        Effect::Status(status) => {
            let body = format!("<html><body><h1>{status}</h1></body></html>");
            Ok((Response::builder().status(status).header("content-type", "text/html"), Answer::whole(body)))
        }
        Effect::Silence => std::future::pending().await,
        Effect::Close => return Err(Closed),
        Effect::Drip(milliseconds) => right().map(|value| {
            let (builder, body) = wire::answer(&value);
            (builder, Answer::drip(body, Duration::from_millis(milliseconds)))
        }),
        Effect::Oversized(length) => Ok((wire::answer(&Value::Null).0, Answer::Filler { left: length })),
        Effect::CutOff => right().map(|value| {
            let (builder, mut body) = wire::answer(&value);
            body.truncate(body.len() / 2);
            (builder, Answer::CutOff { sent: Some(body.into()) })
        }),
        Effect::WrongKeyId(id) => right().map(|value| whole(&with_key_id(value, id))),
        Effect::ShortKey(length) => right().map(|value| whole(&with_plaintext(value, |key| key.truncate(length)))),
        Effect::WrongKey => right().map(|value| whole(&with_plaintext(value, |key| key[0] ^= 1))),
        Effect::Empty => Ok(whole(&Value::Object(Map::new()))),
    };
    Ok(outcome)
}

/// A right answer, all at once.
pub(super) fn whole(value: &Value) -> (response::Builder, Answer) {
    let (builder, body) = wire::answer(value);
    (builder, Answer::whole(body))
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
