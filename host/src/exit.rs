//! One table of exit codes for every binary (`docs/exit-codes.md`).

/// How a run ended, as the caller's shell sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Exit {
    /// Everything asked for was done.
    Ok,
    /// A defect of ours.
    Internal,
    /// The command line was wrong.
    Usage,
    /// The configuration was wrong.
    Config,
    /// Access was denied.
    Denied,
    /// Something named does not exist.
    NotFound,
    /// A service could not be reached or throttled us.
    Unavailable,
    /// A policy forbids it, or the message is not authentic.
    Refused,
    /// Some inputs of a batch failed.
    Partial,
    /// Reading or writing failed.
    Io,
    /// A signal ended the run.
    Signal(u8),
}

impl Exit {
    /// The number the shell sees.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Internal => 1,
            Self::Usage => 2,
            Self::Config => 3,
            Self::Denied => 4,
            Self::NotFound => 5,
            Self::Unavailable => 6,
            Self::Refused => 7,
            Self::Partial => 8,
            Self::Io => 9,
            Self::Signal(number) => 128 | number,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
