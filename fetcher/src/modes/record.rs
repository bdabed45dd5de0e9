//! The audit lines of a run.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use sealkit_host::audit::{self, AuditError, AuditEvent, AuditLog, Program};
use sealkit_host::text::error_chain;

use crate::failure::{Cause, Failure};
use crate::source::AuditSink;

/// An audit file that is open, or none.
///
/// A line that can't be written is a failure: no further call is made, and a run that hasn't published does not.
#[derive(Clone, Debug, Default)]
pub struct Record {
    log: Option<Arc<AuditLog>>,
    losses: Arc<Losses>,
}

/// Lines that could not be written, and whether they are survived.
#[derive(Debug, Default)]
struct Losses {
    survived: AtomicBool,
    lost: Arc<AtomicU64>,
}

impl Record {
    /// Opens the file, if one is asked for.
    ///
    /// # Errors
    /// If it can't be appended to; then no work is done.
    pub fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let program = Program { name: "seal-fetcher", version: env!("CARGO_PKG_VERSION") };
        let log = path.map(|path| AuditLog::open(path, program)).transpose().map_err(|error| failure(&error))?;
        Ok(Self { log: log.map(Arc::new), losses: Arc::default() })
    }

    /// Where the calls' lines go.
    #[must_use]
    pub fn sink(&self) -> Option<AuditSink> {
        let (log, losses) = (Arc::clone(self.log.as_ref()?), Arc::clone(&self.losses));
        Some(Arc::new(move |event: &AuditEvent| losses.weigh(log.append(event))))
    }

    /// From here on a line that can't be written is counted and logged, and stops nothing: a server whose audit disk is
    /// full goes on.
    pub fn survive_losses(&self) {
        self.losses.survived.store(true, Ordering::Relaxed);
    }

    /// How many lines were lost since then.
    #[must_use]
    pub fn lost(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.losses.lost)
    }

    /// Says of each of `objects` that it was published to `resource`.
    ///
    /// # Errors
    /// If a line can't be written.
    pub fn published<'a>(
        &self,
        objects: impl IntoIterator<Item = &'a Delivered>,
        resource: &str,
    ) -> Result<(), Failure> {
        objects.into_iter().try_for_each(|object| {
            let event = AuditEvent::ok("publish").object(&object.label).resource(resource);
            self.append(
                &event
                    .region(object.region.as_deref().unwrap_or_default())
                    .request_id(object.request_id.as_deref().unwrap_or_default()),
            )
        })
    }

    /// Says of each failure that its object was not published to `resource`. A line that can't be written is told by
    /// the failures themselves.
    pub fn not_published(&self, failures: &[Failure], resource: &str) {
        for failure in failures {
            let event = AuditEvent::failed("publish", failure.class()).object(&failure.object).resource(resource);
            let event = match &failure.cause {
                Cause::Aws(fault) => event
                    .region(fault.region().unwrap_or_default())
                    .request_id(fault.request_id().unwrap_or_default())
                    .code(fault.code().unwrap_or_default()),
                _ => event,
            };
            if self.append(&event).is_err() {
                return;
            }
        }
    }

    fn append(&self, event: &AuditEvent) -> Result<(), Failure> {
        match &self.log {
            Some(log) => self.losses.weigh(log.append(event)).map_err(|error| failure(&error)),
            None => Ok(()),
        }
    }
}

impl Losses {
    fn weigh(&self, written: Result<(), AuditError>) -> Result<(), AuditError> {
        let Err(error) = written else { return Ok(()) };
        if !self.survived.load(Ordering::Relaxed) {
            return Err(error);
        }
        self.lost.fetch_add(1, Ordering::Relaxed);
        tracing::warn!("an audit line is lost: {}", error_chain(&error));
        Ok(())
    }
}

/// An entry whose value is there, and the call that brought it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// Its label.
    pub label: String,
    /// The Region that answered.
    pub region: Option<String>,
    /// The request.
    pub request_id: Option<String>,
}

fn failure(error: &AuditError) -> Failure {
    Failure::other("", audit::Failure::Io, error_chain(error), "correct --audit, or the file's rights, or make room")
}
