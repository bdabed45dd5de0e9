//! Secrets for containers, as a library for its own binary, tests and benchmarks.
//!
//! ```text
//! text ── spec ── plan ── source ── output ── publish ── tmpfs
//!         forms   names   AWS,      bytes     generations
//!                 calls   sealed    of files
//!                 IAM     files
//!                            modes: init, watch, exec drive it; plan, lint, convert stop before the first call
//! ```
//!
//! What it promises, the specifications it reads and the protocol for readers: `docs/fetcher.md`.
#![forbid(unsafe_code)]

pub mod args;
pub mod convert;
pub mod failure;
pub mod modes;
pub mod output;
pub mod pages;
pub mod plan;
pub mod publish;
pub mod report;
pub mod run;
pub mod sandbox;
pub mod source;
pub mod spec;
pub mod target;
