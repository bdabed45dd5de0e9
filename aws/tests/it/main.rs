//! The crate against servers on loopback, from a process of its own for each case.
//!
//! The SDK reads its credentials' settings from the process' environment and files, so a case is a
//! child of this binary (see [`probe`]) with exactly the variables that the case names.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod chosen;
mod logins;
mod probe;
mod proxies;
mod retries;
mod server;
mod settings;
mod tls;
