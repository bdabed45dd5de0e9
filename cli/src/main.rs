//! `sealctl`: encrypt and decrypt files with a local key or AWS KMS.
#![forbid(unsafe_code)]

mod error;
mod keys;

fn main() {}
