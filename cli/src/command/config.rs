//! `sealctl config`: what applies to a path and why, and what the user allows a repository to choose.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use sealkit_host::exit::Exit;

use crate::args::{ConfigAction, ConfigArgs};
use crate::config::Configuration;
use crate::config::dirs::UserDirs;
use crate::config::explanation::Explanation;
use crate::error::CliError;
use crate::report::print_json;

mod allow;

/// Says what applies to each path, or changes what is allowed.
///
/// # Errors
/// Configuration that is wrong, or permission that was not given.
pub(crate) fn run(args: &ConfigArgs) -> Result<Exit, CliError> {
    // What is in use is the answer here, not a note beside it.
    let configuration = Configuration::load(&UserDirs::of_user()?, true)?;
    match &args.action {
        Some(ConfigAction::Allow { path, yes }) => allow::allow(&configuration, path, *yes),
        Some(ConfigAction::Revoke { path }) => allow::revoke(&configuration, path),
        None => explain(&configuration, args),
    }
}

fn explain(configuration: &Configuration, args: &ConfigArgs) -> Result<Exit, CliError> {
    let stdin = [PathBuf::from("-")];
    let paths = if args.paths.is_empty() { &stdin[..] } else { &args.paths };
    for path in paths {
        let input = (path.as_os_str() != "-").then(|| inside(path));
        let explanation = Explanation::of(configuration, input.as_deref())?;
        if args.json {
            print_json(&explanation)?;
        } else {
            print(&explanation.to_string())?;
        }
    }
    Ok(Exit::Ok)
}

/// A directory stands for a file in it that has no other name.
fn inside(path: &Path) -> PathBuf {
    if path.is_dir() { path.join("-") } else { path.to_owned() }
}

fn print(text: &str) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| CliError::writing("standard output", &error))
}
