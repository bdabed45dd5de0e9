//! Publication, interrupted: a publisher that is killed, or refused by the kernel, at each of its system calls in turn.
//!
//! The publisher is this program again, traced (ptrace(2)): nothing in the fetcher knows of it, and no system call is left
//! out. Whatever happens to it, readers see the state before or the state after as a whole, and the next run gets where
//! this one was to get.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod killed;
#[cfg(target_arch = "x86_64")]
mod refused;
mod story;
mod target;
mod traced;
