//! Local keys in the user's data directory: one file a key, mode 0600, `NAME.key`.

use std::path::PathBuf;

use sealkit_envelope::keyring::local_key::{LocalKey, LocalKeyName, MAX_FILE_LEN, split_key_name};
use sealkit_host::exit::Exit;
use sealkit_host::text::Escaped;

use crate::config::dirs::UserDirs;
use crate::config::private;
use crate::error::CliError;

/// The user's local keys.
#[derive(Debug, Clone)]
pub(crate) struct KeyStore {
    directory: PathBuf,
}

/// A key, and whether it was there before.
pub(crate) struct Obtained {
    /// The key.
    pub(crate) key: LocalKey,
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Whether it was made just now, by this process.
    pub(crate) is_new: bool,
}

impl KeyStore {
    /// The keys in the user's data directory.
    pub(crate) fn new(dirs: &UserDirs) -> Self {
        Self { directory: dirs.keys() }
    }

    /// Where the key of this name is, or would be.
    pub(crate) fn path_of(&self, name: &LocalKeyName) -> PathBuf {
        self.directory.join(format!("{name}.key"))
    }

    /// Reads a key; `None` if there is none of that name.
    ///
    /// # Errors
    ///
    /// A file that others can read or change, that is damaged, or that holds a key of another name.
    pub(crate) fn find(&self, name: &LocalKeyName) -> Result<Option<LocalKey>, CliError> {
        let path = self.path_of(name);
        let Some(content) = private::read_secret_if_exists(&path, MAX_FILE_LEN)? else { return Ok(None) };
        let key = LocalKey::parse(content.expose_secret()).map_err(|error| {
            CliError::new(Exit::Config, private::shown(&path), format!("is not a local key: {error}"))
                .hint("put back a copy of the key file; a damaged key decrypts nothing")
        })?;
        if key.name() != name {
            let message = format!("holds the local key \"{}\", not \"{name}\"", key.name());
            return Err(CliError::new(Exit::Config, private::shown(&path), message)
                .hint(format!("rename the file to {}", private::shown(&self.path_of(key.name())))));
        }
        Ok(Some(key))
    }

    /// Reads a key that has to be there.
    ///
    /// # Errors
    ///
    /// As [`find`](Self::find), and when there is no such key.
    pub(crate) fn read(&self, name: &LocalKeyName) -> Result<LocalKey, CliError> {
        self.find(name)?.ok_or_else(|| {
            CliError::new(Exit::NotFound, format!("local:{name}"), format!("there is no {}", self.shown(name)))
                .hint("put the key file there: a new key of that name would not open what another one sealed")
        })
    }

    /// Reads a key, and makes it if there is none of that name. Of several processes that do so at once one makes the
    /// key, and all get the same.
    ///
    /// # Errors
    ///
    /// As [`find`](Self::find), and when the key cannot be written.
    pub(crate) fn obtain(&self, name: &LocalKeyName) -> Result<Obtained, CliError> {
        let path = self.path_of(name);
        if let Some(key) = self.find(name)? {
            return Ok(Obtained { key, path, is_new: false });
        }
        let key = LocalKey::generate(name.clone()).map_err(|error| {
            CliError::new(Exit::Io, format!("local:{name}"), format!("cannot make the key: {error}"))
        })?;
        private::ensure_directory(&self.directory)?;
        if private::create(&path, key.serialize().expose_secret())? {
            return Ok(Obtained { key, path, is_new: true });
        }
        Ok(Obtained { key: self.read(name)?, path, is_new: false })
    }

    /// Makes a key that must not exist yet.
    ///
    /// # Errors
    ///
    /// When there is one of that name, or it cannot be written.
    pub(crate) fn create(&self, name: &LocalKeyName) -> Result<Obtained, CliError> {
        let obtained = self.obtain(name)?;
        if obtained.is_new {
            return Ok(obtained);
        }
        Err(CliError::new(Exit::Io, format!("local:{name}"), format!("{} exists", private::shown(&obtained.path)))
            .hint("choose another name; what was encrypted with a key is lost with it"))
    }

    /// Reads the key that a message names, as `NAME-fingerprint`.
    ///
    /// # Errors
    ///
    /// As [`find`](Self::find), when the key is not here, and when one of that name is, but another.
    pub(crate) fn read_named_in_message(&self, key_name: &str) -> Result<LocalKey, CliError> {
        let Some((name, fingerprint)) = split_key_name(key_name) else {
            let object = format!("local:{}", Escaped::new(key_name));
            return Err(CliError::new(Exit::NotFound, object, "the message names a key that no key file can hold"));
        };
        match self.find(&name)? {
            Some(key) if key.fingerprint() == fingerprint => Ok(key),
            Some(key) => Err(CliError::new(
                Exit::NotFound,
                format!("local:{name}"),
                format!(
                    "the message needs the key with fingerprint {fingerprint}; {} is another, with fingerprint {}",
                    self.shown(&name),
                    key.fingerprint()
                ),
            )
            .hint(
                "set that key aside under another directory, and put the one that encrypted the message in its place",
            )),
            None => Err(CliError::new(
                Exit::NotFound,
                format!("local:{name}"),
                format!("the message needs this key with fingerprint {fingerprint}; there is no {}", self.shown(&name)),
            )
            .hint("copy the key file there from where the message was encrypted, mode 0600")),
        }
    }

    fn shown(&self, name: &LocalKeyName) -> String {
        private::shown(&self.path_of(name))
    }
}

#[cfg(test)]
mod tests;
