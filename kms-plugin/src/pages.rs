//! What describes the program: completion scripts and the manual page, made from the flags.

use std::io::{self, Write};

use clap::CommandFactory as _;
use clap_mangen::Man;

use crate::args::{Args, Command, EXAMPLES};

/// Prints what was asked for on standard output.
///
/// # Errors
///
/// Standard output's.
pub fn print(command: Command) -> io::Result<()> {
    // Into memory first: the generator panics when its writer fails.
    let mut page = Vec::new();
    match command {
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Args::command(), "seal-kms-plugin", &mut page);
        }
        Command::Man => man(&mut page)?,
    }
    let mut out = io::stdout().lock();
    out.write_all(&page)?;
    out.flush()
}

/// The manual page, whose examples keep their lines: clap_mangen would take them for one paragraph.
fn man(page: &mut Vec<u8>) -> io::Result<()> {
    let man = Man::new(Args::command());
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    man.render_subcommands_section(page)?;
    let examples = EXAMPLES.trim_start_matches("Examples:\n").replace('-', "\\-");
    writeln!(page, ".SH EXAMPLES\n.nf\n{examples}\n.fi")?;
    man.render_version_section(page)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

    #[test]
    fn the_manual_page_has_every_flag_and_the_examples() {
        let mut page = Vec::new();
        super::man(&mut page).unwrap();
        let page = String::from_utf8(page).unwrap().replace("\\-", "-");
        for part in ["--encryption-context", "--qps-limit", "--config", ".SH EXAMPLES\n.nf\n", "completions"] {
            assert!(page.contains(part), "{part}");
        }
    }
}
