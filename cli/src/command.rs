//! What each command does, from what was typed to an exit code.

mod completions;
mod config;
mod decrypt;
mod encrypt;
mod inspect;
mod keygen;
#[cfg(feature = "kube")]
mod kube;
mod man;
mod pipeline;

use sealkit_host::exit::Exit;

use crate::args::{Command, LowArgs};
use crate::error::CliError;

/// Runs the command that was typed.
///
/// # Errors
/// What ends the run before or instead of its work; the failures of single inputs are said as they
/// happen and are in the exit code alone.
pub(crate) fn run(args: &LowArgs) -> Result<Exit, CliError> {
    match &args.command {
        Command::Encrypt(args) => encrypt::run(args),
        Command::Decrypt(args) => decrypt::decrypt(args),
        Command::Verify(args) => decrypt::verify(args),
        Command::Inspect(args) => inspect::run(args),
        Command::Keygen(args) => keygen::run(args),
        Command::Config(args) => config::run(args),
        #[cfg(feature = "kube")]
        Command::Kube(args) => kube::run(args),
        Command::Completions(args) => completions::run(args),
        Command::Man(args) => man::run(args),
    }
}
