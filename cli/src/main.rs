//! `sealctl`: encrypt and decrypt files with a local key or AWS KMS.
#![forbid(unsafe_code)]

mod args;
mod batch;
mod command;
mod config;
mod error;
mod io;
mod keys;
mod policy;
mod progress;
mod report;

use std::process::ExitCode;

use clap::Parser;
use sealkit_host::allocator::{self, ZeroOnFree};
use sealkit_host::{hardening, signal};

use crate::args::LowArgs;

#[global_allocator]
static ALLOCATOR: ZeroOnFree = allocator::zero_on_free();

fn main() -> ExitCode {
    // Where a protection is refused, files are still better encrypted than not.
    let _best_effort = hardening::harden();
    // Without it such a write ends the process; nothing is half written by that either.
    let _best_effort = signal::meet_file_size_limit_as_error();
    let exit = command::run(&LowArgs::parse()).unwrap_or_else(|error| {
        if !error.is_silent() {
            progress::say(&report::presented(&error));
        }
        error.exit
    });
    exit.into()
}
