//! `seal-fetcher`: secrets in tmpfs before the application starts, and fresh while it runs.
#![forbid(unsafe_code)]

fn main() {}
