//! The one error a user sees: which object, what failed, what to do next.

use std::fmt;

use sealkit_host::exit::Exit;

/// What is printed when something fails, and the exit code that goes with it.
///
/// `message` says what failed, in lower case and without a full stop; `object` is the file, key or
/// setting it failed on; `hint` is the next step, if there is one to give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CliError {
    /// The file, key or setting that the error is about.
    pub(crate) object: String,
    /// What failed and why, on one line.
    pub(crate) message: String,
    /// What the user can do next.
    pub(crate) hint: Option<String>,
    /// The exit code of a run that ends with this error.
    pub(crate) exit: Exit,
}

impl CliError {
    /// An error on `object`, without a next step.
    pub(crate) fn new(exit: Exit, object: impl Into<String>, message: impl Into<String>) -> Self {
        Self { object: object.into(), message: message.into(), hint: None, exit }
    }

    /// The same error with a next step.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.object, self.message)
    }
}

impl std::error::Error for CliError {}
