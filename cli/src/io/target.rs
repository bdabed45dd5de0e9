//! Where each input's result goes, decided before the first is read.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::collect::{Collected, Item, Source};
use super::naming;
use crate::error::CliError;
use crate::keys::Direction;

/// Where one result goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// Standard output.
    Stdout,
    /// A path: a file to make, or a device or FIFO to write to.
    Path(PathBuf),
    /// Nowhere: `verify`.
    Nothing,
}

impl Target {
    /// For programs: `-` is standard output.
    pub(crate) fn raw(&self) -> Option<String> {
        match self {
            Self::Stdout => Some("-".to_owned()),
            Self::Path(path) => Some(path.to_string_lossy().into_owned()),
            Self::Nothing => None,
        }
    }

    /// For people.
    pub(crate) fn shown(&self) -> Option<String> {
        match self {
            Self::Stdout => Some("standard output".to_owned()),
            Self::Path(path) => Some(naming::shown(path)),
            Self::Nothing => None,
        }
    }
}

/// What was typed about targets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// `-o`.
    pub(crate) output: Option<&'a Path>,
    /// `--beside`; encrypting does so by itself.
    pub(crate) beside: bool,
}

/// One piece of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Job {
    /// Where the bytes come from.
    pub(crate) source: Source,
    /// Where the result goes.
    pub(crate) target: Target,
}

/// Gives each input its target.
///
/// # Errors
/// Names that leave no target, several inputs without a place to go, and two inputs with one target:
/// all of them before anything is written.
pub(crate) fn assign(inputs: &Collected, wanted: Wanted<'_>, direction: Direction) -> Result<Vec<Job>, CliError> {
    let mut jobs: Vec<Job> = Vec::with_capacity(inputs.items.len());
    let mut taken: HashMap<PathBuf, usize> = HashMap::new();
    for item in &inputs.items {
        let target = target_of(item, inputs.many, wanted, direction)?;
        if let Target::Path(path) = &target
            && let Some(other) = taken.insert(path.clone(), jobs.len())
        {
            let message =
                format!("both {} and {} would be written there", jobs[other].source.shown(), item.source.shown());
            return Err(
                CliError::usage(naming::shown(path), message).hint("run them apart, or into different directories")
            );
        }
        jobs.push(Job { source: item.source.clone(), target });
    }
    Ok(jobs)
}

fn target_of(item: &Item, many: bool, wanted: Wanted<'_>, direction: Direction) -> Result<Target, CliError> {
    match wanted.output {
        Some(output) if is_stdout(output) => {
            if many {
                return Err(CliError::usage("-o -", "several inputs cannot share standard output")
                    .hint("name a directory with -o, or run them one by one"));
            }
            Ok(Target::Stdout)
        }
        Some(output) if many && output.exists() && !output.is_dir() => Err(CliError::usage(
            naming::shown(output),
            "-o names a directory for several inputs or a tree, and this is a file",
        )
        .hint("name another with -o")),
        Some(output) if many => Ok(Target::Path(output.join(renamed(&item.below, direction)))),
        Some(output) if output.is_dir() => {
            Err(CliError::usage(naming::shown(output), "-o names a file for one input, and this is a directory")
                .hint(format!("-o {}", naming::shown(&output.join(renamed(&item.below, direction))))))
        }
        Some(output) => Ok(Target::Path(output.to_owned())),
        None => beside(item, many, wanted.beside, direction),
    }
}

fn beside(item: &Item, many: bool, asked: bool, direction: Direction) -> Result<Target, CliError> {
    let Some(path) = item.source.path() else {
        return match asked {
            true => Err(CliError::usage("--beside", "standard input lies beside nothing").hint("use -o FILE")),
            false => Ok(Target::Stdout),
        };
    };
    match direction {
        Direction::Encrypt if naming::is_sealed(path) => {
            Err(CliError::usage(naming::shown(path), "its name says that it is encrypted already")
                .hint("to encrypt it once more, name the result with -o FILE"))
        }
        Direction::Encrypt => Ok(Target::Path(naming::sealed(path))),
        Direction::Decrypt if asked => naming::opened(path).map(Target::Path).ok_or_else(|| {
            CliError::usage(naming::shown(path), "--beside takes off .sealed, and this name does not end in it")
                .hint("name the result with -o")
        }),
        Direction::Decrypt if many => Err(CliError::usage("inputs", "several inputs cannot share standard output")
            .hint("write them with -o DIR, or with --beside next to their inputs")),
        Direction::Decrypt => Ok(Target::Stdout),
    }
}

/// `-` and the device that stands for it: what is behind that path may be a file that is not ours to replace.
fn is_stdout(output: &Path) -> bool {
    output.as_os_str() == "-" || output == Path::new("/dev/stdout")
}

/// The name in a mirrored tree.
fn renamed(below: &Path, direction: Direction) -> PathBuf {
    match direction {
        Direction::Encrypt => naming::sealed(below),
        Direction::Decrypt => naming::opened(below).unwrap_or_else(|| below.to_owned()),
    }
}

#[cfg(test)]
mod tests;
