//! `sealctl completions`: a shell's completion script.

use clap::CommandFactory;
use sealkit_host::exit::Exit;
use sealkit_host::pages;

use crate::args::{CompletionsArgs, LowArgs};
use crate::error::CliError;

/// Prints the script.
///
/// # Errors
/// Standard output's.
pub(crate) fn run(args: &CompletionsArgs) -> Result<Exit, CliError> {
    let script = pages::completions(LowArgs::command(), args.shell);
    pages::print(&script).map(|()| Exit::Ok).map_err(|error| CliError::writing("standard output", &error))
}
