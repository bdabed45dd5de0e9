//! What `encrypt`, `decrypt` and `verify` have in common: a list of jobs, each with an audit line and a report.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use sealkit_envelope::EncryptedDataKey;
use sealkit_host::exit::Exit;
use sealkit_host::signal::Termination;

use crate::args::RunArgs;
use crate::batch::{self, Share};
use crate::error::{CliError, cause};
use crate::io::collect::{Collected, Source};
use crate::io::metered::Meter;
use crate::io::target::{Job, Target};
use crate::keys::{Direction, Entry, Session};
use crate::progress::Progress;
use crate::report::{Done, Left, Report};

/// One operation on many inputs.
pub(crate) struct Pipeline<'a> {
    /// `encrypt`, `decrypt` or `verify`.
    pub(crate) operation: &'static str,
    /// Which way it goes.
    pub(crate) direction: Direction,
    /// Flags about the run.
    pub(crate) run: &'a RunArgs,
    /// Keys and policy.
    pub(crate) session: &'a Session,
}

/// What the work on one input is given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hand<'a> {
    /// Counts bytes and notices signals.
    pub(crate) meter: Meter<'a>,
    /// How many threads it may use.
    pub(crate) threads: NonZeroUsize,
}

/// What work on one input leaves behind for its audit line, whether it succeeds or fails.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    /// The wrapped data key: the first of a new message, the one that was unwrapped of an old one.
    pub(crate) wrapped: Option<EncryptedDataKey>,
}

impl Pipeline<'_> {
    /// Does `work` for each job.
    ///
    /// # Errors
    /// If signals can't be watched, all jobs would fail by the same wrong flag or configuration, or the audit file
    /// can't be written any more.
    pub(crate) fn run(
        &self,
        inputs: &Collected,
        jobs: &[Job],
        work: impl Fn(&Job, Hand<'_>, &mut Trace) -> Result<Done, CliError> + Sync,
    ) -> Result<Exit, CliError> {
        let termination = Termination::watch().map_err(|error| CliError::new(Exit::Io, "signals", cause(&error)))?;
        let progress = Progress::new(!self.run.quiet && !self.run.dry_run);
        if progress.is_watched() {
            jobs.iter().for_each(|job| progress.expect(length_of(&job.source)));
        }
        let share = Share::of(jobs.len(), self.run.jobs);
        let hand = Hand { meter: Meter { progress: &progress, termination: &termination }, threads: share.threads };

        let mut report = Report::new(self.operation, self.run, &progress);
        let mut audit_failed = None;
        if inputs.failed.iter().any(|error| report.early(error).is_break()) {
            return Ok(Exit::BROKEN_PIPE);
        }
        if jobs.len() > 1 {
            self.session.preflight(self.direction, jobs.iter().map(|job| job.source.path()))?;
        }
        let work = |job: &Job| {
            let mut trace = Trace::default();
            let result = work(job, hand, &mut trace);
            let audited = if self.run.dry_run { Ok(()) } else { self.audit(job, &trace, &result) };
            (result, audited)
        };
        batch::run(jobs, share.workers, work, |job, (result, audited)| {
            let said = report.job(job, &result);
            if let Err(error) = audited {
                audit_failed = Some(error);
                return ControlFlow::Break(());
            }
            if termination.requested().is_some() { ControlFlow::Break(()) } else { said }
        });
        let exit = report.finish(inputs.many, Left::new(inputs.left_out, self.direction), self.session.kms_calls());
        match (audit_failed, termination.requested()) {
            (Some(error), _) => Err(error),
            (None, Some(signal)) => Ok(signal),
            (None, None) => Ok(exit),
        }
    }

    fn audit(&self, job: &Job, trace: &Trace, result: &Result<Done, CliError>) -> Result<(), CliError> {
        let resource = match &job.target {
            Target::Path(path) => Some(path.as_path()),
            Target::Stdout | Target::Nothing => None,
        };
        self.session.audit(&Entry {
            operation: self.operation,
            object: job.source.path(),
            resource,
            wrapped: trace.wrapped.as_ref(),
            outcome: result.as_ref().map(|_| ()),
        })
    }
}

/// Refuses JSON lines on the standard output that carries data.
///
/// # Errors
/// If some job writes there.
pub(crate) fn refuse_mixed_output(jobs: &[Job], run: &RunArgs) -> Result<(), CliError> {
    if run.json && !run.dry_run && jobs.iter().any(|job| job.target == Target::Stdout) {
        return Err(
            CliError::usage("--json", "standard output carries the data already").hint("write the data with -o")
        );
    }
    Ok(())
}

fn length_of(source: &Source) -> u64 {
    source
        .path()
        .and_then(|path| path.metadata().ok())
        .filter(std::fs::Metadata::is_file)
        .map_or(0, |metadata| metadata.len())
}
