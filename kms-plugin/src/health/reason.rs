//! The classes that Status, `/readyz` and metrics give as a reason. Never a text of AWS'.

use std::fmt;

use sealkit_aws::FaultClass;

/// Why a key is not well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// No probe has ended yet.
    Starting,
    /// KMS does not answer, or answers 5xx.
    Unreachable,
    /// KMS answers that there are too many requests.
    Throttled,
    /// There are no credentials, or KMS takes them no more.
    CredentialsExpired,
    /// A policy forbids the call.
    Denied,
    /// The key is disabled, or awaits deletion or import.
    Disabled,
    /// The key does not exist.
    NotFound,
    /// The AWS settings cannot work.
    Misconfigured,
    /// KMS refuses what a probe asks: a key of another kind.
    Refused,
    /// There is no local KEK to encrypt under, though KMS answers, and none could be made.
    NoKek,
}

impl Reason {
    /// Every reason, for the metric that has a series each.
    pub const ALL: [Self; 10] = [
        Self::Starting,
        Self::Unreachable,
        Self::Throttled,
        Self::CredentialsExpired,
        Self::Denied,
        Self::Disabled,
        Self::NotFound,
        Self::Misconfigured,
        Self::Refused,
        Self::NoKek,
    ];

    /// The stable word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Unreachable => "kms-unreachable",
            Self::Throttled => "kms-throttled",
            Self::CredentialsExpired => "credentials-expired",
            Self::Denied => "kms-denied",
            Self::Disabled => "key-disabled",
            Self::NotFound => "key-not-found",
            Self::Misconfigured => "aws-configuration",
            Self::Refused => "key-unusable",
            Self::NoKek => "no-local-kek",
        }
    }

    /// Whether it says that the key is gone, rather than that KMS is.
    #[must_use]
    pub fn is_revocation(self) -> bool {
        matches!(self, Self::Disabled | Self::NotFound)
    }

    /// Whether it says that KMS is gone, for whatever is asked of it: so that traffic proves it too.
    #[must_use]
    pub fn is_outage(self) -> bool {
        matches!(self, Self::Unreachable | Self::Throttled | Self::CredentialsExpired)
    }
}

impl From<FaultClass> for Reason {
    fn from(class: FaultClass) -> Self {
        match class {
            FaultClass::Throttled => Self::Throttled,
            FaultClass::ExpiredLogin | FaultClass::NoCredentials => Self::CredentialsExpired,
            FaultClass::Denied => Self::Denied,
            FaultClass::Revoked => Self::Disabled,
            FaultClass::Absent => Self::NotFound,
            FaultClass::Misconfigured => Self::Misconfigured,
            FaultClass::Refused => Self::Refused,
            // A class that is not known yet must not stop writes: an outage never does.
            _ => Self::Unreachable,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
