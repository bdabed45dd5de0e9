//! Why content can't be made into what is wanted.

use crate::failure::Failure;

/// What is wrong with a value, without a byte of it, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// What is wrong, without the object.
    pub(crate) message: String,
    /// What to do next; empty where the message says it.
    pub(crate) hint: String,
}

impl Refusal {
    pub(crate) fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }

    /// The same, told of a part of a composite.
    pub(crate) fn of(self, part: &str) -> Self {
        Self { message: format!("{part}: {}", self.message), hint: self.hint }
    }

    /// The failure of `object` that it is.
    pub(crate) fn into_failure(self, object: &str) -> Failure {
        Failure::content(object, self.message, self.hint)
    }
}
