//! Why a directory is not taken as a target.

use std::io;
use std::path::{Path, PathBuf};

use sealkit_host::audit;
use sealkit_host::text::{Escaped, error_chain};

use super::Shortage;
use crate::failure::Failure;

/// Why a directory is not taken as a target. Nothing has been written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// Nothing is there.
    #[error("the target {} does not exist", Escaped::new(path))]
    Absent {
        /// The path.
        path: PathBuf,
    },
    /// Something else is there.
    #[error("the target {} is not a directory", Escaped::new(path))]
    NotADirectory {
        /// The path.
        path: PathBuf,
    },
    /// A symbolic link is there.
    #[error("the target {} is a symbolic link", Escaped::new(path))]
    Link {
        /// The path.
        path: PathBuf,
    },
    /// It is not memory.
    #[error("the target {} is not in memory but on {found}", Escaped::new(path))]
    NotMemory {
        /// The path.
        path: PathBuf,
        /// The file system that was found.
        found: String,
    },
    /// We may not make files in it.
    #[error("user {uid} can't write to the target {}", Escaped::new(path))]
    NotWritable {
        /// The path.
        path: PathBuf,
        /// Our effective user.
        uid: u32,
        /// The cause.
        source: io::Error,
    },
    /// Owners or groups that this process can't give.
    #[error("{}", refused.join("; "))]
    Rights {
        /// One text for each file.
        refused: Vec<String>,
    },
    /// It is too small.
    #[error("no room in {}: {shortage}", Escaped::new(path))]
    Room {
        /// The path.
        path: PathBuf,
        /// What is short.
        shortage: Shortage,
    },
    /// A step that the operating system refused.
    #[error("can't {action} the target {}", Escaped::new(path))]
    Failed {
        /// The step, as a verb.
        action: &'static str,
        /// The path.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl TargetError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Absent { .. } => {
                "mount an emptyDir with medium: Memory there, or name a directory below /dev/shm in exec mode".into()
            }
            Self::NotADirectory { .. } => "name a directory".into(),
            Self::Link { .. } => "name the directory that it points to".into(),
            Self::NotMemory { .. } => {
                "mount an emptyDir with medium: Memory (Kubernetes) or a tmpfs there; for tests only: --allow-disk"
                    .into()
            }
            Self::NotWritable { source, .. }
                if source.raw_os_error() == Some(rustix::io::Errno::ROFS.raw_os_error()) =>
            {
                "mount it without readOnly in this container".into()
            }
            Self::NotWritable { .. } => {
                "set fsGroup in the pod's securityContext, or run as the directory's owner".into()
            }
            Self::Rights { .. } => {
                "add the group to supplementalGroups (or fsGroup); for owners, or any group, add the capability CHOWN"
                    .into()
            }
            Self::Room { shortage, .. } => shortage.hint(),
            Self::Failed { .. } => "see proc(5) and the mount's options".into(),
        }
    }

    /// Turns the cause of a failed `action` on `path` into an error.
    pub(super) fn failed<E: Into<io::Error>>(action: &'static str, path: &Path) -> impl FnOnce(E) -> Self {
        move |source| Self::Failed { action, path: path.to_owned(), source: source.into() }
    }
}

impl From<TargetError> for Failure {
    fn from(error: TargetError) -> Self {
        let hint = error.hint();
        Self::other("", audit::Failure::Io, error_chain(&error), hint)
    }
}
