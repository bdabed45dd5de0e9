//! A new generation of files, all of it or nothing.
//!
//! ```text
//! units ── wanted ── compare with the current generation ─┬─ all equal: renew the manifest
//!          paths     byte by byte, rights                 └─ room ── draft ── switch ── sweep
//!          rights                                                    closed   rename    later
//! ```
//!
//! The layout and the protocol for readers: `docs/fetcher.md`, "Publication". The order of the system calls is the
//! whole of the promise:
//!
//! 1. A draft is made in a directory that only we may enter, and opened to others when it is complete.
//! 2. The successor of `..data` and all new visible links are made under names that nobody reads: whatever takes an inode
//!    or a page, and so can fail for want of room, is done before readers see anything.
//! 3. Visible links that the new generation has no file for are removed.
//! 4. `..data` is renamed: the switch.
//! 5. The new visible links are renamed to their names.
//!
//! Killed before 4, the target is as it was, but for links removed in 3 (which the next run restores if their files are
//! still wanted) and names that the next run sweeps. Killed after 4, the next run finds everything unchanged and makes the
//! links of 5.
//!
//! Nothing is synced: a tmpfs has no disk to be synced to, and does not outlive the kernel. The order that matters is the
//! one that other processes see, and the kernel keeps that.

mod current;
mod dir;
mod draft;
mod error;
mod layout;
mod links;
mod manifest;
mod sweep;
mod wanted;

use std::time::{Duration, SystemTime};

use rustix::fs::FlockOperation;
use rustix::io::Errno;

pub use current::Published;
pub use error::PublishError;
pub use layout::Generation;
pub use manifest::{PublishedFile, PublishedUnit};
pub(crate) use wanted::DEFAULT_MODE;

use crate::output::{Made, MadeTo, Origin, Unit};
use crate::spec::File;
use crate::target::{Cost, TmpfsDir};
use current::Current;
use draft::Draft;
use links::Links;
use manifest::{Manifest, Replaced};
use wanted::Wanted;

/// How long a generation stays after it was replaced, unless the command line says otherwise.
pub const DEFAULT_KEEP: Duration = Duration::from_secs(30);

/// What becomes of one unit in a run.
pub struct Publication<'a> {
    /// Its stable name.
    pub unit: &'a str,
    /// Its files.
    pub content: Content<'a>,
}

/// The files of a unit.
pub enum Content<'a> {
    /// These; none for an optional object that is absent.
    New(Vec<NewFile<'a>>),
    /// These, and those of the current generation that are not among them: a refresh removes nothing.
    Refreshed(Vec<NewFile<'a>>),
    /// Those of the current generation: what could not be fetched keeps its last good bytes.
    Kept,
}

impl<'a> Content<'a> {
    /// The new ones.
    fn files(&self) -> &[NewFile<'a>] {
        match self {
            Self::New(files) | Self::Refreshed(files) => files,
            Self::Kept => &[],
        }
    }
}

/// A file with its bytes.
pub struct NewFile<'a> {
    /// Its path and its rights; 0400 where it names no mode.
    pub file: &'a File,
    /// The bytes.
    pub bytes: &'a [u8],
    /// What they were made of.
    pub origins: Vec<Origin>,
    /// When the certificate in it stops being valid, in seconds since the epoch.
    pub not_after: Option<u64>,
}

impl<'a> Publication<'a> {
    /// The files of `unit` if it came to any, and else those that are published now. Its variables are left out.
    #[must_use]
    pub fn of(unit: &'a Unit) -> Self {
        let content = match &unit.result {
            Ok(made) => Content::New(made.iter().filter_map(NewFile::of).collect()),
            Err(_) => Content::Kept,
        };
        Self { unit: &unit.name, content }
    }
}

impl<'a> NewFile<'a> {
    fn of(made: &'a Made) -> Option<Self> {
        let MadeTo::File(file) = &made.to else { return None };
        Some(Self { file, bytes: made.bytes.expose_secret(), origins: made.origins.clone(), not_after: made.not_after })
    }
}

/// What a publication came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All bytes, names and rights are what they were: readers have nothing to do.
    Unchanged,
    /// There is a new generation.
    Switched {
        /// Its name.
        generation: Generation,
    },
}

/// The one writer of a target.
#[derive(Debug)]
pub struct Publisher {
    target: TmpfsDir,
    keep: Duration,
}

impl Publisher {
    /// Locks `target` against other writers for as long as this lives, and sweeps what an interrupted run left. A
    /// generation stays for `keep` after it was replaced, for a day at most.
    ///
    /// The lock is on the open directory (flock(2)): it ends with the process, however that ends, and leaves no file.
    ///
    /// # Errors
    /// If another process holds the lock, or a `..data` is there that is not ours. That something can't be swept is a
    /// warning only.
    pub fn new(target: TmpfsDir, keep: Duration) -> Result<Self, PublishError> {
        rustix::fs::flock(&target, FlockOperation::NonBlockingLockExclusive).map_err(|errno| match errno {
            Errno::WOULDBLOCK => PublishError::InUse { path: target.path().to_owned() },
            errno => PublishError::failed("lock", target.path())(errno),
        })?;
        let publisher = Self { target, keep };
        publisher.sweep_or_warn(&Current::load(&publisher.target)?);
        Ok(publisher)
    }

    /// The target.
    #[must_use]
    pub fn target(&self) -> &TmpfsDir {
        &self.target
    }

    /// What is published now.
    ///
    /// # Errors
    /// As [`Published::read`].
    pub fn current(&self) -> Result<Option<Published>, PublishError> {
        Published::read(&self.target)
    }

    /// Publishes `units`, and nothing else: files of other units go. `now` is when they were fetched.
    ///
    /// Files whose bytes and rights are equal are shared with the generation before and take no memory.
    ///
    /// # Errors
    /// If paths collide, something foreign is in the way, there is no room, a unit that is to be kept is not there, or
    /// the operating system refuses a step. Readers see what they saw before, and a target in which nothing was published
    /// is as it was.
    pub fn publish(&mut self, units: &[Publication<'_>], now: SystemTime) -> Result<Outcome, PublishError> {
        // Read anew each time: whoever may write to the volume may have changed it since.
        let current = Current::load(&self.target)?;
        self.sweep_or_warn(&current);
        let wanted = Wanted::new(units, &current, &self.target, now)?;
        let links = Links::plan(&self.target, wanted.first_parts())?;
        if wanted.is_unchanged(&current) {
            self.confirm(&current, &wanted, &links)?;
            return Ok(Outcome::Unchanged);
        }
        let generation = self.replace(&current, &wanted, &links, now)?;
        Ok(Outcome::Switched { generation })
    }

    /// Removes generations that were replaced longer ago than they are kept. [`publish`](Self::publish) does so too;
    /// a process that stays calls this when that time has come, so that their memory is free until then.
    ///
    /// # Errors
    /// If something can't be removed.
    pub fn sweep(&self) -> Result<(), PublishError> {
        sweep::sweep(&self.target, &Current::load(&self.target)?)
    }

    fn sweep_or_warn(&self, current: &Current) {
        if let Err(error) = sweep::sweep(&self.target, current) {
            tracing::warn!(error = &error as &dyn std::error::Error, "what was replaced or left can't be removed");
        }
    }

    /// Nothing changed but the time.
    fn confirm(&self, current: &Current, wanted: &Wanted<'_>, links: &Links) -> Result<(), PublishError> {
        links.repair(&self.target)?;
        let Some((_, dir, manifest)) = current.published() else { return Ok(()) };
        let text = Manifest::new(wanted.units(), manifest.replaced.clone()).to_json()?;
        if let Err(error) = Manifest::renew(dir, &text) {
            // What readers rely on is right; on a volume that is full, or was published by another user, no more can be had.
            tracing::warn!(%error, "the manifest can't be renewed: ages in it are too old");
        }
        Ok(())
    }

    fn replace(
        &self,
        current: &Current,
        wanted: &Wanted<'_>,
        links: &Links,
        now: SystemTime,
    ) -> Result<Generation, PublishError> {
        let manifest = Manifest::new(wanted.units(), self.replaced(current)).to_json()?;
        let mut cost = wanted.cost(self.target.page());
        cost += links.cost(self.target.page());
        cost += Cost::file(manifest.len(), self.target.page());
        self.target.check_room(cost)?;
        let draft = Draft::begin(&self.target, now)?;
        let made = draft
            .fill(wanted, current, &manifest)
            .and_then(|()| links.switch(&self.target, draft.generation(), current.is_first()));
        if made.is_err() && !draft.is_current() {
            draft.discard();
        }
        made.map(|()| draft.generation().clone())
    }

    /// All generations that readers may still be in once the current one is replaced.
    fn replaced(&self, current: &Current) -> Vec<Replaced> {
        let mut replaced: Vec<_> = current.retained().cloned().collect();
        if let Some(generation) = current.generation() {
            replaced.push(Replaced::new(generation, sweep::until(self.keep)));
        }
        replaced
    }
}

#[cfg(test)]
mod tests;
