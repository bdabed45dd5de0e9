//! One event, and the bounded, printable form that its strings take in a line.

use std::ffi::OsStr;
use std::time::SystemTime;

use serde::{Serialize, Serializer};

use crate::exit::Exit;
use crate::text::Escaped;

/// Why an operation failed, in the words of `docs/audit.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Failure {
    /// The service was not reached, the deadline is over, or it answered 5xx.
    Outage,
    /// The service limits the rate.
    Throttled,
    /// The credentials are valid, the permission is missing.
    Denied,
    /// The key is disabled or pending deletion.
    Revoked,
    /// There are no credentials, or they expired.
    ExpiredLogin,
    /// The object, key, secret or parameter does not exist.
    NotFound,
    /// Policy forbids it, or the service called the request invalid.
    Refused,
    /// The message is damaged, cut off, or not made with this key.
    NotAuthentic,
    /// The configuration that applies to the object is wrong.
    Config,
    /// Reading or writing failed.
    Io,
    /// This signal ended the work.
    Interrupted(u8),
    /// A bug.
    Internal,
}

impl Failure {
    /// The `class` of a line.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Outage => "outage",
            Self::Throttled => "throttled",
            Self::Denied => "denied",
            Self::Revoked => "revoked",
            Self::ExpiredLogin => "expired-login",
            Self::NotFound => "not-found",
            Self::Refused => "refused",
            Self::NotAuthentic => "not-authentic",
            Self::Config => "config",
            Self::Io => "io",
            Self::Interrupted(_) => "interrupted",
            Self::Internal => "internal",
        }
    }

    /// The failure of a class that another crate names by the same words; [`Internal`](Self::Internal) for any other
    /// word, and for a signal, whose word lacks its number.
    #[must_use]
    pub fn of_class(class: &str) -> Self {
        const NAMED: [Failure; 11] = [
            Failure::Outage,
            Failure::Throttled,
            Failure::Denied,
            Failure::Revoked,
            Failure::ExpiredLogin,
            Failure::NotFound,
            Failure::Refused,
            Failure::NotAuthentic,
            Failure::Config,
            Failure::Io,
            Failure::Internal,
        ];
        NAMED.into_iter().find(|failure| failure.class() == class).unwrap_or(Self::Internal)
    }
}

impl From<Failure> for Exit {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Outage | Failure::Throttled => Self::Unavailable,
            Failure::Denied | Failure::Revoked | Failure::ExpiredLogin => Self::Denied,
            Failure::NotFound => Self::NotFound,
            Failure::Refused | Failure::NotAuthentic => Self::Refused,
            Failure::Config => Self::Config,
            Failure::Io => Self::Io,
            Failure::Interrupted(signal) => Self::Signal(signal),
            Failure::Internal => Self::Internal,
        }
    }
}

/// What happened to one object, or to one call to AWS. Empty strings count as absent.
#[derive(Debug, Clone, Serialize)]
#[must_use]
pub struct AuditEvent {
    operation: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(skip_serializing_if = "is_false")]
    cached: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_rfc3339")]
    since: Option<SystemTime>,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    truncated: Vec<&'static str>,
}

impl AuditEvent {
    /// `operation` was done: a word of our own (`decrypt`) or an IAM action (`kms:Decrypt`), 64 bytes at most.
    pub fn ok(operation: &'static str) -> Self {
        debug_assert!(operation.len() <= SHORT, "operations are named within the schema's limit");
        Self {
            operation,
            object: None,
            resource: None,
            key: None,
            region: None,
            request_id: None,
            cached: false,
            count: None,
            since: None,
            outcome: "ok",
            class: None,
            code: None,
            truncated: Vec::new(),
        }
    }

    /// `operation` failed.
    pub fn failed(operation: &'static str, failure: Failure) -> Self {
        Self { outcome: "failed", class: Some(failure.class()), ..Self::ok(operation) }
    }

    /// What was processed: a path, a secret's name, the UID of a request.
    pub fn object<T: AsRef<OsStr> + ?Sized>(mut self, object: &T) -> Self {
        self.object = self.bounded("object", object.as_ref(), LONG);
        self
    }

    /// What was addressed, as it was named to the service.
    pub fn resource<T: AsRef<OsStr> + ?Sized>(mut self, resource: &T) -> Self {
        self.resource = self.bounded("resource", resource.as_ref(), LONG);
        self
    }

    /// KMS key ARN, or `local:NAME-fingerprint`.
    pub fn key(mut self, key: &str) -> Self {
        self.key = self.bounded("key", key.as_ref(), KEY);
        self
    }

    /// AWS Region that answered, or was asked.
    pub fn region(mut self, region: &str) -> Self {
        self.region = self.bounded("region", region.as_ref(), SHORT);
        self
    }

    /// AWS request id.
    pub fn request_id(mut self, id: &str) -> Self {
        self.request_id = self.bounded("request_id", id.as_ref(), SHORT);
        self
    }

    /// AWS error code. Ignored for an event that did not fail.
    pub fn code(mut self, code: &str) -> Self {
        if self.class.is_some() {
            self.code = self.bounded("code", code.as_ref(), SHORT);
        }
        self
    }

    /// No call was made: the data key or value came from memory.
    pub fn cached(mut self) -> Self {
        self.cached = true;
        self
    }

    /// This event stands for `count` operations, of which the first was at `since`.
    pub fn aggregate(mut self, count: u64, since: SystemTime) -> Self {
        self.count = Some(count);
        self.since = Some(since);
        self
    }

    /// The printable form of `text` within `limit` bytes as JSON encodes them.
    fn bounded(&mut self, field: &'static str, text: &OsStr, limit: usize) -> Option<String> {
        let (text, cut) = bounded(text, limit);
        self.truncated.retain(|name| *name != field);
        if cut {
            self.truncated.push(field);
        }
        (!text.is_empty()).then_some(text)
    }
}

/// Limits in encoded bytes. Together with the fixed parts they keep a line below `PIPE_BUF`.
pub(super) const LONG: usize = 1_400;
pub(super) const KEY: usize = 400;
pub(super) const SHORT: usize = 64;

/// Escapes `text` and cuts it to `limit` encoded bytes; whether it was cut.
pub(super) fn bounded(text: &OsStr, limit: usize) -> (String, bool) {
    const ELLIPSIS: char = '…';
    let mut shown = String::new();
    let (mut encoded, mut fits_with_ellipsis) = (0, 0);
    for piece in Escaped::new(text).pieces() {
        let piece = piece.to_string();
        encoded += piece.len() + piece.matches(['"', '\\']).count();
        if encoded > limit {
            shown.truncate(fits_with_ellipsis);
            shown.push(ELLIPSIS);
            return (shown, true);
        }
        shown.push_str(&piece);
        if encoded + ELLIPSIS.len_utf8() <= limit {
            fits_with_ellipsis = shown.len();
        }
    }
    (shown, false)
}

/// Milliseconds, UTC.
pub(super) fn rfc3339(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time).to_string()
}

fn as_rfc3339<S: Serializer>(time: &Option<SystemTime>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(rfc3339).serialize(serializer)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}
