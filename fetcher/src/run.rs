//! From what was typed to the mode that does it.

use std::process::ExitCode;

use sealkit_host::hardening::Hardened;
use sealkit_host::logging;

use crate::args::{Args, Command};
use crate::{convert, modes, pages};

/// Runs the mode that was typed, to its end.
pub async fn run(args: &Args, hardened: Hardened) -> ExitCode {
    if let Some(log) = args.command.log() {
        logging::begin(log.settings(), &["sealkit_fetcher", "seal_fetcher"]);
        if !hardened.not_dumpable {
            tracing::warn!("core dumps and ptrace could not be forbidden: others of this user can read our memory");
        }
    }
    let exit = match &args.command {
        Command::Init(args) => modes::init::run(args).await,
        Command::Watch(args) => modes::watch::run(args).await,
        // The code of a program that is not ours.
        Command::Exec(args) => return modes::exec::run(args).await,
        Command::Plan(args) => modes::plan::run(args).await,
        Command::Lint(args) => modes::lint::run(args).await,
        Command::Convert(args) => convert::run(args).await,
        Command::Install(args) => modes::install::run(args).await,
        Command::Probe(args) => modes::probe::run(args).await,
        Command::Completions(args) => pages::completions(args),
        Command::Man(args) => pages::man(args),
    };
    exit.into()
}
