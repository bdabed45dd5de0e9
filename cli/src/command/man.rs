//! `sealctl man`: the manual pages, made from what `--help` says.

use clap::CommandFactory;
use sealkit_host::exit::Exit;
use sealkit_host::pages;

use crate::args::{LowArgs, ManArgs};
use crate::error::CliError;
use crate::io::naming;

/// Prints the page of `sealctl`, or writes that and one a command to a directory.
///
/// # Errors
/// What the operating system refuses to write.
pub(crate) fn run(args: &ManArgs) -> Result<Exit, CliError> {
    let (place, written) = match &args.directory {
        None => {
            let printed = pages::manual(LowArgs::command()).and_then(|page| pages::print(&page));
            ("standard output".to_owned(), printed)
        }
        Some(directory) => (naming::shown(directory), pages::write_manuals(LowArgs::command(), directory)),
    };
    written.map(|()| Exit::Ok).map_err(|error| CliError::writing(place, &error))
}
