//! What describes the program: completion scripts and manual pages, made from the flags.

use std::io;

use clap::CommandFactory as _;
use sealkit_host::exit::Exit;
use sealkit_host::pages;

use crate::args::{Args, CompletionsArgs, ManArgs};

/// Prints a shell's completion script.
#[must_use]
pub fn completions(args: &CompletionsArgs) -> Exit {
    ended("standard output", pages::print(&pages::completions(Args::command(), args.shell)))
}

/// Prints the page of the program, or writes that and one a mode to a directory.
#[must_use]
pub fn man(args: &ManArgs) -> Exit {
    match &args.directory {
        Some(directory) => ended(&directory.display().to_string(), pages::write_manuals(Args::command(), directory)),
        None => ended("standard output", pages::manual(Args::command()).and_then(|page| pages::print(&page))),
    }
}

pub(crate) fn ended(place: &str, done: io::Result<()>) -> Exit {
    match done {
        Ok(()) => Exit::Ok,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::BROKEN_PIPE,
        Err(error) => {
            eprintln!("seal-fetcher: {place} can't be written: {error}");
            Exit::Io
        }
    }
}
