//! Why nothing was published.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use sealkit_host::audit;
use sealkit_host::text::{Escaped, error_chain};

use crate::failure::Failure;
use crate::plan::names::NameFlaw;
use crate::target::TargetError;

/// Why nothing was published. Unless said otherwise, readers see what they saw before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// Another process publishes there.
    #[error("{} is in use: another process publishes there", Escaped::new(path))]
    InUse {
        /// The target.
        path: PathBuf,
    },
    /// Something that we did not make is in the way.
    #[error("{}", listed(found))]
    Foreign {
        /// Each of these, and what it is.
        found: Vec<(PathBuf, String)>,
    },
    /// A path that can't be published: the plan refuses it earlier.
    #[error("{} {flaw}", Escaped::new(path))]
    Path {
        /// The path.
        path: String,
        /// What is wrong with it.
        flaw: NameFlaw,
    },
    /// Two files would have one path, or one would lie below the other.
    #[error("{} and {} can't both be published", Escaped::new(first), Escaped::new(second))]
    Collision {
        /// One.
        first: String,
        /// The other.
        second: String,
    },
    /// A unit was to be kept, and the current generation has none of this name.
    #[error("{}: nothing is published that could be kept", Escaped::new(unit))]
    NothingKept {
        /// The unit.
        unit: String,
    },
    /// Too small, or too large: the manifest of a generation is bounded.
    #[error("the manifest would take {length} bytes, and {limit} are the most")]
    ManifestTooLong {
        /// What it takes.
        length: usize,
        /// What it may take.
        limit: u64,
    },
    /// There is no room, or the target is not what it was.
    #[error(transparent)]
    Target(#[from] TargetError),
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

impl PublishError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::InUse { .. } => "give each container that fetches a volume, or a directory, of its own".into(),
            Self::Foreign { .. } => "remove it, or name an empty directory as target".into(),
            Self::Path { .. } | Self::Collision { .. } => "give the files other paths".into(),
            Self::NothingKept { .. } => "wait until it can be fetched".into(),
            Self::ManifestTooLong { .. } => "fetch fewer objects into one target".into(),
            Self::Target(error) => error.hint(),
            Self::Failed { source, .. } => match source.raw_os_error().map(Errno::from_raw_os_error) {
                Some(Errno::NOSPC) => "raise the volume's sizeLimit: its bytes or its inodes are used up".into(),
                Some(Errno::ACCESS | Errno::PERM) => {
                    "run as the user who published there before, and keep others from writing to the volume".into()
                }
                _ => String::new(),
            },
        }
    }

    /// Whether less would have found room.
    #[must_use]
    pub fn is_for_want_of_room(&self) -> bool {
        match self {
            Self::ManifestTooLong { .. } | Self::Target(TargetError::Room { .. }) => true,
            Self::Failed { source, .. } => Errno::from_io_error(source) == Some(Errno::NOSPC),
            _ => false,
        }
    }

    /// One thing that we did not make.
    pub(super) fn foreign(path: impl Into<PathBuf>, what: impl Into<String>) -> Self {
        Self::Foreign { found: vec![(path.into(), what.into())] }
    }

    /// Turns the cause of a failed `action` on `path` into an error.
    pub(super) fn failed<E: Into<io::Error>>(action: &'static str, path: impl AsRef<Path>) -> impl FnOnce(E) -> Self {
        move |source| Self::Failed { action, path: path.as_ref().to_owned(), source: source.into() }
    }
}

fn listed(found: &[(PathBuf, String)]) -> String {
    let texts = found.iter().map(|(path, what)| format!("{} was not made by seal-fetcher: {what}", Escaped::new(path)));
    texts.collect::<Vec<_>>().join("; ")
}

impl From<PublishError> for Failure {
    fn from(error: PublishError) -> Self {
        let error = match error {
            PublishError::Target(error) => return error.into(),
            error => error,
        };
        let hint = error.hint();
        Self::other("", audit::Failure::Io, error_chain(&error), hint)
    }
}
