//! Whether this plugin can do its next Encrypt and Decrypt, and what Status says of it: the state table of
//! `docs/kms-plugin.md`.
//!
//! ```text
//! traffic ─┐
//!          ├─ WriteKey (per write key, pure) ── verdict ── Status, /readyz, metrics
//! probes ──┘       │
//!                  └─ a revocation that Decrypt reported, flush_after later ── flush
//! traffic ── ReadKeys (pure) ── two refusals that name the key ──────────────── flush
//! traffic, probes ── Failover (pure) ── a replica Region answers ── degraded, metrics, a line in the log
//! ```
//!
//! An outage and a revocation look alike to a caller and must not be: the text of an outage keeps kube-apiserver
//! writing under the seed that it has, the gRPC error of a revocation stops its writes.

mod failover;
mod key_health;
mod leg;
mod prober;
mod read_keys;
mod reason;
mod schedule;
mod write_key;

pub use key_health::KeyHealth;
pub use prober::{Probed, Prober};
pub use read_keys::ReadKeys;
pub use reason::Reason;
pub use schedule::Schedule;
pub use write_key::{ProbeOutcome, State, Verdict, WriteKey};

#[cfg(test)]
mod tests;
