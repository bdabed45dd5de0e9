//! Audit lines: what was sealed and opened, when, by whom, under which key. Never a value.
//!
//! The schema, and what happens when a line can't be written, is decided in `docs/audit.md`.
//!
//! ```no_run
//! use sealkit_host::audit::{AuditEvent, AuditLog, Program};
//!
//! # fn main() -> Result<(), sealkit_host::audit::AuditError> {
//! let log = AuditLog::open("audit.jsonl".as_ref(), Program { name: "sealctl", version: "0.1.0" })?;
//! log.append(&AuditEvent::ok("decrypt").object("/srv/db.dump.sealed").key("local:demo-5f1c"))?;
//! # Ok(())
//! # }
//! ```

mod event;
mod log;

pub use event::{AuditEvent, Failure};
pub use log::{AuditError, AuditLog, Program};

#[cfg(test)]
mod tests;
