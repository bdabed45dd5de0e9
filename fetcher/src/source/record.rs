//! What is said of each call: its audit line, and of its failure what to do next here.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sealkit_aws::{Fault, FaultClass};
use sealkit_host::audit::{self, AuditError, AuditEvent};

use crate::failure::Failure;

/// Takes audit lines. An error ends the fetching: no further call is made (`docs/audit.md`). A server that goes on
/// serving counts its losses and returns none.
pub type AuditSink = Arc<dyn Fn(&AuditEvent) -> Result<(), AuditError> + Send + Sync>;

/// Writes audit lines, and explains denials.
pub(super) struct Recorder {
    audit: Option<AuditSink>,
    is_ecs: bool,
    is_broken: AtomicBool,
    broken: Mutex<Option<String>>,
    /// The refusal of credentials that was written last: several calls may share it.
    refusal: Mutex<Option<String>>,
}

/// A call that was answered or failed.
pub(super) struct Call<'a> {
    /// Its IAM action.
    pub(super) action: &'static str,
    /// Labels of the entries that it is made for.
    pub(super) object: &'a str,
    /// What was asked for.
    pub(super) resource: &'a str,
    /// Where.
    pub(super) region: &'a str,
    /// Its id, if there was an answer.
    pub(super) request_id: Option<&'a str>,
}

impl Recorder {
    pub(super) fn new(audit: Option<AuditSink>, is_ecs: bool) -> Self {
        Self { audit, is_ecs, is_broken: AtomicBool::new(false), broken: Mutex::default(), refusal: Mutex::default() }
    }

    /// Writes the line of a call. Where credentials were refused for it, the refusal is the call that was made.
    pub(super) fn call(&self, call: &Call<'_>, outcome: Result<(), &Fault>) {
        let event = match outcome {
            Ok(()) => AuditEvent::ok(call.action),
            Err(fault) => {
                let action = fault.login_action().unwrap_or(call.action);
                let event = AuditEvent::failed(action, audit::Failure::of_class(fault.class().as_str()));
                let event = event.code(fault.code().unwrap_or_default());
                if fault.is_of_login() {
                    let id = fault.request_id().unwrap_or_default();
                    if self.is_written(id) {
                        return;
                    }
                    return self.line(&event.object(call.object).request_id(id));
                }
                event
            }
        };
        let event = event.object(call.object).resource(call.resource).region(call.region);
        self.line(&event.request_id(call.request_id.unwrap_or_default()));
    }

    /// Whether the refusal of this request id has its line; from now on it has.
    fn is_written(&self, id: &str) -> bool {
        let mut last = self.refusal.lock().unwrap_or_else(PoisonError::into_inner);
        let is_written = !id.is_empty() && last.as_deref() == Some(id);
        *last = Some(id.to_owned());
        is_written
    }

    /// Writes any line.
    pub(super) fn line(&self, event: &AuditEvent) {
        let Some(audit) = &self.audit else { return };
        if let Err(error) = audit(event) {
            let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
            broken.get_or_insert_with(|| described(&error));
            self.is_broken.store(true, Ordering::Relaxed);
        }
    }

    /// Whether a line could not be written: then no further call may be made.
    pub(super) fn is_broken(&self) -> bool {
        self.is_broken.load(Ordering::Relaxed)
    }

    /// Why nothing was fetched, if a line could not be written.
    pub(super) fn broken(&self, object: &str) -> Option<Failure> {
        let broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        let hint = "no call is made without a record: make room for the audit file, or name another one";
        broken.as_ref().map(|message| Failure::other(object, audit::Failure::Io, message, hint))
    }

    /// The failure of a call, with what the place it happened in says about the next step.
    pub(super) fn explained(&self, fault: Fault) -> Fault {
        if !(self.is_ecs && fault.class() == FaultClass::Denied && !fault.is_of_login()) {
            return fault;
        }
        let hint = format!(
            "{}; in an ECS task that is the task role: it needs what the execution role had for `secrets`",
            fault.hint()
        );
        fault.with_hint(hint)
    }
}

/// An error and its cause on one line.
fn described(error: &AuditError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
