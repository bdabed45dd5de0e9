//! What came of a run.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

/// A run that has ended.
pub struct Ended {
    /// How it ended.
    pub status: ExitStatus,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
    /// From the start to the end.
    pub took: Duration,
}

impl Ended {
    /// The exit code; none if a signal ended it.
    #[must_use]
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Standard output as text.
    #[must_use]
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text.
    #[must_use]
    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Asserts the exit code.
    ///
    /// # Panics
    ///
    /// When it is another, with all that was printed.
    #[track_caller]
    pub fn expect(&self, code: i32) {
        assert_eq!(self.code(), Some(code), "{self}");
    }

    /// Asserts the exit code, and that standard error says each of `parts`.
    ///
    /// # Panics
    ///
    /// When one of them is not so, with all that was printed.
    #[track_caller]
    pub fn expect_failure(&self, code: i32, parts: &[&str]) {
        self.expect(code);
        let err = self.err();
        for part in parts {
            assert!(err.contains(part), "no {part:?} in: {self}");
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (out, err) = (self.out(), self.err());
        match self.status.signal() {
            Some(signal) => write!(f, "ended by signal {signal}")?,
            None => write!(f, "ended with {:?}", self.code())?,
        }
        write!(f, " after {:?}\n--- standard output\n{out}\n--- standard error\n{err}", self.took)
    }
}
