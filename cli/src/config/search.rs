//! Which configuration files govern an input: those from its directory up to the root of its repository.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::CliError;

/// The name of a repository's configuration file.
pub(crate) const FILE_NAME: &str = "sealctl.toml";

/// Where an input is, with every symbolic link of its directory resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Location {
    /// The directory that holds the input.
    pub(crate) directory: PathBuf,
    /// The input's own name; `None` for standard input, which is governed as an unnamed file of the working directory.
    pub(crate) name: Option<PathBuf>,
}

impl Location {
    /// The location of `input`, or of standard input.
    ///
    /// The input's last component is not resolved: a symbolic link is governed by where it lies, as git does.
    ///
    /// # Errors
    ///
    /// When the directory does not exist or cannot be entered.
    pub(crate) fn of(input: Option<&Path>) -> Result<Self, CliError> {
        let (directory, name) = match input {
            None => (Path::new("."), None),
            Some(path) => match (path.parent(), path.file_name()) {
                (Some(parent), Some(name)) if parent.as_os_str().is_empty() => (Path::new("."), Some(name)),
                (Some(parent), Some(name)) => (parent, Some(name)),
                // `/`, `.` or a path that ends in `..`: a directory.
                _ => (path, None),
            },
        };
        let canonical = directory.canonicalize().map_err(|error| CliError::reading(directory, &error))?;
        Ok(Self { directory: canonical, name: name.map(PathBuf::from) })
    }

    /// The input's path relative to `ancestor`, one of its directory's ancestors.
    pub(crate) fn relative_to(&self, ancestor: &Path) -> PathBuf {
        let directory = self.directory.strip_prefix(ancestor).unwrap_or(Path::new(""));
        directory.join(self.name.as_deref().unwrap_or(Path::new("-")))
    }
}

/// The configuration files that govern what lies in `directory`, the nearest first.
///
/// The search ends at the root of the repository, the first ancestor that holds `.git`. Outside a repository only the
/// directory itself is looked at: a file planted in `/tmp` or `/` must not govern everything below.
///
/// # Errors
///
/// When a directory cannot be looked at; to go on without its file would be to ignore a policy.
pub(crate) fn governing_files(directory: &Path) -> Result<Vec<PathBuf>, CliError> {
    let mut files = Vec::new();
    let mut own = 0;
    for ancestor in directory.ancestors() {
        let candidate = ancestor.join(FILE_NAME);
        if exists(&candidate)? {
            files.push(candidate);
        }
        if ancestor == directory {
            own = files.len();
        }
        if exists(&ancestor.join(".git"))? {
            return Ok(files);
        }
    }
    files.truncate(own);
    Ok(files)
}

/// Whether there is anything under this name, a dangling symbolic link included.
fn exists(path: &Path) -> Result<bool, CliError> {
    match path.symlink_metadata() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(CliError::reading(path, &error)),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a temporary directory");
        for file in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
            fs::write(path, "").expect("a file");
        }
        root
    }

    fn found(root: &tempfile::TempDir, directory: &str) -> Vec<String> {
        let root = root.path().canonicalize().expect("a path");
        governing_files(&root.join(directory))
            .expect("readable directories")
            .iter()
            .map(|file| file.strip_prefix(&root).expect("below the root").display().to_string())
            .collect()
    }

    #[test]
    fn every_file_up_to_the_root_of_the_repository_governs_the_nearest_first() {
        let root = tree(&["sealctl.toml", "repo/.git/HEAD", "repo/sealctl.toml", "repo/a/sealctl.toml", "repo/a/b/c"]);
        assert_eq!(found(&root, "repo/a/b"), ["repo/a/sealctl.toml", "repo/sealctl.toml"]);
        assert_eq!(found(&root, "repo"), ["repo/sealctl.toml"]);
    }

    #[test]
    fn a_worktree_or_submodule_ends_the_search_too() {
        let root = tree(&["repo/.git/HEAD", "repo/sealctl.toml", "repo/sub/.git", "repo/sub/x/y"]);
        assert!(found(&root, "repo/sub/x").is_empty());
    }

    #[test]
    fn outside_a_repository_only_the_own_directory_counts() {
        let root = tree(&["sealctl.toml", "a/sealctl.toml", "a/b/c"]);
        assert_eq!(found(&root, "a"), ["a/sealctl.toml"]);
        assert!(found(&root, "a/b").is_empty());
    }

    #[test]
    fn a_link_is_governed_by_where_it_lies_and_directories_are_resolved() {
        let root = tree(&["repo/.git/HEAD", "repo/dir/x", "elsewhere/y"]);
        let root = root.path().canonicalize().expect("a path");
        std::os::unix::fs::symlink(root.join("elsewhere/y"), root.join("repo/dir/link")).expect("a link");
        std::os::unix::fs::symlink(root.join("repo/dir"), root.join("elsewhere/d")).expect("a link");
        let location = Location::of(Some(&root.join("elsewhere/d/link"))).expect("a location");
        assert_eq!(location.directory, root.join("repo/dir"));
        assert_eq!(location.relative_to(&root.join("repo")), Path::new("dir/link"));
    }
}
