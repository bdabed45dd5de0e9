//! What a run says about itself: JSON lines on standard output, the rest on standard error.

use std::collections::HashSet;
use std::io::Write;
use std::ops::ControlFlow;
use std::time::Instant;

use indicatif::BinaryBytes;
use sealkit_envelope::EncryptedDataKey;
use sealkit_envelope::keyring::local_key;
use sealkit_envelope::message::WrappingKey;
use sealkit_host::exit::Exit;
use sealkit_host::text::{Escaped, harmless_json, without_controls};
use serde::Serialize;

use crate::args::RunArgs;
use crate::error::CliError;
use crate::io::target::Job;
use crate::progress::Progress;

pub(crate) use self::record::{Failure, FileRecord, Left, SummaryRecord};

mod record;

/// What happened to one input that did not fail.
#[derive(Debug, Clone, Default)]
pub(crate) struct Done {
    /// Bytes of plaintext.
    pub(crate) bytes: u64,
    /// The suite's name in the AWS Encryption SDK.
    pub(crate) suite: Option<&'static str>,
    /// The keys that wrap the data key, or the one that unwrapped it.
    pub(crate) keys: Vec<String>,
}

/// Collects the results of a run and says them.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    operation: &'static str,
    run: &'a RunArgs,
    progress: &'a Progress,
    started: Instant,
    done: usize,
    bytes: u64,
    failures: Vec<Exit>,
    /// Errors about keys and configuration hit many inputs alike, and are said once.
    said: HashSet<String>,
}

impl<'a> Report<'a> {
    pub(crate) fn new(operation: &'static str, run: &'a RunArgs, progress: &'a Progress) -> Self {
        Self {
            operation,
            run,
            progress,
            started: Instant::now(),
            done: 0,
            bytes: 0,
            failures: Vec::new(),
            said: HashSet::new(),
        }
    }

    /// Says how one job ended.
    pub(crate) fn job(&mut self, job: &Job, result: &Result<Done, CliError>) -> ControlFlow<()> {
        let record = FileRecord::of(self.operation, job, result, self.run.dry_run);
        match result {
            Ok(done) => {
                self.done += 1;
                self.bytes += done.bytes;
                if self.run.dry_run && !self.run.json {
                    self.note(&planned(self.operation, job, done));
                }
            }
            Err(error) => self.failure(error),
        }
        self.record(&record)
    }

    /// Says what failed before it became a job.
    pub(crate) fn early(&mut self, error: &CliError) -> ControlFlow<()> {
        self.failure(error);
        self.record(&FileRecord::failed(self.operation, error))
    }

    fn failure(&mut self, error: &CliError) {
        self.failures.push(error.exit);
        let text = presented(error);
        if !error.is_silent() && !self.said.contains(&text) {
            self.progress.say(&text);
            self.said.insert(text);
        }
    }

    /// Ends the run: a summary if it was a batch, and the exit code of it all.
    pub(crate) fn finish(mut self, many: bool, left: Left, kms_calls: u64) -> Exit {
        self.progress.clear();
        let summary = SummaryRecord {
            kind: "summary",
            operation: self.operation,
            ok: self.done,
            failed: self.failures.len(),
            left_out: left,
            bytes: self.bytes,
            kms_calls,
            seconds: self.started.elapsed().as_secs_f64(),
        };
        if many && !self.run.json {
            let mark = if self.run.dry_run { "dry run, nothing done: " } else { "" };
            self.note(&format!("{mark}{summary}"));
        }
        let mut failures = std::mem::take(&mut self.failures);
        if self.record(&summary).is_break() {
            failures.push(Exit::BROKEN_PIPE);
        }
        Exit::of_batch(self.done, failures)
    }

    fn note(&self, line: &str) {
        if !self.run.quiet {
            self.progress.say(line);
        }
    }

    /// Writes a JSON line if asked to. A reader that went away ends the batch.
    fn record(&mut self, record: &impl Serialize) -> ControlFlow<()> {
        if !self.run.json {
            return ControlFlow::Continue(());
        }
        match print_json(record) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failure(&error);
                ControlFlow::Break(())
            }
        }
    }
}

/// Prints one JSON line to standard output.
///
/// # Errors
/// Standard output's.
pub(crate) fn print_json(record: &impl Serialize) -> Result<(), CliError> {
    let line = serde_json::to_string(record);
    print_line(&harmless_json(&line.map_err(|error| CliError::writing("standard output", &error.into()))?))
}

/// Prints a line to standard output.
///
/// # Errors
/// Standard output's.
pub(crate) fn print_line(line: &str) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|error| CliError::writing("standard output", &error))
}

/// An error as it is printed: object and cause on one line, the next step on another.
///
/// Names in it are escaped where they are put in; what got past that still does nothing to a terminal.
pub(crate) fn presented(error: &CliError) -> String {
    let text = match &error.hint {
        Some(hint) => format!("error: {error}\n hint: {hint}"),
        None => format!("error: {error}"),
    };
    text.split('\n').map(without_controls).collect::<Vec<_>>().join("\n")
}

fn planned(operation: &str, job: &Job, done: &Done) -> String {
    let mut line = format!("would {operation} {}", job.source.shown());
    if let Some(target) = job.target.shown() {
        line.push_str(&format!(" to {target}"));
    }
    if !done.keys.is_empty() {
        line.push_str(&format!(" with {}", done.keys.join(", ")));
    }
    line
}

/// `1 file`, `2 files`.
fn counted(count: usize, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

fn sized(bytes: u64) -> String {
    BinaryBytes(bytes).to_string()
}

/// The key that wrapped a data key, as `--key` takes it where it can. What a message brings along is escaped.
pub(crate) fn name_of(key: &EncryptedDataKey) -> String {
    match key.key() {
        WrappingKey::AwsKms { key_id } => Escaped::new(key_id).to_string(),
        WrappingKey::RawAes { namespace: local_key::NAMESPACE, name } => format!("local:{}", Escaped::new(name)),
        WrappingKey::RawAes { namespace, name } => format!("{}/{}", Escaped::new(namespace), Escaped::new(name)),
        WrappingKey::Other { provider_id, .. } => format!("provider {}", Escaped::new(provider_id)),
        _ => "unknown".to_owned(),
    }
}
