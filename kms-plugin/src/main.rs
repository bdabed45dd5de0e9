//! `seal-kms-plugin`: the KMS encryption provider for Kubernetes Secrets.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser as _;
use sealkit_host::allocator::{self, ZeroOnFree};
use sealkit_host::exit::Exit;
use sealkit_host::{hardening, signal};
use sealkit_kms_plugin::args::Args;
use sealkit_kms_plugin::socket::Activated;
use sealkit_kms_plugin::{pages, run};

#[global_allocator]
static ALLOCATOR: ZeroOnFree = allocator::zero_on_free();

/// Enough for thousands of calls a second, and few enough that their stacks and arenas stay small.
const WORKERS: usize = 2;

/// Threads for what blocks: names that the system resolves, and files.
const BLOCKING: usize = 8;

fn main() -> ExitCode {
    let hardened = hardening::harden();
    // Without it such a write ends the process.
    let _best_effort = signal::meet_file_size_limit_as_error();
    // Before there is a second thread, for it changes the environment.
    let activated = Activated::from_env();
    let args = Args::parse();
    if let Some(command) = args.command {
        let exit = match pages::print(command) {
            Ok(()) => Exit::Ok,
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Exit::BROKEN_PIPE,
            Err(_) => Exit::Io,
        };
        return exit.into();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(BLOCKING)
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("seal-kms-plugin: no runtime can be made: {error}");
            return Exit::Io.into();
        }
    };
    let exit = runtime.block_on(run::run(&args, hardened, activated));
    // What still runs is a probe, or a call that was cut off.
    runtime.shutdown_background();
    exit.into()
}
