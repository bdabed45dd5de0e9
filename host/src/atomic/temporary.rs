//! Names of temporaries, and the list of those that exist: a signal that ends the process takes them away.

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::fs::AtFlags;
use rustix::io;

/// A file beside its target, under a name of its own. Removed on drop unless it was renamed.
#[derive(Debug)]
pub(super) struct Temporary {
    directory: Arc<OwnedFd>,
    name: OsString,
}

/// Every temporary that has a name now. Its lock is also what a change of names is done under, so that
/// nothing is between two names when a signal ends the process.
static NAMED: Mutex<Vec<(Arc<OwnedFd>, OsString)>> = Mutex::new(Vec::new());

/// The right to change names.
pub(super) type Names = MutexGuard<'static, Vec<(Arc<OwnedFd>, OsString)>>;

/// Waits for the right to change names.
pub(super) fn names() -> Names {
    NAMED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes every temporary that has a name. While the result is held no file gets one: for the last moment
/// of a process that must not wait for its threads.
#[must_use]
pub(crate) fn abandon() -> impl Drop {
    let names = names();
    for (directory, name) in names.iter() {
        // Nothing is left to do about one that can't be removed.
        let _ = rustix::fs::unlinkat(directory, name, AtFlags::empty());
    }
    names
}

impl Temporary {
    /// Has `make` create a file under a free name in `directory`, and puts that name on the list.
    pub(super) fn make<T>(
        names: &mut Names,
        directory: &Arc<OwnedFd>,
        mut make: impl FnMut(&OsStr) -> io::Result<T>,
    ) -> std::io::Result<(Self, T)> {
        const TRIES: usize = 16;
        for _ in 0..TRIES {
            let name = random_name()?;
            match make(&name) {
                Err(io::Errno::EXIST) => {}
                Err(errno) => return Err(errno.into()),
                Ok(made) => {
                    names.push((directory.clone(), name.clone()));
                    return Ok((Self { directory: directory.clone(), name }, made));
                }
            }
        }
        Err(io::Errno::EXIST.into())
    }

    pub(super) fn name(&self) -> &OsStr {
        &self.name
    }

    /// Takes the file's name away.
    pub(super) fn remove(self, names: &mut Names) {
        let _ = rustix::fs::unlinkat(&self.directory, &self.name, AtFlags::empty());
        self.forget(names);
    }

    /// The name is no longer this file's, for it was renamed.
    pub(super) fn forget(self, names: &mut Names) {
        names.retain(|(directory, name)| !(Arc::ptr_eq(directory, &self.directory) && *name == self.name));
    }
}

/// Fits beside a target of 255 bytes, for it takes nothing of the target's name.
fn random_name() -> std::io::Result<OsString> {
    let random = getrandom::u64().map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(format!(".sealkit-{random:016x}.tmp").into())
}
