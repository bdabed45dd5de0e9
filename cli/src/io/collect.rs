//! From the paths that were typed to the list of files to work on.

use std::fs;
use std::path::{Path, PathBuf};

use super::naming;
use super::walk::{LeftOut, walk};
use crate::error::CliError;
use crate::keys::Direction;

/// Where one input's bytes come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// Standard input.
    Stdin,
    /// A path that was typed: a symbolic link is followed, a FIFO or device is read.
    Named(PathBuf),
    /// A regular file that was found in a directory: nothing else is opened in its place.
    Found(PathBuf),
}

impl Source {
    /// The path, if it has one.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Stdin => None,
            Self::Named(path) | Self::Found(path) => Some(path),
        }
    }

    /// For programs: `-` is standard input.
    pub(crate) fn raw(&self) -> String {
        self.path().map_or_else(|| "-".to_owned(), |path| path.to_string_lossy().into_owned())
    }

    /// For people.
    pub(crate) fn shown(&self) -> String {
        self.path().map_or_else(|| "standard input".to_owned(), naming::shown)
    }
}

/// One input, and where it lies below the directory that a tree is mirrored to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    /// Where its bytes come from.
    pub(crate) source: Source,
    /// Its path below `-o DIR`, not yet renamed. Empty for standard input.
    pub(crate) below: PathBuf,
}

/// All inputs of a run.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    /// What to work on, in the order typed, trees in the order of names.
    pub(crate) items: Vec<Item>,
    /// What could not even be listed.
    pub(crate) failed: Vec<CliError>,
    /// What was left out, by reason.
    pub(crate) left_out: LeftOut,
    /// Whether several inputs or a tree were named: then `-o` is a directory.
    pub(crate) many: bool,
}

/// Lists the inputs. Nothing is opened but directories.
///
/// # Errors
/// No input while standard input is a terminal, and `-` beside other inputs. A path that does not
/// exist is no error here: it fails as one item of the batch.
pub(crate) fn collect(
    typed: &[PathBuf],
    direction: Direction,
    target: Option<&Path>,
    stdin_is_terminal: bool,
) -> Result<Collected, CliError> {
    if typed.is_empty() && stdin_is_terminal {
        return Err(CliError::usage("inputs", "no file is named and standard input is a terminal")
            .hint("name files or directories, or `-` to type the input"));
    }
    let is_stdin = |path: &PathBuf| path.as_os_str() == "-";
    if typed.iter().all(is_stdin) && typed.len() <= 1 {
        let item = Item { source: Source::Stdin, below: PathBuf::new() };
        return Ok(Collected { items: vec![item], ..Collected::default() });
    }
    if typed.iter().any(is_stdin) {
        return Err(CliError::usage("-", "standard input can only be the single input")
            .hint("write `./-` for a file of that name"));
    }
    let mut all = Collected { many: typed.len() > 1, ..Collected::default() };
    for path in typed {
        if fs::metadata(path).is_ok_and(|metadata| metadata.is_dir()) {
            add_tree(&mut all, path, direction, target, typed.len() > 1);
        } else if all.many && direction == Direction::Encrypt && naming::is_sealed(path) {
            // `encrypt *` is typed again over a directory that was encrypted before.
            all.left_out.by_name += 1;
        } else {
            let below = path.file_name().map(PathBuf::from).unwrap_or_default();
            all.items.push(Item { source: Source::Named(path.clone()), below });
        }
    }
    Ok(all)
}

/// One tree is mirrored as the target itself; beside other inputs it keeps its name, as `cp -r` does.
fn add_tree(all: &mut Collected, root: &Path, direction: Direction, target: Option<&Path>, keep_name: bool) {
    all.many = true;
    let sealed_wanted = direction == Direction::Decrypt;
    let found = walk(root, target, &|path| naming::is_sealed(path) == sealed_wanted);
    let base = if keep_name { tree_name(root) } else { PathBuf::new() };
    for path in found.files {
        let below = base.join(path.strip_prefix(root).unwrap_or(&path));
        all.items.push(Item { source: Source::Found(path), below });
    }
    all.failed.extend(found.failed);
    all.left_out.links += found.left_out.links;
    all.left_out.special += found.left_out.special;
    all.left_out.by_name += found.left_out.by_name;
}

/// `..` and `.` have no name of their own: the directory they stand for has.
fn tree_name(root: &Path) -> PathBuf {
    let own = root.file_name().map(PathBuf::from);
    own.or_else(|| fs::canonicalize(root).ok()?.file_name().map(PathBuf::from)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
