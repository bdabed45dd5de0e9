//! What the fetcher asks AWS for, seen from an AWS of our own on loopback.
#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

mod batches;
mod calls;
mod failover;
mod herd;
mod logins;
mod pace;
mod rig;
mod sealed;
mod searches;
