//! The four ways a user may name a KMS key.

use std::fmt;
use std::str::FromStr;

use super::shape::{Resource, is_alias, is_key_id};
use super::{AliasArn, ArnError, ArnFlaw, KeyArn, MULTI_REGION_PREFIX, parse};

/// A KMS key as a user names it: what KMS takes as `KeyId`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyIdentifier {
    /// `arn:PARTITION:kms:REGION:ACCOUNT:key/ID`
    KeyArn(KeyArn),
    /// `arn:PARTITION:kms:REGION:ACCOUNT:alias/NAME`
    AliasArn(AliasArn),
    /// A UUID, or `mrk-` and 32 hexadecimal digits: a key of the caller's account in the client's
    /// Region.
    KeyId(String),
    /// `alias/NAME`: an alias of the caller's account in the client's Region.
    AliasName(String),
}

impl KeyIdentifier {
    /// The identifier as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::KeyArn(arn) => arn.as_str(),
            Self::AliasArn(arn) => arn.as_str(),
            Self::KeyId(text) | Self::AliasName(text) => text,
        }
    }

    /// The Region that the identifier itself names.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        match self {
            Self::KeyArn(arn) => Some(arn.region()),
            Self::AliasArn(arn) => Some(arn.region()),
            Self::KeyId(_) | Self::AliasName(_) => None,
        }
    }

    /// The key's ARN, where that is what was given.
    #[must_use]
    pub fn key_arn(&self) -> Option<&KeyArn> {
        match self {
            Self::KeyArn(arn) => Some(arn),
            _ => None,
        }
    }

    /// Whether KMS must be asked which key this is.
    #[must_use]
    pub fn is_alias(&self) -> bool {
        matches!(self, Self::AliasArn(_) | Self::AliasName(_))
    }

    /// Whether the identifier itself says that the key is a multi-Region key; an alias never does,
    /// not even `alias/mrk-…`.
    #[must_use]
    pub fn is_multi_region(&self) -> bool {
        match self {
            Self::KeyArn(arn) => arn.is_multi_region(),
            Self::KeyId(id) => id.starts_with(MULTI_REGION_PREFIX),
            Self::AliasArn(_) | Self::AliasName(_) => false,
        }
    }
}

impl FromStr for KeyIdentifier {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        if text.starts_with("arn:") {
            return Ok(match parse(text)? {
                Resource::Key => Self::KeyArn(KeyArn(text.to_owned())),
                Resource::Alias => Self::AliasArn(AliasArn(text.to_owned())),
            });
        }
        if is_alias(text) {
            return Ok(Self::AliasName(text.to_owned()));
        }
        if is_key_id(text) {
            return Ok(Self::KeyId(text.to_owned()));
        }
        Err(ArnError::new(text, ArnFlaw::Form))
    }
}

impl From<KeyArn> for KeyIdentifier {
    fn from(arn: KeyArn) -> Self {
        Self::KeyArn(arn)
    }
}

impl From<AliasArn> for KeyIdentifier {
    fn from(arn: AliasArn) -> Self {
        Self::AliasArn(arn)
    }
}

impl fmt::Display for KeyIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
