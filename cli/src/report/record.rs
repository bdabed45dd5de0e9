//! The JSON objects that `--json` prints, and the summary line for people.

use std::fmt;

use serde::Serialize;

use super::{Done, counted, sized};
use crate::error::CliError;
use crate::io::target::Job;
use crate::io::walk::LeftOut;
use crate::keys::Direction;

/// One input.
#[derive(Debug, Serialize)]
pub(crate) struct FileRecord<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    operation: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    /// `ok`, `planned` or `failed`.
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suite: Option<&'static str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    keys: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failure<'a>>,
}

/// An error in JSON.
#[derive(Debug, Serialize)]
pub(crate) struct Failure<'a> {
    object: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    code: u8,
    name: &'static str,
}

impl<'a> From<&'a CliError> for Failure<'a> {
    fn from(error: &'a CliError) -> Self {
        Self {
            object: &error.object,
            message: &error.message,
            hint: error.hint.as_deref(),
            code: error.exit.code(),
            name: error.exit.name(),
        }
    }
}

impl<'a> FileRecord<'a> {
    /// A job that was done, planned, or failed.
    pub(crate) fn of(operation: &'static str, job: &Job, result: &'a Result<Done, CliError>, planned: bool) -> Self {
        let mut record = match result {
            Err(error) => Self::failed(operation, error),
            Ok(done) => Self {
                outcome: if planned { "planned" } else { "ok" },
                bytes: (!planned).then_some(done.bytes),
                suite: done.suite,
                keys: &done.keys,
                ..Self::empty(operation)
            },
        };
        record.input = Some(job.source.raw());
        record.output = job.target.raw();
        record
    }

    /// What failed before it became a job.
    pub(crate) fn failed(operation: &'static str, error: &'a CliError) -> Self {
        Self { outcome: "failed", error: Some(error.into()), ..Self::empty(operation) }
    }

    fn empty(operation: &'static str) -> Self {
        Self {
            kind: "file",
            operation,
            input: None,
            output: None,
            outcome: "ok",
            bytes: None,
            suite: None,
            keys: &[],
            error: None,
        }
    }
}

/// What was left out of a run, by reason.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Left {
    symbolic_links: u64,
    special_files: u64,
    /// When encrypting: sealed already.
    #[serde(skip_serializing_if = "is_zero")]
    sealed: u64,
    /// When decrypting: not sealed.
    #[serde(skip_serializing_if = "is_zero")]
    not_sealed: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Left {
    pub(crate) fn new(counts: LeftOut, direction: Direction) -> Self {
        let (sealed, not_sealed) = match direction {
            Direction::Encrypt => (counts.by_name, 0),
            Direction::Decrypt => (0, counts.by_name),
        };
        Self { symbolic_links: counts.links, special_files: counts.special, sealed, not_sealed }
    }

    fn reasons(&self) -> Vec<String> {
        let all = [
            (self.symbolic_links, "symbolic link", "symbolic links"),
            (self.special_files, "special file", "special files"),
            (self.sealed, "already sealed", "already sealed"),
            (self.not_sealed, "without .sealed", "without .sealed"),
        ];
        let some = all.into_iter().filter(|(count, ..)| *count > 0);
        some.map(|(count, one, more)| format!("{count} {}", if count == 1 { one } else { more })).collect()
    }
}

/// A whole run.
#[derive(Debug, Serialize)]
pub(crate) struct SummaryRecord {
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) operation: &'static str,
    pub(crate) ok: usize,
    pub(crate) failed: usize,
    pub(crate) left_out: Left,
    pub(crate) bytes: u64,
    pub(crate) kms_calls: u64,
    pub(crate) seconds: f64,
}

impl fmt::Display for SummaryRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}, {}", self.operation, counted(self.ok, "file", "files"), sized(self.bytes))?;
        if self.failed > 0 {
            write!(f, ", {} failed", self.failed)?;
        }
        let left = self.left_out.reasons();
        if !left.is_empty() {
            write!(f, "; left out: {}", left.join(", "))?;
        }
        let calls = usize::try_from(self.kms_calls).unwrap_or(usize::MAX);
        write!(f, "; {}", counted(calls, "KMS call", "KMS calls"))
    }
}
