//! How a run ends: by its work, or by a signal.

use std::future::Future;
use std::path::PathBuf;

use sealkit_host::exit::Exit;
use sealkit_host::{audit, signal};
use tokio::signal::unix::{Signal, SignalKind, signal as listen};

use crate::args::ReportArgs;
use crate::failure::Failure;
use crate::report::{Report, default_termination_message};

/// Does `work`, unless SIGTERM, SIGINT or SIGHUP comes first: then it is dropped where it waits, which is never between
/// two steps of a publication.
///
/// A signal that was ignored when the process started stays ignored.
///
/// # Errors
/// Those of the work, or that it was ended.
pub(super) async fn unless_ended<T, E: From<Vec<Failure>>>(work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let mut ends = Ends::new();
    tokio::select! {
        biased;
        failure = ends.next() => Err(vec![failure].into()),
        outcome = work => outcome,
    }
}

/// Tells the report where `args` says, and gives the exit code.
pub(super) fn tell(report: &mut Report, args: &ReportArgs) -> Exit {
    let termination: Option<PathBuf> = args.termination_message.clone().or_else(default_termination_message);
    report.tell(args.report.as_deref(), termination.as_deref())
}

struct Ends([(&'static str, SignalKind, Option<Signal>); 3]);

impl Ends {
    /// From here on they do not end the process by themselves.
    fn new() -> Self {
        let ends = [
            ("SIGTERM", SignalKind::terminate()),
            ("SIGINT", SignalKind::interrupt()),
            ("SIGHUP", SignalKind::hangup()),
        ];
        Self(ends.map(|(name, kind)| {
            let heeded = !signal::is_ignored(kind.as_raw_value());
            // Where no handler can be set, the signal ends the process without a report.
            (name, kind, heeded.then(|| listen(kind).ok()).flatten())
        }))
    }

    async fn next(&mut self) -> Failure {
        let [term, interrupt, hangup] = &mut self.0;
        tokio::select! {
            failure = ended_by(term) => failure,
            failure = ended_by(interrupt) => failure,
            failure = ended_by(hangup) => failure,
        }
    }
}

async fn ended_by((name, kind, signal): &mut (&'static str, SignalKind, Option<Signal>)) -> Failure {
    match signal {
        // It ends only with the runtime.
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
    let number = u8::try_from(kind.as_raw_value()).unwrap_or_default();
    Failure::other("", audit::Failure::Interrupted(number), format!("ended by {name} before the work was done"), "")
}
