//! `sealctl man`: the manual pages, made from what `--help` says.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use clap::{Command, CommandFactory};
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
    let mut command = LowArgs::command().disable_help_subcommand(true);
    let Some(directory) = &args.directory else {
        let mut out = io::stdout().lock();
        let written = page(&Man::new(command)).and_then(|page| out.write_all(&page)).and_then(|()| out.flush());
        return written.map(|()| Exit::Ok).map_err(|error| CliError::writing("standard output", &error));
    };
    command.build();
    fs::create_dir_all(directory)
        .and_then(|()| write_pages(&command, directory))
        .map(|()| Exit::Ok)
        .map_err(|error| CliError::writing(naming::shown(directory), &error))
}

/// Writes the page of a command and of all below it.
fn write_pages(command: &Command, directory: &Path) -> io::Result<()> {
    for below in command.get_subcommands() {
        write_pages(below, directory)?;
    }
    let man = Man::new(command.clone());
    fs::write(directory.join(man.get_filename()), page(&man)?)
}

/// A page whose examples keep their lines: clap_mangen takes what stands after the help for one paragraph, and `man`
/// fills it.
fn page(man: &Man) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    man.render(&mut page)?;
    let page = String::from_utf8(page).map_err(io::Error::other)?;
    let Some((before, after)) = page.split_once(".SH EXTRA\nExamples:\n") else { return Ok(page.into_bytes()) };
    let end = ["\n\n", "\n.SH "].iter().filter_map(|it| after.find(it)).min().unwrap_or(after.trim_end().len());
    let (examples, rest) = after.split_at(end);
    let rest = rest.trim_start_matches('\n');
    let paragraph = if rest.is_empty() || rest.starts_with('.') { "" } else { ".PP\n" };
    Ok(format!("{before}.SH EXAMPLES\n.nf\n{examples}\n.fi\n{paragraph}{rest}").into_bytes())
}
