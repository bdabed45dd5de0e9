//! The class of an answer, by the service's error code and the HTTP status.

use super::{FaultClass, Finding, shown};

/// Classifies an answer of a service; `code` is absent where the answer was not the protocol's (a
/// proxy's page, a load balancer's 503).
pub(super) fn find(code: Option<&str>, message: Option<&str>, status: u16) -> Finding {
    let class = code.and_then(|code| class_of(code, message.unwrap_or_default())).unwrap_or_else(|| by_status(status));
    let code = code.map(shown);
    let cause = match (&code, message) {
        (Some(code), Some(message)) if names_only(class) && !message.is_empty() => {
            format!("{code}: {}", shown(message))
        }
        (Some(code), _) => code.clone(),
        (None, _) => format!("the answer (HTTP {status}) is not one of the service's"),
    };
    Finding { class, code, cause, hint: None, login: None }
}

/// Whether messages of this class name principals, resources and policies only, so that they may be
/// shown.
fn names_only(class: FaultClass) -> bool {
    matches!(class, FaultClass::Denied | FaultClass::Revoked | FaultClass::Absent)
}

/// What an error code of KMS, Secrets Manager, Systems Manager, STS or IAM Identity Center means.
pub(super) fn class_of(code: &str, message: &str) -> Option<FaultClass> {
    use FaultClass::{Absent, Denied, ExpiredLogin, Outage, Refused, Revoked, Throttled};
    Some(match code {
        "AccessDeniedException"
        | "AccessDenied"
        | "UnauthorizedOperation"
        | "NotAuthorized"
        | "ForbiddenException"
        | "IDPRejectedClaim"
        | "OptInRequired"
        | "RegionDisabledException" => Denied,

        "DisabledException" | "KMSInvalidStateException" | "DecryptionFailure" => Revoked,
        // Secrets Manager has one code for a secret awaiting deletion and for requests that
        // contradict themselves.
        "InvalidRequestException" if message.contains("deletion") => Revoked,

        "NotFoundException"
        | "ResourceNotFoundException"
        | "ParameterNotFound"
        | "ParameterVersionNotFound"
        | "ParameterVersionNotFoundException" => Absent,

        "ThrottlingException"
        | "Throttling"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "TooManyRequestsException"
        | "RequestLimitExceeded"
        | "LimitExceededException"
        | "SlowDown"
        | "BandwidthLimitExceeded"
        | "ProvisionedThroughputExceededException"
        | "TooManyUpdates" => Throttled,

        // KMS' own word for an unavailable key is "you can retry"; it comes with HTTP 500, unlike a
        // revoked key.
        "KeyUnavailableException"
        | "KMSInternalException"
        | "KMSInternal"
        | "DependencyTimeoutException"
        | "InternalServiceError"
        | "InternalServerError"
        | "InternalFailure"
        | "InternalError"
        | "ServiceUnavailable"
        | "ServiceUnavailableException"
        | "RequestTimeout"
        | "RequestTimeoutException"
        | "IDPCommunicationError" => Outage,

        "ExpiredToken"
        | "ExpiredTokenException"
        | "ExpiredTokenIdentity"
        | "TokenRefreshRequired"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidIdentityToken"
        | "InvalidIdentityTokenException"
        | "UnauthorizedException"
        | "InvalidGrantException"
        | "InvalidClientException"
        | "UnauthorizedClientException"
        | "InvalidAccessKeyId"
        | "InvalidToken"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "RequestExpired"
        | "RequestTimeTooSkewed" => ExpiredLogin,

        "InvalidCiphertextException"
        | "IncorrectKeyException"
        | "ValidationException"
        | "ValidationError"
        | "InvalidKeyUsageException"
        | "InvalidGrantTokenException"
        | "InvalidArnException"
        | "InvalidKeyId"
        | "InvalidParameterException"
        | "InvalidRequestException"
        | "DryRunOperationException"
        | "UnsupportedOperationException"
        | "SerializationException" => Refused,

        _ => return None,
    })
}

/// The class of an answer without a known code.
fn by_status(status: u16) -> FaultClass {
    match status {
        429 => FaultClass::Throttled,
        401 | 403 => FaultClass::Denied,
        // 407 is a proxy that wants a password: a way to the service, not the service, says no.
        407 => FaultClass::Misconfigured,
        400..=499 => FaultClass::Refused,
        // A success that cannot be read was cut short or comes from something between us and the
        // service.
        _ => FaultClass::Outage,
    }
}
