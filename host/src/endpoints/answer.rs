//! Answers, and those that every program gives.

use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Bytes;

/// A whole answer.
pub type Answer = Response<Full<Bytes>>;

/// Plain text.
#[must_use]
pub fn text(code: StatusCode, body: impl Into<Bytes>) -> Answer {
    with_type(code, "text/plain; charset=utf-8", body)
}

/// A body of any type.
#[must_use]
pub fn with_type(code: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = code;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

/// 404.
#[must_use]
pub fn not_found() -> Answer {
    text(StatusCode::NOT_FOUND, "not found\n")
}

/// 405, for a path that knows `methods` alone, such as `GET, HEAD`.
#[must_use]
pub fn not_allowed(methods: &'static str) -> Answer {
    let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, format!("only {}\n", methods.replace(", ", " and ")));
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
    answer
}
