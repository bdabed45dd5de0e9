//! `seal-fetcher` as a whole: the program in an environment of its own, against the double of AWS on loopback, and
//! against moto for what moto gets right.
//!
//! What needs more than cargo is ignored with the need as its reason; `./check --all` runs it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod calls;
mod denied;
mod exec;
mod failover;
mod faults;
mod leaks;
mod logins;
mod manifests;
mod memory;
mod moto;
mod network;
mod plan;
mod publication;
mod renewal;
mod reports;
mod scene;
mod sources;
mod watch;
