//! End to end: vectors, official SDKs and the rig itself, in one binary that links everything once.
//!
//! What needs more than cargo is ignored with the need as its reason; `./check --all` runs it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod interop;
mod kms_double;
mod leaks;
mod memory;
mod ours;
mod rotation_double;
mod tls_double;
mod vectors;
