//! The state file: what is remembered across restarts. Ciphertext and names only.
//!
//! Nothing depends on it: whatever is wrong with it, the plugin serves, says so, and does without. What that costs is in
//! `docs/kms-plugin.md`.
//!
//! | found at start | what happens |
//! |---|---|
//! | nothing, or an empty file | made with the first change |
//! | ours, as we write it | taken |
//! | ours, damaged | renamed to `NAME.damaged`, an error is logged, made anew |
//! | ours, of a later version | left alone and not written; an error is logged |
//! | not ours | left alone and not written; an error is logged |
//! | another's, or others can write to it | left alone and not written; an error is logged, with the command that mends it |
//!
//! It is replaced as a whole (`sealkit_host::atomic`), mode 0600, after each change; a change that cannot be written is
//! not made. A file that another process has replaced meanwhile is left alone. Within a process there is one
//! [`StateFile`] a path, so that the KeySets before and after a reload share it.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use sealkit_host::atomic::{AtomicError, NewFile, Overwrite, Target};
use sealkit_host::private_file::{PrivateFile, PrivateFileError, Readers};

use self::document::{DocumentError, MAX_LEN};
pub(super) use self::document::{KekRecord, MAX_KEKS, State};

mod document;

/// The state files that are open in this process.
static OPEN: Mutex<Option<HashMap<PathBuf, Weak<StateFile>>>> = Mutex::new(None);

/// How it stands with the state file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StateFileHealth {
    /// None is configured.
    #[default]
    NotConfigured,
    /// The last change was written, or there was none.
    Ok,
    /// The last change could not be written: a full or read-only disk, missing rights.
    Failing,
    /// What lies there is not ours to replace.
    Refused,
}

/// Why a change is not in the state file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum StateError {
    /// What lay there at start is not ours to replace.
    #[error("the state file {} is not used: see the error at start", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
    },
    /// Another process has replaced it since we read or wrote it.
    #[error("the state file {} was replaced by another process; give each its own", path.display())]
    Replaced {
        /// The file.
        path: PathBuf,
    },
    /// It could not be looked at.
    #[error("can't look at the state file {}", path.display())]
    Look {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// It could not be written.
    #[error("can't write the state file")]
    Write(#[source] io::Error),
    /// It could not be put in place.
    #[error("can't put the state file in place")]
    Commit(#[from] AtomicError),
}

impl StateError {
    /// Whether the change may be in the file in spite of the error.
    pub(super) fn may_be_written(&self) -> bool {
        matches!(self, Self::Commit(AtomicError::NotDurable { .. }))
    }
}

/// A state file, and what is in it. Its methods block on the disk.
pub(super) struct StateFile {
    path: PathBuf,
    inner: Mutex<Inner>,
    /// Beside what is locked while the disk works: whoever asks must not wait for that.
    health: Mutex<StateFileHealth>,
}

struct Inner {
    state: State,
    /// The file as it was when we last read or wrote it; none if there was none.
    known: Option<Identity>,
}

/// What changes when a file is replaced or written, whoever does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
}

impl StateFile {
    /// The state file at `path`, read if it is not open already. Never fails: what is wrong is logged.
    pub(super) fn open(path: &Path) -> Arc<Self> {
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        let open = open.get_or_insert_default();
        open.retain(|_, file| file.strong_count() > 0);
        if let Some(file) = open.get(path).and_then(Weak::upgrade) {
            return file;
        }
        let (inner, health) = read(path);
        let file = Arc::new(Self { path: path.to_owned(), inner: Mutex::new(inner), health: Mutex::new(health) });
        open.insert(path.to_owned(), Arc::downgrade(&file));
        file
    }

    /// What is in it.
    pub(super) fn state(&self) -> State {
        self.lock().state.clone()
    }

    /// How it stands with it.
    pub(super) fn health(&self) -> StateFileHealth {
        *self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is in it. With an error nothing is changed, neither in memory nor on disk, unless the error
    /// [may be written](StateError::may_be_written).
    ///
    /// # Errors
    ///
    /// If the file cannot be replaced. The first of several alike is logged.
    pub(super) fn update<T>(&self, change: impl FnOnce(&mut State) -> T) -> Result<T, StateError> {
        let mut inner = self.lock();
        let mut state = inner.state.clone();
        let value = change(&mut state);
        let was = self.health();
        if inner.known.is_some() && state == inner.state && was == StateFileHealth::Ok {
            return Ok(value);
        }
        let written = self.write(&mut inner, &state);
        if written.as_ref().map_or_else(StateError::may_be_written, |()| true) {
            inner.state = state;
        }
        let failing = if was == StateFileHealth::Refused { was } else { StateFileHealth::Failing };
        let is = if written.is_ok() { StateFileHealth::Ok } else { failing };
        *self.health.lock().unwrap_or_else(PoisonError::into_inner) = is;
        match &written {
            Ok(()) if was == StateFileHealth::Failing => {
                tracing::info!(state_file = %self.path.display(), "the state file is written again");
            }
            Err(error) if was == StateFileHealth::Ok => {
                let cause = std::error::Error::source(error).map(ToString::to_string);
                tracing::warn!(
                    state_file = %self.path.display(), %error, cause,
                    "the state file cannot be written: a restart would find less than is known now; \
                     it is tried again with each change",
                );
            }
            _ => {}
        }
        written.map(|()| value)
    }

    /// Removes the file, if it is the one that we know, so that nobody goes on from what it says. True if none is
    /// left.
    pub(super) fn remove(&self) -> bool {
        let mut inner = self.lock();
        if self.check(&inner).is_err() {
            return false;
        }
        let removed = match fs::remove_file(&self.path) {
            Err(error) => error.kind() == io::ErrorKind::NotFound,
            Ok(()) => true,
        };
        if removed {
            inner.known = None;
            inner.state.keks.iter_mut().for_each(|record| record.writing = None);
        }
        removed
    }

    fn write(&self, inner: &mut Inner, state: &State) -> Result<(), StateError> {
        self.check(inner)?;
        let Target::File(place) = Target::classify(&self.path)? else {
            return Err(StateError::Refused { path: self.path.clone() });
        };
        let new = NewFile::create(place)?;
        new.file().write_all(state.serialize().as_bytes()).map_err(StateError::Write)?;
        // Of the open file: between the rename and a look at the name another process could come.
        let handle = new.file().try_clone().map_err(StateError::Write)?;
        let committed = new.commit(Overwrite::Replace);
        if committed.is_ok() || matches!(committed, Err(AtomicError::NotDurable { .. })) {
            inner.known = handle.metadata().ok().map(|metadata| Identity::of(&metadata));
        }
        Ok(committed?)
    }

    /// Whether the file is still the one that we know. One that is gone may be made anew.
    fn check(&self, inner: &Inner) -> Result<(), StateError> {
        if self.health() == StateFileHealth::Refused {
            return Err(StateError::Refused { path: self.path.clone() });
        }
        match identity(&self.path) {
            Ok(None) => Ok(()),
            Ok(found) if found == inner.known => Ok(()),
            Ok(_) => Err(StateError::Replaced { path: self.path.clone() }),
            Err(source) => Err(StateError::Look { path: self.path.clone(), source }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every change is complete before the lock is left.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Identity {
    fn of(metadata: &fs::Metadata) -> Self {
        let modified = (metadata.mtime(), metadata.mtime_nsec());
        Self { device: metadata.dev(), inode: metadata.ino(), length: metadata.len(), modified }
    }
}

/// Whether a state file is open in this process.
#[cfg(test)]
pub(super) fn is_open(path: &Path) -> bool {
    let open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    open.as_ref().and_then(|open| open.get(path)).is_some_and(|file| file.strong_count() > 0)
}

fn identity(path: &Path) -> io::Result<Option<Identity>> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(Identity::of(&metadata))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads what lies at `path`, and logs what is wrong with it.
fn read(path: &Path) -> (Inner, StateFileHealth) {
    let nothing = || Inner { state: State::default(), known: None };
    let refused = || (nothing(), StateFileHealth::Refused);
    let anew = || (nothing(), StateFileHealth::Ok);
    let file = match PrivateFile::open(path, Readers::Anyone) {
        Err(PrivateFileError::Open { source, .. }) if source.kind() == io::ErrorKind::NotFound => return anew(),
        Err(error) => {
            let remedy = error.remedy();
            report(path, &error, remedy.as_deref().unwrap_or("give the plugin a state file of its own"));
            return refused();
        }
        Ok(file) => file,
    };
    let known = file.file().metadata().ok().map(|metadata| Identity::of(&metadata));
    let text = match file.read_text(MAX_LEN) {
        Ok(text) => text,
        Err(error) => {
            report(path, &error, "give the plugin a state file of its own");
            return refused();
        }
    };
    match State::parse(&text) {
        Ok(state) => (Inner { state, known }, StateFileHealth::Ok),
        Err(error @ DocumentError::Damaged(_)) => {
            let mut aside = path.as_os_str().to_owned();
            aside.push(".damaged");
            match fs::rename(path, &aside) {
                Ok(()) => {
                    let remedy = "it is kept with the ending .damaged; KEKs are found again in what is read";
                    report(path, &error, remedy);
                    anew()
                }
                Err(_) => {
                    report(path, &error, "move it away: its directory does not let the plugin do so");
                    refused()
                }
            }
        }
        Err(error) => {
            report(path, &error, "move it away, or give the plugin another state file");
            refused()
        }
    }
}

fn report(path: &Path, error: &dyn std::error::Error, next: &str) {
    let cause = error.source().map(ToString::to_string);
    tracing::error!(state_file = %path.display(), %error, cause, next, "the state file is not used");
}

#[cfg(test)]
pub(super) mod tests;
