//! `sealctl man`: the manual pages, made from what `--help` says.

use std::fs;
use std::io::{self, Write};

use clap::CommandFactory;
use clap_mangen::Man;
use sealkit_host::exit::Exit;

use crate::args::{LowArgs, ManArgs};
use crate::error::CliError;
use crate::io::naming;

/// Prints the page of `sealctl`, or writes that and one a command to a directory.
///
/// # Errors
/// What the operating system refuses to write.
pub(crate) fn run(args: &ManArgs) -> Result<Exit, CliError> {
    // The command `help` says nothing that `--help` does not.
    let command = LowArgs::command().disable_help_subcommand(true);
    let Some(directory) = &args.directory else {
        let mut page = Vec::new();
        let mut out = io::stdout().lock();
        let written =
            Man::new(command).render(&mut page).and_then(|()| out.write_all(&page)).and_then(|()| out.flush());
        return written.map(|()| Exit::Ok).map_err(|error| CliError::writing("standard output", &error));
    };
    fs::create_dir_all(directory)
        .and_then(|()| clap_mangen::generate_to(command, directory))
        .map(|()| Exit::Ok)
        .map_err(|error| CliError::writing(naming::shown(directory), &error))
}
