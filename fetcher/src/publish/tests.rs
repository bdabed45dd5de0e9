//! Publication as its readers and its next run see it.

#![expect(clippy::unwrap_used, reason = "a test that fails there has found something")]

mod hostile;
mod outcomes;
mod readers;
mod refreshed;
mod rig;
mod rights;
