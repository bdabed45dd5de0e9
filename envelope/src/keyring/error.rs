//! Why a data key could not be wrapped or unwrapped.

use std::fmt;

use crate::message::{EncryptedDataKey, WrappingKey};

/// Why a data key could not be wrapped or unwrapped.
///
/// It can be cloned, for all who wait for one unwrap share its failure. Names of keys that come from a message are
/// untrusted; they are shown with control characters escaped.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// Decryption materials were passed to a keyring after another had unwrapped the data key. A defect of the caller.
    #[error("the decryption materials already hold a data key")]
    DataKeyPresent,
    /// No keyring generated a data key: a multi-keyring without generator, or a keyring that breaks its contract.
    #[error("no keyring generated a data key")]
    NoDataKeyGenerated,
    /// A keyring reported success on encrypt and wrapped nothing. A defect of that keyring.
    #[error("the data key was not wrapped under any key")]
    NoEncryptedDataKey,
    /// The context to encrypt under holds the key of a signed suite already; only the format itself may set it.
    #[error("the encryption context already holds \"aws-crypto-public-key\"")]
    PublicKeyPresent,
    /// A message under a signed suite holds no usable public key to verify it with.
    #[error("the encryption context of a signed message holds no valid \"aws-crypto-public-key\"")]
    PublicKeyMissing,
    /// A message under an unsigned suite holds a public key: its header was put together from two messages.
    #[error("the encryption context of an unsigned message holds \"aws-crypto-public-key\"")]
    PublicKeyUnexpected,
    /// The context is longer than the format can say, and so cannot be authenticated with the data key.
    #[error("the encryption context takes {length} bytes; the format allows 65,535")]
    ContextTooLong {
        /// Bytes that it would take.
        length: usize,
    },
    /// The system gives no random bytes.
    #[error("the system's random number generator is not available")]
    RandomUnavailable,
    /// A wrapped data key for a raw AES key does not verify under it: it was changed, wrapped under another key of
    /// the same name, or under another encryption context.
    #[error("the data key wrapped under {namespace}/{} is not authentic", name.escape_debug())]
    NotAuthentic {
        /// The keyring's namespace.
        namespace: String,
        /// The keyring's key name.
        name: String,
    },
    /// A call to AWS KMS failed.
    #[cfg(feature = "kms")]
    #[error(transparent)]
    Kms(Box<sealkit_aws::Fault>),
    /// A message, or an answer of AWS KMS, breaks the rules of its keyrings.
    #[cfg(feature = "kms")]
    #[error(transparent)]
    KmsRule(Box<super::kms::KmsRuleError>),
    /// A KMS key cannot be used as configured.
    #[cfg(feature = "kms")]
    #[error(transparent)]
    KmsConfig(Box<super::kms::KmsConfigError>),
    /// Neither the key's own Region nor those that stand in for it answered.
    #[cfg(feature = "kms")]
    #[error("{}", errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    NoReplicaAnswered {
        /// What each Region's failure was, in the order of trying.
        errors: Vec<KeyringError>,
    },
    /// None of a message's encrypted data keys could be unwrapped.
    #[error("no data key could be unwrapped: {}", Attempts { errors, wrapped_by })]
    NoDataKeyUnwrapped {
        /// What went wrong with those that were tried, in order. Empty if none of them belongs to this keyring.
        errors: Vec<KeyringError>,
        /// The keys that the message is wrapped under, as its header names them, unverified.
        wrapped_by: Vec<String>,
    },
}

impl KeyringError {
    /// What a keyring returns when it has tried all of `encrypted_data_keys` that are its own.
    #[must_use]
    pub fn not_unwrapped(errors: Vec<Self>, encrypted_data_keys: &[EncryptedDataKey]) -> Self {
        let wrapped_by = encrypted_data_keys.iter().map(name_of_key).collect();
        Self::NoDataKeyUnwrapped { errors, wrapped_by }
    }

    /// Every failure that is no collection itself, in order.
    pub fn leaves(&self) -> Vec<&Self> {
        match self {
            Self::NoDataKeyUnwrapped { errors, .. } if !errors.is_empty() => {
                errors.iter().flat_map(Self::leaves).collect()
            }
            #[cfg(feature = "kms")]
            Self::NoReplicaAnswered { errors } => errors.iter().flat_map(Self::leaves).collect(),
            leaf => vec![leaf],
        }
    }
}

/// The one line about all attempts.
struct Attempts<'a> {
    errors: &'a [KeyringError],
    wrapped_by: &'a [String],
}

impl fmt::Display for Attempts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let causes: Vec<_> = self
            .errors
            .iter()
            .flat_map(KeyringError::leaves)
            .filter(|error| !matches!(error, KeyringError::NoDataKeyUnwrapped { .. }))
            .map(KeyringError::to_string)
            .collect();
        if causes.is_empty() {
            write!(f, "the message is wrapped under {}, none of the keys given", self.wrapped_by.join(", "))
        } else {
            f.write_str(&causes.join("; "))
        }
    }
}

/// The key's name as an error shows it.
pub(crate) fn name_of_key(encrypted_data_key: &EncryptedDataKey) -> String {
    match encrypted_data_key.key() {
        WrappingKey::AwsKms { key_id } => key_id.escape_debug().to_string(),
        WrappingKey::RawAes { namespace, name } => {
            format!("{}/{}", namespace.escape_debug(), name.escape_debug())
        }
        WrappingKey::Other { provider_id, .. } => {
            format!("a key of provider \"{}\"", provider_id.escape_debug())
        }
    }
}
