//! What the user has allowed: one record for each `sealctl.toml`, kept outside every repository.
//!
//! A record holds for one content at one path, as with direnv: whoever changes the file, or puts it elsewhere, has to
//! ask again. The records lie in the user's own directory, where a repository cannot write.

use std::io;
use std::path::{Path, PathBuf};

use sealkit_host::exit::Exit;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::dirs::UserDirs;
use super::private;
use crate::error::CliError;

/// The version of the records' form.
const VERSION: u32 = 1;

/// SHA-256 of a file's content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct ContentDigest(String);

impl ContentDigest {
    /// The digest of `content`.
    pub(crate) fn of(content: &[u8]) -> Self {
        Self(hex::encode(Sha256::digest(content)))
    }
}

/// What the user saw and allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    version: u32,
    path: PathBuf,
    sha256: ContentDigest,
    keys: Vec<String>,
}

/// Whether the user has allowed a `sealctl.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trust {
    /// This content at this path is allowed.
    Allowed,
    /// Another content of this file was allowed, with these keys.
    Changed {
        /// The keys that were allowed with the earlier content.
        keys: Vec<String>,
    },
    /// Nothing about this file was ever allowed.
    Unknown,
}

/// The user's records.
#[derive(Debug, Clone)]
pub(crate) struct TrustStore {
    directory: PathBuf,
}

impl TrustStore {
    /// The records in the user's data directory.
    pub(crate) fn new(dirs: &UserDirs) -> Self {
        Self { directory: dirs.allowed() }
    }

    /// Whether `content` at `path`, absolute and without symbolic links, is allowed.
    ///
    /// # Errors
    ///
    /// A record that cannot be read, or that others could have written; one that is damaged counts as none.
    pub(crate) fn trust(&self, path: &Path, content: &ContentDigest) -> Result<Trust, CliError> {
        let file = self.record_of(path);
        let Some(text) = private::read_if_exists(&file)? else { return Ok(Trust::Unknown) };
        let Ok(record) = serde_json::from_str::<Record>(&text) else { return Ok(Trust::Unknown) };
        if record.version != VERSION || record.path != path {
            return Ok(Trust::Unknown);
        }
        Ok(if record.sha256 == *content { Trust::Allowed } else { Trust::Changed { keys: record.keys } })
    }

    /// Allows `content` at `path`, and no earlier content of it.
    ///
    /// # Errors
    ///
    /// When the record cannot be written.
    pub(crate) fn allow(&self, path: &Path, content: &ContentDigest, keys: Vec<String>) -> Result<(), CliError> {
        let record = Record { version: VERSION, path: path.to_owned(), sha256: content.clone(), keys };
        let bytes = serde_json::to_vec_pretty(&record).map_err(|error| {
            CliError::new(Exit::Config, private::shown(path), format!("cannot be recorded as allowed: {error}"))
        })?;
        private::ensure_directory(&self.directory)?;
        private::replace(&self.record_of(path), &bytes)
    }

    /// Forgets what was allowed about `path`; says whether there was anything.
    ///
    /// # Errors
    ///
    /// When the record cannot be removed.
    pub(crate) fn revoke(&self, path: &Path) -> Result<bool, CliError> {
        let file = self.record_of(path);
        match std::fs::remove_file(&file) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => {
                Err(CliError::new(Exit::Io, private::shown(&file), format!("cannot remove the record: {error}")))
            }
        }
    }

    /// The record of a path is named by its digest: a path can be longer than a file name, and hold any byte.
    fn record_of(&self, path: &Path) -> PathBuf {
        use std::os::unix::ffi::OsStrExt;
        let name = hex::encode(Sha256::digest(path.as_os_str().as_bytes()));
        self.directory.join(format!("{name}.json"))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn store() -> (tempfile::TempDir, TrustStore) {
        let root = tempfile::tempdir().expect("a temporary directory");
        let store = TrustStore::new(&UserDirs::below(root.path()));
        (root, store)
    }

    #[test]
    fn what_was_allowed_holds_for_one_content_at_one_path() {
        let (_root, store) = store();
        let (here, there) = (Path::new("/a/sealctl.toml"), Path::new("/b/sealctl.toml"));
        let (old, new) = (ContentDigest::of(b"old"), ContentDigest::of(b"new"));
        assert_eq!(store.trust(here, &old), Ok(Trust::Unknown));
        store.allow(here, &old, vec!["local:a".to_owned()]).expect("a record");
        assert_eq!(store.trust(here, &old), Ok(Trust::Allowed));
        assert_eq!(store.trust(there, &old), Ok(Trust::Unknown));
        assert_eq!(store.trust(here, &new), Ok(Trust::Changed { keys: vec!["local:a".to_owned()] }));
        assert_eq!(store.revoke(here), Ok(true));
        assert_eq!(store.revoke(here), Ok(false));
        assert_eq!(store.trust(here, &old), Ok(Trust::Unknown));
    }

    #[test]
    fn records_are_private_and_those_that_others_can_write_are_refused() {
        let (_root, store) = store();
        let path = Path::new("/a/sealctl.toml");
        let content = ContentDigest::of(b"x");
        store.allow(path, &content, Vec::new()).expect("a record");
        let record = store.record_of(path);
        let mode = fs::metadata(&record).expect("a record").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::set_permissions(&record, fs::Permissions::from_mode(0o666)).expect("permissions");
        assert!(store.trust(path, &content).is_err());
    }

    #[test]
    fn a_damaged_record_allows_nothing() {
        let (_root, store) = store();
        let path = Path::new("/a/sealctl.toml");
        let content = ContentDigest::of(b"x");
        store.allow(path, &content, Vec::new()).expect("a record");
        fs::write(store.record_of(path), b"{\"version\":1").expect("a write");
        assert_eq!(store.trust(path, &content), Ok(Trust::Unknown));
    }
}
