//! `sealctl config allow` and `sealctl config revoke`.

use std::fmt::Write as _;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use sealkit_host::exit::Exit;
use sealkit_host::text::Escaped;

use super::{inside, print};
use crate::config::Configuration;
use crate::config::private;
use crate::config::repository::RepositoryConfig;
use crate::config::search::FILE_NAME;
use crate::config::trust::Trust;
use crate::error::{CliError, cause};

/// Shows what the files that govern `path` choose, and records that the user allows it: for their content as it was
/// shown.
///
/// # Errors
/// If there is none, if the user says no, and without a terminal or `--yes`.
pub(super) fn allow(configuration: &Configuration, path: &Path, yes: bool) -> Result<Exit, CliError> {
    let mut pending = Vec::new();
    for file in governing(configuration, path)? {
        match configuration.trust().trust(&file.path, &file.content)? {
            Trust::Allowed => print(&format!("{} is allowed already\n", private::shown(&file.path)))?,
            _ if !file.needs_permission() => {
                print(&format!("{} chooses neither keys nor context: nothing to allow\n", private::shown(&file.path)))?;
            }
            Trust::Changed { keys } => pending.push((file, keys)),
            Trust::Unknown => pending.push((file, Vec::new())),
        }
    }
    for (file, before) in &pending {
        print(&shown(file, before))?;
    }
    if pending.is_empty() {
        return Ok(Exit::Ok);
    }
    if !yes {
        ask(&pending[0].0.path)?;
    }
    for (file, _) in &pending {
        configuration.trust().allow(&file.path, &file.content, file.keys())?;
        print(&format!("allowed {}\n", private::shown(&file.path)))?;
    }
    Ok(Exit::Ok)
}

/// Forgets what was allowed about the files that govern `path`.
///
/// # Errors
/// If a record cannot be removed.
pub(super) fn revoke(configuration: &Configuration, path: &Path) -> Result<Exit, CliError> {
    for file in governing(configuration, path)? {
        let what = if configuration.trust().revoke(&file.path)? { "no longer allowed" } else { "was not allowed" };
        print(&format!("{}: {what}\n", private::shown(&file.path)))?;
    }
    Ok(Exit::Ok)
}

/// The one file that `path` is, or all that govern it.
fn governing(configuration: &Configuration, path: &Path) -> Result<Vec<Arc<RepositoryConfig>>, CliError> {
    let applied = configuration.applied(Some(&inside(path)))?;
    let mut files: Vec<_> = applied.layers.into_iter().map(|(file, _)| file).collect();
    if path.file_name().is_some_and(|name| name == FILE_NAME) {
        files.truncate(1);
    }
    if files.is_empty() {
        return Err(CliError::new(Exit::NotFound, private::shown(path), "no sealctl.toml governs it")
            .hint("it is looked for in the directory and those above it, up to the one that holds .git"));
    }
    Ok(files)
}

/// What a file chooses, rule by rule; keys are marked that were not among those allowed before.
fn shown(file: &RepositoryConfig, before: &[String]) -> String {
    let mut text = format!("{}\n", private::shown(&file.path));
    let known = if before.is_empty() { "" } else { "  (allowed before)" };
    for rule in file.rules.iter().filter(|rule| rule.needs_permission()) {
        let paths: Vec<_> = rule.paths.iter().map(|pattern| Escaped::new(&pattern.to_string()).to_string()).collect();
        let _infallible = writeln!(text, "  line {}, for {}", rule.line, paths.join(", "));
        for key in rule.keys.iter().map(ToString::to_string) {
            let mark = if before.contains(&key) { known } else { "" };
            let _infallible = writeln!(text, "    key      {}{mark}", Escaped::new(&key));
        }
        for region in &rule.failover_regions {
            let _infallible = writeln!(text, "    failover {region}");
        }
        for (key, value) in &rule.demands.context {
            let _infallible = writeln!(text, "    context  {} = {}", Escaped::new(key), Escaped::new(value));
        }
    }
    let keys = file.keys();
    for key in before.iter().filter(|key| !keys.contains(key)) {
        let _infallible = writeln!(text, "  no longer  {}", Escaped::new(key));
    }
    text
}

/// Asks at the terminal; anything but yes is no.
fn ask(path: &Path) -> Result<(), CliError> {
    let object = private::shown(path);
    let (stdin, mut stderr) = (std::io::stdin(), std::io::stderr());
    if !stdin.is_terminal() || !stderr.is_terminal() {
        return Err(
            CliError::usage(object, "there is no terminal to ask at").hint("allow what is shown above with --yes")
        );
    }
    let mut answer = String::new();
    let asked = write!(stderr, "Use these keys and this context for the files under these paths? [y/N] ");
    asked
        .and_then(|()| stderr.flush())
        .and_then(|()| stdin.lock().read_line(&mut answer))
        .map_err(|error| CliError::new(Exit::Io, "terminal", cause(&error)))?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    Err(CliError::new(Exit::Config, object, "not allowed"))
}
