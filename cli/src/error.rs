//! The one error a user sees: which object, what failed, what to do next.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::Path;

use sealkit_host::audit::Failure;
use sealkit_host::exit::Exit;

use crate::io::naming;

#[cfg(feature = "aws")]
mod aws;
mod library;

#[cfg(feature = "aws")]
pub(crate) use self::aws::{class_of, fault};
#[cfg(any(test, feature = "aws"))]
pub(crate) use self::library::keyring;
pub(crate) use self::library::{decrypting, encrypting};

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
    /// The finer class that an audit line names, where `exit` does not say it all.
    pub(crate) class: Option<Failure>,
    /// AWS' error code.
    pub(crate) code: Option<String>,
}

impl CliError {
    /// An error on `object`, without a next step.
    pub(crate) fn new(exit: Exit, object: impl Into<String>, message: impl Into<String>) -> Self {
        Self { object: object.into(), message: message.into(), hint: None, exit, class: None, code: None }
    }

    /// The command line cannot be carried out.
    pub(crate) fn usage(object: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, object, message)
    }

    /// Reading a file or a directory failed; one that does not exist has a code of its own.
    pub(crate) fn reading(path: &Path, error: &io::Error) -> Self {
        let exit = if error.kind() == io::ErrorKind::NotFound { Exit::NotFound } else { Exit::Io };
        Self::new(exit, naming::shown(path), cause(error))
    }

    /// Writing failed.
    pub(crate) fn writing(object: impl Into<String>, error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::new(Exit::BROKEN_PIPE, object, "the reader closed it");
        }
        let error_is_full = matches!(
            error.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
        );
        let this = Self::new(Exit::Io, object, cause(error));
        if error_is_full { this.hint("free some space and run it again") } else { this }
    }

    /// The same error with a next step.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same error with the class that its audit line names.
    #[must_use]
    pub(crate) fn class(mut self, class: Failure) -> Self {
        self.class = Some(class);
        self
    }

    /// The class for an audit line.
    pub(crate) fn failure(&self) -> Failure {
        self.class.unwrap_or(match self.exit {
            Exit::Config => Failure::Config,
            Exit::Denied => Failure::Denied,
            Exit::NotFound => Failure::NotFound,
            Exit::Unavailable => Failure::Outage,
            Exit::Refused | Exit::Usage => Failure::Refused,
            Exit::Io => Failure::Io,
            Exit::Signal(number) => Failure::Interrupted(number),
            _ => Failure::Internal,
        })
    }

    /// Whether there is nobody to tell: the reader of our output went away.
    pub(crate) fn is_silent(&self) -> bool {
        self.exit == Exit::BROKEN_PIPE
    }
}

/// An error of the operating system in our own style: no capital, no number.
pub(crate) fn cause(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.object, self.message)
    }
}

impl Error for CliError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_errors_lose_capital_and_number() {
        assert_eq!(cause(&io::Error::from_raw_os_error(2)), "no such file or directory");
        assert_eq!(CliError::reading(Path::new("x"), &io::Error::from_raw_os_error(2)).exit, Exit::NotFound);
        assert_eq!(CliError::reading(Path::new("x"), &io::Error::from_raw_os_error(13)).exit, Exit::Io);
        assert!(CliError::writing("x", &io::Error::from_raw_os_error(32)).is_silent());
    }
}
