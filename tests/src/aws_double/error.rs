//! Errors as the services word them.

use super::service::Service;

/// An error answer: status, code and message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ServiceError {
    pub(super) status: u16,
    pub(super) code: String,
    pub(super) message: String,
}

impl ServiceError {
    pub(super) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into() }
    }

    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationException", message)
    }

    /// The wording of a constraint that a member breaks.
    pub(super) fn constraint(member: &str, constraint: &str) -> Self {
        Self::validation(format!(
            "1 validation error detected: Value at '{member}' failed to satisfy constraint: {constraint}"
        ))
    }

    pub(super) fn serialization(cause: &serde_json::Error) -> Self {
        Self::new(400, "SerializationException", cause.to_string())
    }

    pub(super) fn unknown_operation() -> Self {
        Self::new(400, "UnknownOperationException", "")
    }

    pub(super) fn incomplete_signature(header: &str) -> Self {
        Self::new(400, "IncompleteSignatureException", format!("The request lacks a well-formed {header}."))
    }

    pub(super) fn missing_token() -> Self {
        Self::new(400, "MissingAuthenticationTokenException", "Missing Authentication Token")
    }

    pub(super) fn expired_token() -> Self {
        Self::new(400, "ExpiredTokenException", "The security token included in the request is expired")
    }

    /// The refusal of a call beyond the rate, in the words of its service.
    pub(super) fn throttled(service: Service) -> Self {
        let kms = "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.";
        match service {
            Service::Kms => Self::new(400, "ThrottlingException", kms),
            Service::SecretsManager | Service::Ssm => Self::new(400, "ThrottlingException", "Rate exceeded"),
            Service::Sts => Self::new(400, "Throttling", "Rate exceeded"),
            Service::Container | Service::Instance => Self::new(429, "TooManyRequests", "Rate exceeded"),
        }
    }

    pub(super) fn too_large() -> Self {
        Self::new(413, "RequestEntityTooLargeException", "The request is too large.")
    }
}
