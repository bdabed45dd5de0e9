//! One shape for every failure of an AWS call: [`Fault`], and the [`FaultClass`] that decisions are
//! made by.
//!
//! ```text
//! SdkError ─┬─ an answer with an error code ── code  ─┐
//!           └─ no answer, or no credentials ── chain ─┴─ class + cause ── hint ── Fault
//! ```
//!
//! A fault repeats what an operator needs and nothing else: of the service's own words only those
//! of classes whose messages name principals, keys and policies. Validation messages echo the
//! rejected input and signature errors the signed request with its session token, so those are left
//! out.

use std::error::Error;
use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;

mod answer;
pub(crate) mod chain;
mod code;
mod hint;
pub(crate) mod login;
#[cfg(test)]
mod tests;

/// As much of a service's message as a fault repeats, in characters.
const MESSAGE_SHOWN: usize = 600;

/// What a failed call means for whoever made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FaultClass {
    /// The service did not answer, or answered that it cannot: network, TLS, time-out, HTTP 5xx.
    Outage,
    /// The service answered that there were too many requests.
    Throttled,
    /// A policy forbids the call.
    Denied,
    /// The key or the secret exists and has been switched off: disabled, awaiting deletion or
    /// import.
    Revoked,
    /// The key, secret or parameter does not exist there.
    Absent,
    /// There are credentials, and the service or the login behind them no longer accepts them.
    ExpiredLogin,
    /// There are no credentials at all.
    NoCredentials,
    /// The configuration cannot work: no Region, a broken profile, contradicting settings.
    Misconfigured,
    /// The service understood the request and refuses it as it is: another key's ciphertext, a
    /// changed context, a value out of range.
    Refused,
}

impl FaultClass {
    /// Whether another Region could answer what this one did not.
    ///
    /// Anything else is an answer, and asking elsewhere would be a way round it: a key disabled
    /// here must not be used through its replica there.
    #[must_use]
    pub fn is_failover_worthy(self) -> bool {
        matches!(self, Self::Outage | Self::Throttled)
    }

    /// The stable word for it in logs, metrics and audit lines (`docs/audit.md`), which know no difference between
    /// credentials that are missing and those that have expired.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Outage => "outage",
            Self::Throttled => "throttled",
            Self::Denied => "denied",
            Self::Revoked => "revoked",
            Self::Absent => "not-found",
            Self::ExpiredLogin | Self::NoCredentials => "expired-login",
            Self::Misconfigured => "config",
            Self::Refused => "refused",
        }
    }
}

impl fmt::Display for FaultClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a call to AWS failed: what was asked of which resource where, what came back, and what to do
/// next.
///
/// Its text is one line, and complete: it has no source, for an SDK error's chain repeats itself
/// and may hold what must not be printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    action: String,
    resource: String,
    region: Option<String>,
    code: Option<String>,
    request_id: Option<String>,
    class: FaultClass,
    cause: String,
    hint: String,
    login: Option<NoLogin>,
}

/// What came of getting the credentials for a call, which was therefore not made.
#[derive(Clone, Debug, PartialEq, Eq)]
enum NoLogin {
    /// There are none, or nobody answered.
    Unanswered,
    /// This IAM action was answered with a refusal.
    Refused { action: &'static str, request_id: Option<String> },
}

impl Fault {
    /// The fault that an SDK call ended in.
    ///
    /// `action` is the IAM action (`kms:Decrypt`), `resource` what it was asked of (a key's ARN, a
    /// secret's name) and `region` the Region of the client.
    #[must_use]
    pub fn from_sdk<E>(action: &str, resource: &str, region: Option<&str>, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let status = error.raw_response().map(|response| response.status().as_u16());
        let mut request_id = error.request_id().or_else(|| error.meta().request_id()).map(shown);
        let finding = match (error, status) {
            (SdkError::ServiceError(_), Some(status)) => code::find(error.code(), error.message(), status),
            (SdkError::ResponseError(_), Some(status)) => code::find(None, None, status),
            _ => unanswered(error),
        };
        if let Some(NoLogin::Refused { request_id: of_login, .. }) = &finding.login {
            request_id.clone_from(of_login);
        }
        Self::of_finding(finding, &hint::Place { action, resource, region }, request_id)
    }

    fn of_finding(finding: Finding, place: &hint::Place<'_>, request_id: Option<String>) -> Self {
        let Finding { class, code, cause, hint, login } = finding;
        let hint = hint.unwrap_or_else(|| hint::next_step(class, code.as_deref(), &cause, place));
        Self {
            action: place.action.to_owned(),
            resource: shown(place.resource),
            region: place.region.map(shown),
            code,
            request_id,
            class,
            cause,
            hint,
            login,
        }
    }

    /// The fault of an error that an answer holds for one of several resources, such as the `Errors` of
    /// BatchGetSecretValue: the call itself succeeded.
    #[must_use]
    pub fn from_code(action: &str, resource: &str, region: Option<&str>, code: &str, message: Option<&str>) -> Self {
        // Of an unknown code only the service's "no" is known.
        let finding = code::find(Some(code), message, 400);
        let place = hint::Place { action, resource, region };
        Self::of_finding(finding, &place, None)
    }

    /// A fault that no SDK error stands for, such as an answer that breaks the service's own
    /// contract.
    #[must_use]
    pub fn new(action: &str, resource: &str, region: Option<&str>, class: FaultClass, cause: &str) -> Self {
        let place = hint::Place { action, resource, region };
        Self {
            action: action.to_owned(),
            resource: shown(resource),
            region: region.map(shown),
            code: None,
            request_id: None,
            class,
            cause: cause.to_owned(),
            hint: hint::next_step(class, None, cause, &place),
            login: None,
        }
    }

    /// The fault with the id under which the service logged the request.
    #[must_use]
    pub fn with_request_id(mut self, request_id: Option<&str>) -> Self {
        self.request_id = request_id.map(shown);
        self
    }

    /// The fault with a next step that fits better than the class' own.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// The IAM action, for example `kms:Decrypt`.
    #[must_use]
    pub fn action(&self) -> &str {
        &self.action
    }

    /// What the action was asked of: a key's ARN, a secret's or a parameter's name.
    #[must_use]
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// The Region that was asked.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// Whether it was credentials that could not be had, so that the action was never asked for. All calls with the
    /// same credentials end so.
    #[must_use]
    pub fn is_of_login(&self) -> bool {
        self.login.is_some()
    }

    /// The IAM action that was refused instead of this one, in order to get credentials: `sts:AssumeRole`.
    #[must_use]
    pub fn login_action(&self) -> Option<&'static str> {
        match self.login {
            Some(NoLogin::Refused { action, .. }) => Some(action),
            _ => None,
        }
    }

    /// The service's error code, where it answered with one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// The id under which AWS logged the request; CloudTrail and AWS Support find it by this.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// What the failure means.
    #[must_use]
    pub fn class(&self) -> FaultClass {
        self.class
    }

    /// What happened, without action, resource and next step.
    #[must_use]
    pub fn cause(&self) -> &str {
        &self.cause
    }

    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> &str {
        &self.hint
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.action, self.resource)?;
        if let Some(region) = &self.region {
            write!(f, " in {region}")?;
        }
        write!(f, " failed: {}", self.cause)?;
        if let Some(id) = &self.request_id {
            write!(f, " (request id {id})")?;
        }
        write!(f, "; {}", self.hint)
    }
}

impl Error for Fault {}

/// What a classifier found: the class, the service's code, the cause in words, and a hint where the
/// general one of the class would say less.
#[derive(Clone, Debug)]
struct Finding {
    class: FaultClass,
    code: Option<String>,
    cause: String,
    hint: Option<String>,
    login: Option<NoLogin>,
}

impl Finding {
    fn new(class: FaultClass, cause: impl Into<String>) -> Self {
        Self { class, code: None, cause: cause.into(), hint: None, login: None }
    }

    fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Classifies a call that ended without an answer.
fn unanswered<E: Error + 'static>(error: &SdkError<E, HttpResponse>) -> Finding {
    if let Some(found) = login::in_call(error).or_else(|| chain::connection(error)) {
        return found;
    }
    let root = chain::root(error);
    match error {
        SdkError::TimeoutError(_) => {
            // "operation timeout (all attempts including retries) occurred after 30s"
            let within = root.rsplit_once(" occurred after ").map(|(_, time)| format!(" within {time}"));
            Finding::new(FaultClass::Outage, format!("no answer{}", within.as_deref().unwrap_or(" in time")))
        }
        SdkError::ConstructionFailure(_) => {
            Finding::new(FaultClass::Misconfigured, format!("no request could be made: {root}"))
        }
        _ => Finding::new(FaultClass::Outage, format!("no answer: {root}")),
    }
}

/// A text from outside on one line: what does not print is escaped, and the rest of a long one left out.
fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(MESSAGE_SHOWN));
    for (count, c) in text.chars().enumerate() {
        match c {
            _ if count == MESSAGE_SHOWN => {
                out.push_str("...");
                break;
            }
            '"' | '\'' | '\\' => out.push(c),
            _ => out.extend(c.escape_debug()),
        }
    }
    out
}
