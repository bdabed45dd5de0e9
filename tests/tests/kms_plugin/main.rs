//! Stories of `seal-kms-plugin`: the program itself, on a socket, beside a KMS that does what the story says.
//!
//! What a machine's load could spoil is not asserted here: figures are the load generator's
//! (`sealkit-kms-load targets`). Stories wait until something holds, with limits far beyond what is promised, and
//! say where a promise is a lower bound. Those that must wait for half a minute or more are ignored by default;
//! `./check --all` runs them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod authority;
mod bad_input;
mod credentials;
mod drop_in;
mod host;
mod leaks;
mod lifecycle;
mod list;
mod local_key;
mod outage;
mod poison;
mod restart;
mod revocation;
mod rotation;
mod scene;
mod socket;
mod throttling;
