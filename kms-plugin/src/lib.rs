//! The KMS encryption provider for Kubernetes Secrets, as a library for its own binary, tests and benchmarks.
//!
//! ```text
//! kube-apiserver ── socket ── authority ── server ── service ── keys ── KMS
//!                   rights    what h2      HTTP/2    v1beta1    direct or under a local KEK
//!                   peers     would refuse deadlines and v2       │
//!                                                                 └─ each call: health, metrics, audit
//! ```
//!
//! What it promises, in which mode, and the bytes it writes: `docs/kms-plugin.md`.
#![forbid(unsafe_code)]

pub mod args;
pub mod audit;
mod authority;
mod config;
pub mod endpoints;
pub mod health;
pub mod keys;
pub mod metrics;
mod notify;
pub mod pages;
pub mod plugin;
pub mod proto;
mod quiet;
pub mod run;
pub mod server;
pub mod service;
pub mod settings;
pub mod socket;
pub mod watch;
