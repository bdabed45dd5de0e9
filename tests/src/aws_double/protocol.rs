//! The protocols that the endpoint speaks, and how each writes answers and errors.

use hyper::http::request::Parts;
use hyper::http::response::Builder;
use serde_json::Value;

use super::error::ServiceError;
use super::operation::Operation;
use super::service::Service;
use super::wire::{self, ErrorForm};
use super::{metadata, query};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// AWS JSON 1.1.
    Json(Service),
    /// AWS Query: a form in the request, XML in the answer.
    Query,
    /// Plain HTTP, of the endpoints that give credentials to containers and instances.
    Plain,
}

impl Protocol {
    pub(super) fn of(head: &Parts) -> Self {
        if metadata::is_for(head) {
            return Self::Plain;
        }
        let content = wire::text(&head.headers, "content-type").unwrap_or_default();
        if content.starts_with("application/x-www-form-urlencoded") {
            return Self::Query;
        }
        let target = wire::text(&head.headers, "x-amz-target").and_then(Service::of_target);
        Self::Json(target.map_or(Service::Kms, |(service, _)| service))
    }

    /// Head and body of a right answer.
    pub(super) fn answer(self, operation: Operation, body: &Value, request_id: &str) -> (Builder, Vec<u8>) {
        match self {
            Self::Json(_) => wire::answer(body),
            Self::Query => query::answer(operation, body, request_id),
            Self::Plain => metadata::answer(body),
        }
    }

    /// Head and body of an error.
    pub(super) fn error(self, error: &ServiceError, form: ErrorForm, request_id: &str) -> (Builder, Vec<u8>) {
        match self {
            Self::Json(service) => wire::error_answer(error, service, form),
            Self::Query => query::error(error, request_id),
            Self::Plain => metadata::error(error),
        }
    }
}
