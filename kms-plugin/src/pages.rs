//! What describes the program: completion scripts and the manual page, made from the flags.

use std::io;

use clap::CommandFactory as _;
use sealkit_host::pages;

use crate::args::{Args, Command};

/// Prints what was asked for on standard output.
///
/// # Errors
///
/// Standard output's.
pub fn print(command: Command) -> io::Result<()> {
    match command {
        Command::Completions { shell } => pages::print(&pages::completions(Args::command(), shell)),
        Command::Man => pages::print(&pages::manual(Args::command())?),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

    use super::*;

    #[test]
    fn the_manual_page_has_every_flag_and_the_examples() {
        let page = pages::manual(Args::command()).unwrap();
        let page = String::from_utf8(page).unwrap().replace("\\-", "-");
        for part in ["--encryption-context", "--qps-limit", "--config", ".SH EXAMPLES\n.nf\n", "completions"] {
            assert!(page.contains(part), "{part}");
        }
    }
}
