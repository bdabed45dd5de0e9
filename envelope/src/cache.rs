//! Values that cost a remote call: kept within bounds, and fetched once however many ask at the same time.
//!
//! Two layers, neither of which knows what it keeps:
//!
//! - [`Bounded`] holds entries until they are too many, too old or used up. An entry that leaves is dropped at once,
//!   so a value that zeroises itself on drop does so on eviction.
//! - [`Coalescing`] stands in front of it: the first caller for a key starts a *load*, all who come while it is
//!   under way share its result, and a success is stored.
//!
//! ```text
//! get_or_load(key) ─┬─ stored, fresh, not used up ─────────────▶ hit
//!                   ├─ a load is under way and has room ───────▶ joined ─┐
//!                   └─ otherwise: start a load ────────────────▶ loaded ─┴─▶ stored, unless it failed
//! ```
//!
//! No runtime is named and no thread is started: a load makes progress whenever *any* of its callers is polled, so
//! dropping one of them (a timeout, an aborted task, a closed connection) neither cancels the load nor strands the
//! others. What is dropped by all its callers is cancelled, unless [`Coalescing::with_spawner`] gave it a home.
//!
//! The data-key cache ([`CachingCmm`](crate::cmm::CachingCmm)) is one user of this module. Source of its rules: AWS
//! Encryption SDK specification, `framework/cryptographic-materials-cache.md`,
//! `framework/local-cryptographic-materials-cache.md` and
//! `framework/storm-tracking-cryptographic-materials-cache.md`.

mod bounded;
mod clock;
mod coalescing;
mod flight;
mod spending;
mod stats;
mod sweeper;

pub use bounded::{Bounded, Limits};
pub use clock::{Clock, ManualClock, SystemClock};
pub use coalescing::{Coalescing, Origin, Served, Spawner};
pub use stats::Stats;
pub use sweeper::{Sweep, Sweeper};

#[cfg(test)]
mod tests;
