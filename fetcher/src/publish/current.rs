//! What is published now.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use sealkit_host::text::Escaped;

use super::dir::{self, Dir, Found};
use super::layout::{DATA, Generation, MANIFEST};
use super::manifest::{Manifest, PublishedUnit, Replaced};
use super::{PublishError, sweep};
use crate::target::TmpfsDir;

/// The generation that readers see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Its name.
    pub generation: Generation,
    /// Its units, in the order of the specification that it was made from.
    pub units: Vec<PublishedUnit>,
}

impl Published {
    /// Reads what is published in `target`, also while another process publishes there.
    ///
    /// Nothing is published where no `..data` is, and as far as we can use it also where its generation is gone or its
    /// manifest is damaged, which is logged.
    ///
    /// # Errors
    /// If a `..data` is there that is not ours, or can't be read.
    pub fn read(target: &TmpfsDir) -> Result<Option<Self>, PublishError> {
        Current::load(target).map(|current| Self::of(&current))
    }

    /// The same for whoever only reads there, be it in memory or not.
    ///
    /// # Errors
    /// As [`read`](Self::read); and if `path` is no directory that can be opened.
    pub fn read_at(path: &Path) -> Result<Option<Self>, PublishError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let handle = rustix::fs::open(path, flags, Mode::empty()).map_err(PublishError::failed("open", path))?;
        Current::load_from(handle.as_fd(), path).map(|current| Self::of(&current))
    }

    fn of(current: &Current) -> Option<Self> {
        let (generation, _, manifest) = current.published()?;
        Some(Self { generation: generation.clone(), units: manifest.units.clone() })
    }

    /// The unit of this name.
    #[must_use]
    pub fn unit(&self, name: &str) -> Option<&PublishedUnit> {
        self.units.iter().find(|unit| unit.unit == name)
    }
}

/// What `..data` leads to.
pub(super) enum Current {
    /// Nowhere: there is none.
    Nothing,
    /// To a generation that is gone, or damaged: it is replaced, and nothing of it can be kept.
    Broken(Generation),
    /// To a generation of ours.
    Whole(Generation, Dir, Manifest),
}

impl Current {
    pub(super) fn load(target: &TmpfsDir) -> Result<Self, PublishError> {
        Self::load_from(target.as_fd(), target.path())
    }

    fn load_from(target: BorrowedFd<'_>, target_path: &Path) -> Result<Self, PublishError> {
        // A switch, and a sweep long after it, can come between two of our steps if another process publishes.
        const TRIES: usize = 3;
        for _ in 0..TRIES {
            let Some(generation) = generation(target, target_path)? else { return Ok(Self::Nothing) };
            let path = target_path.join(generation.as_str());
            let dir = match dir::open_dir(target, generation.as_str()) {
                Ok(dir) => dir,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                    return Err(PublishError::foreign(path, "it is no directory"));
                }
                Err(error) => return Err(PublishError::failed("open", path)(error)),
            };
            match Manifest::read(&dir) {
                Ok(manifest) => return Ok(Self::Whole(generation, dir, manifest)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    if self::generation(target, target_path)?.as_ref() == Some(&generation) {
                        return Err(PublishError::foreign(path, format!("it holds no {MANIFEST}")));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    tracing::warn!(%error, manifest = %Escaped::new(&path.join(MANIFEST)), "the manifest is damaged");
                    return Ok(Self::Broken(generation));
                }
                Err(error) => return Err(PublishError::failed("read", path.join(MANIFEST))(error)),
            }
        }
        Ok(generation(target, target_path)?.map_or(Self::Nothing, Self::Broken))
    }

    /// Whether nothing was ever published.
    pub(super) fn is_first(&self) -> bool {
        matches!(self, Self::Nothing)
    }

    pub(super) fn generation(&self) -> Option<&Generation> {
        match self {
            Self::Nothing => None,
            Self::Broken(generation) | Self::Whole(generation, ..) => Some(generation),
        }
    }

    pub(super) fn published(&self) -> Option<(&Generation, &Dir, &Manifest)> {
        match self {
            Self::Whole(generation, dir, manifest) => Some((generation, dir, manifest)),
            Self::Nothing | Self::Broken(_) => None,
        }
    }

    /// Generations that were replaced so recently that readers may be in them.
    pub(super) fn retained(&self) -> impl Iterator<Item = &Replaced> {
        let now = sweep::uptime();
        self.published()
            .into_iter()
            .flat_map(|(_, _, manifest)| &manifest.replaced)
            .filter(move |replaced| sweep::is_retained(replaced.until, now))
    }
}

/// What `..data` names, which is one of our names or refused.
fn generation(target: BorrowedFd<'_>, target_path: &Path) -> Result<Option<Generation>, PublishError> {
    let path = || target_path.join(DATA);
    match dir::look(target, DATA).map_err(PublishError::failed("read", path()))? {
        Found::Nothing => Ok(None),
        Found::Link(text) => match Generation::parse(text.to_bytes()) {
            Some(generation) => Ok(Some(generation)),
            None => {
                let text = Escaped::bytes(text.to_bytes());
                Err(PublishError::foreign(path(), format!("it leads to {text}, which is no generation")))
            }
        },
        Found::Other => Err(PublishError::foreign(path(), "it is no symbolic link")),
    }
}
