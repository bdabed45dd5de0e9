//! What describes a program: completion scripts and manual pages, made from the flags that clap knows.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;

/// Prints a page on standard output.
///
/// # Errors
/// Standard output's.
pub fn print(page: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(page)?;
    out.flush()
}

/// A shell's completion script.
#[must_use]
pub fn completions(mut command: Command, shell: Shell) -> Vec<u8> {
    // Into memory first: the generator panics when its writer fails.
    let mut script = Vec::new();
    let name = command.get_name().to_owned();
    clap_complete::generate(shell, &mut command, name, &mut script);
    script
}

/// The manual page of the program.
///
/// # Errors
/// If what clap knows is not text, which never happens.
pub fn manual(command: Command) -> io::Result<Vec<u8>> {
    page(&Man::new(without_help(command)))
}

/// Writes the page of the program, and one for each command below it, to a directory that is made if missing.
///
/// # Errors
/// What the operating system refuses to write.
pub fn write_manuals(command: Command, directory: &Path) -> io::Result<()> {
    let mut command = without_help(command);
    command.build();
    fs::create_dir_all(directory)?;
    write_below(&command, directory)
}

/// The command `help` says nothing that `--help` does not.
fn without_help(command: Command) -> Command {
    command.disable_help_subcommand(true)
}

fn write_below(command: &Command, directory: &Path) -> io::Result<()> {
    for below in command.get_subcommands() {
        write_below(below, directory)?;
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
