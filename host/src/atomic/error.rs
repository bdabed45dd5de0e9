//! Why a file could not be made.

use std::io;
use std::path::{Path, PathBuf};

use crate::text::Escaped;

/// Why a file could not be made. Unless said otherwise the target is as it was, and nothing else is left.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AtomicError {
    /// Something has this name already, and replacing was not asked for.
    #[error("{} exists", Escaped::new(path))]
    Exists {
        /// The target.
        path: PathBuf,
    },
    /// The name is a directory's, or ends in a slash.
    #[error("{} is a directory", Escaped::new(path))]
    IsADirectory {
        /// The target.
        path: PathBuf,
    },
    /// A symbolic link that another user put into a directory open to all.
    #[error("{} is a symbolic link that user {owner} made in a directory open to all", Escaped::new(path))]
    ForeignLink {
        /// The link.
        path: PathBuf,
        /// Its owner.
        owner: u32,
    },
    /// The file is in place and complete, but may be lost if the machine crashes now.
    #[error("can't sync the directory of {}", Escaped::new(path))]
    NotDurable {
        /// The target, which is the new file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A step that the operating system refused.
    #[error("can't {action} {}", Escaped::new(path))]
    Failed {
        /// The step, as a verb.
        action: &'static str,
        /// What it was to be done to.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl AtomicError {
    /// Turns the cause of a failed `action` on `path` into an error.
    pub(super) fn failed<E: Into<io::Error>>(action: &'static str, path: &Path) -> impl FnOnce(E) -> Self {
        move |source| Self::Failed { action, path: path.to_owned(), source: source.into() }
    }
}
