//! `sealctl completions`: a shell's completion script.

use std::io::Write;

use clap::CommandFactory;
use sealkit_host::exit::Exit;

use crate::args::{CompletionsArgs, LowArgs};
use crate::error::CliError;

/// Prints the script.
///
/// # Errors
/// Standard output's.
pub(crate) fn run(args: &CompletionsArgs) -> Result<Exit, CliError> {
    // Into memory first: the generator panics when its writer fails.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut LowArgs::command(), "sealctl", &mut script);
    let mut out = std::io::stdout().lock();
    out.write_all(&script).and_then(|()| out.flush()).map_err(|error| CliError::writing("standard output", &error))?;
    Ok(Exit::Ok)
}
