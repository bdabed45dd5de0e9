//! End to end: vectors, official SDKs and the rig itself, in one binary that links everything once.
//!
//! What needs more than cargo is ignored with the need as its reason; `./check --all` runs it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod interop;
mod kms_double;
mod leaks;
mod logins_double;
mod memory;
mod ours;
mod parameters_double;
mod rotation_double;
mod secrets_double;
mod tls_double;
mod vectors;
