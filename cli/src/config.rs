//! Configuration: what repositories say about the files in them, and what the user says about everything.
//!
//! A repository's `sealctl.toml` travels with the data, so it is as trustworthy as whoever wrote the data. It can narrow
//! what may be done with a file, and choose keys that the user then has to allow once. Which keys may be used at all,
//! and by which profile, Region and endpoint, is the user's to say: in a file of their own, by flags, or in the
//! environment. `docs/sealctl-config.md` describes both files.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sealkit_host::exit::Exit;

use self::applied::{Applied, AppliedRule};
use self::dirs::UserDirs;
use self::repository::RepositoryConfig;
use self::search::Location;
use self::trust::{Trust, TrustStore};
use self::user::UserConfig;
use crate::error::CliError;

pub(crate) mod applied;
pub(crate) mod dirs;
pub(crate) mod explanation;
mod mistakes;
pub(crate) mod pattern;
pub(crate) mod private;
pub(crate) mod repository;
pub(crate) mod rule;
pub(crate) mod search;
pub(crate) mod trust;
pub(crate) mod user;

/// All configuration of a run; files are read once, when the first input under them comes up.
#[derive(Debug)]
pub(crate) struct Configuration {
    /// The user's own.
    pub(crate) user: UserConfig,
    trust: TrustStore,
    directories: Mutex<HashMap<PathBuf, Governing>>,
    announced: Mutex<HashSet<PathBuf>>,
    quiet: bool,
}

/// The files that govern what lies in one directory, the nearest first, or what is wrong with one of them.
type Governing = Result<Vec<Arc<RepositoryConfig>>, CliError>;

impl Configuration {
    /// Reads the user's own configuration.
    ///
    /// # Errors
    ///
    /// A file that others could have written, or with mistakes in it.
    pub(crate) fn load(dirs: &UserDirs, quiet: bool) -> Result<Self, CliError> {
        Ok(Self {
            user: UserConfig::load(&dirs.config_file())?,
            trust: TrustStore::new(dirs),
            directories: Mutex::default(),
            announced: Mutex::default(),
            quiet,
        })
    }

    /// What repositories say about `input`, or about standard input. The files in use are named on standard error, each
    /// once.
    ///
    /// # Errors
    ///
    /// A governing file that others could have written, or with mistakes in it: to go on without it would be to ignore
    /// what it demands.
    pub(crate) fn applied(&self, input: Option<&Path>) -> Result<Applied, CliError> {
        let location = Location::of(input)?;
        let files = self.files_for(&location.directory)?;
        let layers = files
            .into_iter()
            .map(|file| {
                let rule = file.rule_for(&location.relative_to(file.directory()));
                (file, rule)
            })
            .collect();
        let applied = Applied { layers };
        self.announce(&applied);
        Ok(applied)
    }

    /// Checks that the user has allowed what a rule does.
    ///
    /// # Errors
    ///
    /// Otherwise, with the one command that shows and allows it.
    pub(crate) fn check_allowed(&self, applied: AppliedRule<'_>) -> Result<(), CliError> {
        let file = applied.file;
        let what = match self.trust.trust(&file.path, &file.content)? {
            Trust::Allowed => return Ok(()),
            Trust::Unknown => "names keys or context that you have not allowed yet",
            Trust::Changed { .. } => "has changed since you allowed its keys and context",
        };
        Err(CliError::new(Exit::Config, private::shown(&file.path), what)
            .hint(format!("sealctl config allow {}", private::shell_path(&file.path))))
    }

    /// The user's records.
    pub(crate) fn trust(&self) -> &TrustStore {
        &self.trust
    }

    fn files_for(&self, directory: &Path) -> Governing {
        let mut directories = self.directories.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = directories.get(directory) {
            return known.clone();
        }
        let read = search::governing_files(directory).and_then(|paths| {
            let known: HashMap<_, _> =
                directories.values().flatten().flatten().map(|file| (file.path.clone(), Arc::clone(file))).collect();
            paths
                .into_iter()
                .map(|path| match known.get(&path) {
                    Some(file) => Ok(Arc::clone(file)),
                    None => RepositoryConfig::load(&path).map(Arc::new),
                })
                .collect()
        });
        directories.insert(directory.to_owned(), read.clone());
        read
    }

    fn announce(&self, applied: &Applied) {
        if self.quiet {
            return;
        }
        let mut announced = self.announced.lock().unwrap_or_else(PoisonError::into_inner);
        for (file, _) in &applied.layers {
            if announced.insert(file.path.clone()) {
                crate::progress::say(&format!("using {}", private::shown(&file.path)));
            }
        }
    }
}

#[cfg(test)]
mod tests;
