//! Why an object could not be fetched, made into bytes or published: one shape for every step.

use std::fmt;

use sealkit_aws::Fault;
use sealkit_host::audit;
use sealkit_host::exit::Exit;
use sealkit_host::text::without_controls;

/// A failure of one object. Its text is one line that names object, cause and next step, and never a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The label of the entry, or the path of a composite; empty for what concerns the whole run.
    pub object: String,
    /// What happened.
    pub cause: Cause,
}

/// What happened to an object.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// A call to AWS failed.
    Aws(Box<Fault>),
    /// What came back can't be made into what is wanted: no such key, not JSON, a certificate that has expired.
    Content {
        /// What is wrong with it, without a byte of it.
        message: String,
        /// What to do next.
        hint: String,
    },
    /// Anything else, by its class in `docs/audit.md`.
    Other {
        /// The class.
        class: audit::Failure,
        /// What is wrong.
        message: String,
        /// What to do next.
        hint: String,
    },
}

impl Cause {
    /// Whether one line can tell both. Credentials that can't be had are one cause, whatever they were wanted for; of
    /// refusals the first one's request id is told.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Aws(one), Self::Aws(two)) if one.is_of_login() && two.is_of_login() => {
                (one.class(), one.cause(), one.hint()) == (two.class(), two.cause(), two.hint())
            }
            _ => self == other,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hint = match self {
            // The call that could not be signed says nothing about the cause.
            Self::Aws(fault) if fault.is_of_login() => {
                f.write_str(fault.cause())?;
                if let Some(id) = fault.request_id() {
                    write!(f, " (request id {id})")?;
                }
                fault.hint()
            }
            Self::Aws(fault) => return fault.fmt(f),
            Self::Content { message, hint } | Self::Other { message, hint, .. } => {
                f.write_str(message)?;
                hint
            }
        };
        if hint.is_empty() { Ok(()) } else { write!(f, "; {hint}") }
    }
}

impl Failure {
    /// A call for `object` that failed.
    #[must_use]
    pub fn aws(object: impl Into<String>, fault: Fault) -> Self {
        Self { object: object.into(), cause: Cause::Aws(Box::new(fault)) }
    }

    /// A value of `object` that is not what is wanted.
    #[must_use]
    pub fn content(object: impl Into<String>, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { object: object.into(), cause: Cause::Content { message: line(message), hint: hint.into() } }
    }

    /// Any other failure of `object`.
    #[must_use]
    pub fn other(
        object: impl Into<String>,
        class: audit::Failure,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self { object: object.into(), cause: Cause::Other { class, message: line(message), hint: hint.into() } }
    }

    /// Its class in audit lines, metrics and reports.
    #[must_use]
    pub fn class(&self) -> audit::Failure {
        match &self.cause {
            Cause::Aws(fault) => audit::Failure::of_class(fault.class().as_str()),
            Cause::Content { .. } => audit::Failure::Refused,
            Cause::Other { class, .. } => *class,
        }
    }

    /// The exit code of a run in which nothing else failed.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.class().into()
    }
}

/// A message as one line: expressions and names of the specification that it repeats may hold anything.
fn line(message: impl Into<String>) -> String {
    without_controls(&message.into())
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.object.is_empty() {
            write!(f, "{}: ", self.object)?;
        }
        self.cause.fmt(f)
    }
}

impl std::error::Error for Failure {}
