//! What a Sealkit process owes its machine.
//!
//! Three binaries share this crate and each of its modules has one duty. In the order in which a `main` meets
//! them:
//!
//! | Module | Duty |
//! |---|---|
//! | [`hardening`] | no core dumps, no ptrace, before anything secret is in memory |
//! | [`allocator`] | heap blocks are zeroed when they are freed |
//! | [`signal`] | SIGINT, SIGTERM and SIGHUP end the work and leave nothing half done |
//! | [`private_file`] | configuration and key files that only their owner can change |
//! | [`config`] | every mistake of a file at once, with line and column |
//! | [`list`] | lists in flags, as pflag and so Kubernetes' programs read them |
//! | `logging` | one line an event on standard error (a feature) |
//! | [`atomic`] | a new file is there completely or not at all |
//! | [`audit`] | the lines of `docs/audit.md` |
//! | [`text`] | names made harmless for terminals and logs |
//! | `endpoints`, `process_metrics` | health checks and metrics over HTTP (a feature) |
//! | `pages` | completion scripts and manual pages (a feature) |
//! | [`exit`] | the codes of `docs/exit-codes.md` |
//!
//! It knows neither AWS nor the message format.
#![forbid(unsafe_code)]

pub mod allocator;
pub mod atomic;
pub mod audit;
pub mod config;
#[cfg(feature = "endpoints")]
pub mod endpoints;
pub mod exit;
pub mod hardening;
pub mod list;
#[cfg(feature = "logging")]
pub mod logging;
#[cfg(feature = "pages")]
pub mod pages;
pub mod private_file;
#[cfg(feature = "endpoints")]
pub mod process_metrics;
pub mod signal;
pub mod text;

#[cfg(test)]
mod testing;
