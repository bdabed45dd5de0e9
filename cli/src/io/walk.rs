//! Regular files below a directory, in the order of their names; symbolic links are not followed.

use std::fs;
use std::path::{Path, PathBuf};

use super::naming;
use crate::error::CliError;

/// What a walk found, and what it left out.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Regular files.
    pub(super) files: Vec<PathBuf>,
    /// Directories that could not be read.
    pub(super) failed: Vec<CliError>,
    /// What was left out and why.
    pub(super) left_out: LeftOut,
}

/// Counts of what trees held and nobody asked for.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LeftOut {
    /// Symbolic links.
    pub(crate) links: u64,
    /// Sockets, FIFOs and devices.
    pub(crate) special: u64,
    /// Files whose name does not fit: `.sealed` when encrypting, anything else when decrypting.
    pub(crate) by_name: u64,
}

/// Walks `root`, without the directory `except` (the target, when it lies inside). A target that is `root` itself takes
/// nothing away: its files are listed before any is written.
pub(super) fn walk(root: &Path, except: Option<&Path>, wanted: &dyn Fn(&Path) -> bool) -> Found {
    let mut found = Found::default();
    let except = except.and_then(|path| fs::canonicalize(path).ok());
    let except = except.filter(|except| fs::canonicalize(root).ok().as_ref() != Some(except));
    descend(root, except.as_deref(), wanted, &mut found);
    found
}

fn descend(directory: &Path, except: Option<&Path>, wanted: &dyn Fn(&Path) -> bool, found: &mut Found) {
    if except.is_some() && fs::canonicalize(directory).ok().as_deref() == except {
        return;
    }
    let entries = fs::read_dir(directory).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut entries = match entries {
        Ok(entries) => entries,
        Err(error) => return found.failed.push(CliError::reading(directory, &error)),
    };
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        match entry.file_type() {
            Err(error) => found.failed.push(CliError::reading(&path, &error)),
            Ok(kind) if kind.is_symlink() => found.left_out.links += 1,
            Ok(kind) if kind.is_dir() => descend(&path, except, wanted, found),
            Ok(kind) if !kind.is_file() => found.left_out.special += 1,
            // It names keys and policy for its neighbours and is read before them.
            Ok(_) if entry.file_name() == naming::CONFIG_FILE => {}
            Ok(_) if wanted(&path) => found.files.push(path),
            Ok(_) => found.left_out.by_name += 1,
        }
    }
}
