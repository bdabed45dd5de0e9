//! Key files for the raw AES keyring: encryption without any service.
//!
//! ```text
//! sealkit-local-key-v1
//! name: demo
//! fingerprint: 908a6191707a3e34
//! key: AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=
//! ```
//!
//! Messages name such a key by namespace `sealkit` and name `demo-908a6191707a3e34`, so that two keys of one name are
//! told apart. This module reads and writes the text; where it is kept, and with which rights, is up to the program.
//! `docs/local-keys.md` describes the format, and how to load such a key into an official SDK.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::raw_aes::RawAesKeyring;
use crate::primitives::{Sha384, random};
use crate::{DataKey, Plaintext};

/// The key namespace of local keys.
pub const NAMESPACE: &str = "sealkit";

/// The longest key file that is read, in bytes; one with the longest name takes fewer.
pub const MAX_FILE_LEN: usize = 256;

/// The first line of a key file: what it is, and the version of its format.
const VERSION_LINE: &str = "sealkit-local-key-v1";

/// Separates the fingerprint from every other hash of a key.
const FINGERPRINT_LABEL: &[u8] = b"sealkit-local-key-v1 fingerprint\0";

/// Bytes of the hash that make the fingerprint: enough to tell the keys of one name apart.
const FINGERPRINT_LEN: usize = 8;

/// The longest name of a local key, in bytes.
const MAX_NAME_LEN: usize = 64;

/// Characters of a 32-byte key in base64.
const KEY_BASE64_LEN: usize = 44;

/// The user's name for a local key, `demo` in `local:demo`.
///
/// One to 64 of `a-z A-Z 0-9 . _ -`, beginning with a letter or digit: it is used as a file name as well.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LocalKeyName(String);

/// An AES-256 key with a name and a fingerprint.
///
/// It has no `Debug`, for it holds a key.
pub struct LocalKey {
    name: LocalKeyName,
    fingerprint: String,
    key: DataKey,
}

/// Why there is no local key. Never shows what a key file holds beyond its name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LocalKeyError {
    /// The name cannot be one of a local key.
    #[error("local key name {name:?} is not 1 to 64 of \"a-z A-Z 0-9 . _ -\" that begin with a letter or digit")]
    Name {
        /// The name, cut to 64 characters.
        name: String,
    },
    /// The file is longer than any key file.
    #[error("a key file has at most {MAX_FILE_LEN} bytes, this one has {length}")]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// The first line is not that of a key file of a version that is known.
    #[error("the first line of a key file is \"{VERSION_LINE}\"")]
    Version,
    /// A line is missing or not as the format has it.
    #[error("line {line} of the key file is not {expected}")]
    Line {
        /// Its number, from 1.
        line: u8,
        /// What belongs there.
        expected: &'static str,
    },
    /// The key does not have the fingerprint that the file says: one of the two was changed.
    #[error("the key in the file has fingerprint {found}, the file says {stated}: it is damaged")]
    Fingerprint {
        /// The fingerprint of the key.
        found: String,
        /// What the file says.
        stated: String,
    },
    /// The system gives no random bytes.
    #[error("the system's random number generator is not available")]
    RandomUnavailable,
}

impl LocalKey {
    /// Makes a new random key.
    ///
    /// # Errors
    ///
    /// [`LocalKeyError::RandomUnavailable`].
    pub fn generate(name: LocalKeyName) -> Result<Self, LocalKeyError> {
        let mut key = DataKey::zeroed();
        random(key.expose_secret_mut()).map_err(|_| LocalKeyError::RandomUnavailable)?;
        Ok(Self::from_key(name, key))
    }

    /// Gives a name to a key that exists.
    #[must_use]
    pub fn from_key(name: LocalKeyName, key: DataKey) -> Self {
        Self { name, fingerprint: fingerprint(&key), key }
    }

    /// Reads the content of a key file, which the caller wipes.
    ///
    /// The format has no slack: four lines, in this order, each ended by a line feed.
    ///
    /// # Errors
    ///
    /// If it is not exactly a key file, or its key does not have the fingerprint that it states.
    pub fn parse(file: &[u8]) -> Result<Self, LocalKeyError> {
        if file.len() > MAX_FILE_LEN {
            return Err(LocalKeyError::TooLong { length: file.len() });
        }
        let mut lines = file.split(|&byte| byte == b'\n');
        if lines.next() != Some(VERSION_LINE.as_bytes()) {
            return Err(LocalKeyError::Version);
        }
        let name = field(lines.next(), "name: ", 2, "\"name: \" and the key's name")?.parse()?;
        let stated = field(lines.next(), "fingerprint: ", 3, "\"fingerprint: \" and 16 hexadecimal digits")?;
        let expected = "\"key: \" and 32 bytes in base64";
        let key = decode_key(field(lines.next(), "key: ", 4, expected)?);
        let key = key.ok_or(LocalKeyError::Line { line: 4, expected })?;
        if lines.next() != Some(b"") || lines.next().is_some() {
            return Err(LocalKeyError::Line { line: 5, expected: "the end of the file after a line feed" });
        }
        let local_key = Self::from_key(name, key);
        if local_key.fingerprint != stated {
            let stated = stated.chars().take(2 * FINGERPRINT_LEN).flat_map(char::escape_debug).collect();
            return Err(LocalKeyError::Fingerprint { found: local_key.fingerprint, stated });
        }
        Ok(local_key)
    }

    /// The content of the key file.
    #[must_use]
    pub fn serialize(&self) -> Plaintext {
        let head = format!("{VERSION_LINE}\nname: {}\nfingerprint: {}\nkey: ", self.name, self.fingerprint);
        let mut file = Plaintext::zeroed(head.len() + KEY_BASE64_LEN + 1);
        let (start, rest) = file.expose_secret_mut().split_at_mut(head.len());
        start.copy_from_slice(head.as_bytes());
        STANDARD.encode_slice(self.key.expose_secret(), rest).expect("44 characters fit the 45 bytes that are left");
        rest[KEY_BASE64_LEN] = b'\n';
        file
    }

    /// The user's name for it.
    #[must_use]
    pub fn name(&self) -> &LocalKeyName {
        &self.name
    }

    /// The first 8 bytes of SHA-384 over a label and the key, as 16 lower-case hexadecimal digits. Not secret: the key
    /// is random, so its hash gives nothing away.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The key name in messages: `NAME-fingerprint`.
    #[must_use]
    pub fn key_name(&self) -> String {
        format!("{}-{}", self.name, self.fingerprint)
    }

    /// The key itself, for formats other than the message format.
    #[must_use]
    pub fn key(&self) -> &DataKey {
        &self.key
    }

    /// The keyring that wraps under this key.
    #[must_use]
    pub fn keyring(&self) -> RawAesKeyring {
        RawAesKeyring::new(NAMESPACE, self.key_name(), &self.key).expect("a local key's name is short and ASCII")
    }
}

/// The name and the fingerprint out of a key name in a message of namespace [`NAMESPACE`]; `None` if it is none of ours.
#[must_use]
pub fn split_key_name(key_name: &str) -> Option<(LocalKeyName, &str)> {
    let (name, fingerprint) = key_name.rsplit_once('-')?;
    let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if fingerprint.len() != 2 * FINGERPRINT_LEN || !fingerprint.bytes().all(is_hex) {
        return None;
    }
    Some((name.parse().ok()?, fingerprint))
}

impl LocalKeyName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LocalKeyName {
    type Err = LocalKeyError;

    fn from_str(text: &str) -> Result<Self, LocalKeyError> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let begins_well = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        if !begins_well || text.len() > MAX_NAME_LEN || !text.bytes().all(is_allowed) {
            return Err(LocalKeyError::Name { name: text.chars().take(MAX_NAME_LEN).collect() });
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for LocalKeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn fingerprint(key: &DataKey) -> String {
    let mut hash = Sha384::new();
    hash.update(FINGERPRINT_LABEL);
    hash.update(key.expose_secret());
    hash.finish()[..FINGERPRINT_LEN].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What follows `prefix` on a line.
fn field<'a>(
    line: Option<&'a [u8]>,
    prefix: &str,
    number: u8,
    expected: &'static str,
) -> Result<&'a str, LocalKeyError> {
    line.and_then(|line| line.strip_prefix(prefix.as_bytes()))
        .and_then(|value| std::str::from_utf8(value).ok())
        .ok_or(LocalKeyError::Line { line: number, expected })
}

/// Decodes by way of a buffer that is wiped.
fn decode_key(text: &str) -> Option<DataKey> {
    if text.len() != KEY_BASE64_LEN {
        return None;
    }
    // The decoder asks for room for its estimate, one byte more than a padded key needs.
    let mut buffer = Zeroizing::new([0; KEY_BASE64_LEN]);
    let length = STANDARD.decode_slice(text, &mut *buffer).ok()?;
    DataKey::from_slice(&buffer[..length])
}

#[cfg(test)]
mod tests;
