//! `seal-fetcher`: secrets in tmpfs before the application starts, and fresh while it runs.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser as _;
use sealkit_fetcher::args::Args;
use sealkit_fetcher::run;
use sealkit_host::allocator::{self, ZeroOnFree};
use sealkit_host::exit::Exit;
use sealkit_host::{hardening, signal};

#[global_allocator]
static ALLOCATOR: ZeroOnFree = allocator::zero_on_free();

/// Threads for what blocks: names that the system resolves, and files. More would cost stacks for nothing.
const BLOCKING: usize = 4;

fn main() -> ExitCode {
    // First of all, and without a limit that a program we become would inherit.
    let mut hardened = hardening::harden_this_program_alone();
    let args = Args::parse();
    if !args.command.runs_others() {
        hardened = hardening::harden();
    }
    // Without it such a write ends the process. It is a handler, which `execve` resets.
    let _best_effort = signal::meet_file_size_limit_as_error();
    // One thread: secrets are locked in memory best effort, and stacks count against that limit.
    let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(BLOCKING).enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("seal-fetcher: no runtime can be made: {error}");
            return Exit::Io.into();
        }
    };
    let exit = runtime.block_on(run::run(&args, hardened));
    // What still runs is a call that was cut off.
    runtime.shutdown_background();
    exit
}
