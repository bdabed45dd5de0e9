//! `sealctl` as its user meets it: files, trees, pipes, terminals, signals.

mod batch;
mod config;
mod files;
mod interrupted;
mod json;
#[cfg(feature = "aws")]
mod kms;
mod pages;
mod rig;
mod streams;
mod terminal;
mod trees;
