//! What `--key` and a configuration may name: a local key, or a KMS key in any of its four forms.

use std::fmt;

#[cfg(feature = "aws")]
use sealkit_aws::arn::{ArnError, KeyIdentifier};

use sealkit_envelope::keyring::local_key::{LocalKeyError, LocalKeyName};

/// What a local key's name follows.
const LOCAL_PREFIX: &str = "local:";

/// A key as it was named, not yet looked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum KeyReference {
    /// `local:NAME`, a file in the user's data directory.
    Local(LocalKeyName),
    /// A key ARN, key id, alias name or alias ARN.
    Kms(KmsReference),
}

/// How a KMS key was named; a build without AWS knows only that it was.
#[cfg(feature = "aws")]
pub(crate) type KmsReference = KeyIdentifier;

/// How a KMS key was named; a build without AWS knows only that it was.
#[cfg(not(feature = "aws"))]
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct KmsReference(String);

#[cfg(not(feature = "aws"))]
impl KmsReference {
    /// The reference as it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(not(feature = "aws"))]
impl fmt::Display for KmsReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a string names no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyReferenceError {
    /// It begins `local:` and goes on with something that is no name.
    #[error(transparent)]
    Local(#[from] LocalKeyError),
    /// It is meant as an ARN, alias or key id, and is not well formed.
    #[cfg(feature = "aws")]
    #[error(transparent)]
    Kms(ArnError),
    /// It has none of the forms of a key.
    #[error("not a key: expected local:NAME, a KMS key ARN, a key id, alias/NAME or an alias ARN")]
    Unknown,
}

impl KeyReference {
    /// Parses a key as typed or configured.
    ///
    /// # Errors
    ///
    /// A string in none of the forms of a key.
    pub(crate) fn parse(text: &str) -> Result<Self, KeyReferenceError> {
        if let Some(name) = text.strip_prefix(LOCAL_PREFIX) {
            return Ok(Self::Local(name.parse()?));
        }
        Self::parse_kms(text)
    }

    #[cfg(feature = "aws")]
    fn parse_kms(text: &str) -> Result<Self, KeyReferenceError> {
        match text.parse::<KeyIdentifier>() {
            Ok(identifier) => Ok(Self::Kms(identifier)),
            Err(error) if is_meant_for_kms(text) => Err(KeyReferenceError::Kms(error)),
            Err(_) => Err(KeyReferenceError::Unknown),
        }
    }

    /// Without the parser of ARNs a good guess has to do: it is used for no more than to refuse the key by the right
    /// name.
    #[cfg(not(feature = "aws"))]
    fn parse_kms(text: &str) -> Result<Self, KeyReferenceError> {
        let is_key_id =
            text.len() == 36 && text.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, '-' | 'm' | 'r' | 'k'));
        if (is_meant_for_kms(text) || is_key_id) && !text.chars().any(char::is_control) {
            return Ok(Self::Kms(KmsReference(text.to_owned())));
        }
        Err(KeyReferenceError::Unknown)
    }

    /// Whether the reference means the same key for everybody: not so a bare key id or alias name, which depend on
    /// the caller's account and Region.
    pub(crate) fn is_absolute(&self) -> bool {
        match self {
            Self::Local(_) => true,
            Self::Kms(reference) => reference.as_str().starts_with("arn:"),
        }
    }
}

impl fmt::Display for KeyReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(name) => write!(f, "{LOCAL_PREFIX}{name}"),
            Self::Kms(reference) => reference.fmt(f),
        }
    }
}

/// Whether a string can only be meant as the name of a KMS key.
fn is_meant_for_kms(text: &str) -> bool {
    ["arn:", "alias/", "mrk-", "key/"].iter().any(|prefix| text.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_key_is_read_and_shown_as_written() {
        for text in [
            "local:demo",
            "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:kms:eu-central-1:111122223333:alias/app",
            "alias/app",
            "1234abcd-12ab-34cd-56ef-1234567890ab",
            "mrk-1234abcd12ab34cd56ef1234567890ab",
        ] {
            assert_eq!(KeyReference::parse(text).map(|key| key.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert_eq!(KeyReference::parse("demo"), Err(KeyReferenceError::Unknown));
        assert_eq!(KeyReference::parse(""), Err(KeyReferenceError::Unknown));
        assert!(matches!(KeyReference::parse("local:../../x"), Err(KeyReferenceError::Local(_))));
        assert!(KeyReference::parse("arn:aws:kms:\u{1b}[31m").is_err());
    }

    #[test]
    fn only_arns_and_local_keys_mean_the_same_for_everybody() {
        assert!(KeyReference::parse("local:demo").is_ok_and(|key| key.is_absolute()));
        assert!(KeyReference::parse("alias/app").is_ok_and(|key| !key.is_absolute()));
    }
}
