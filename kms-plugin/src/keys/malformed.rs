//! What cannot be right, and is never sent to KMS.

use super::kek::form::FormError;

/// A request that is refused without a call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// No ciphertext.
    #[error("the ciphertext is empty")]
    EmptyCiphertext,
    /// More ciphertext than its form allows.
    #[error("the ciphertext has {length} bytes, at most {max} are possible")]
    OversizedCiphertext {
        /// Its length in bytes.
        length: usize,
        /// The most that are possible.
        max: usize,
    },
    /// v2 without a prefix that is known.
    #[error("the ciphertext begins with none of the prefixes known: it was not written by a provider of this kind")]
    UnknownPrefix,
    /// A blob whose form none of the keys makes: a key file's, where that key file is not configured, or KMS', where
    /// only key files are.
    #[error(
        "none of the configured keys made it: it is under a key file, or under a key in KMS, that is not configured"
    )]
    ForeignKey,
    /// Nothing to encrypt.
    #[error("the plaintext is empty")]
    EmptyPlaintext,
    /// More plaintext than KMS encrypts.
    #[error("the plaintext has {length} bytes, at most {max} are possible")]
    OversizedPlaintext {
        /// Its length in bytes.
        length: usize,
        /// The most that are possible.
        max: usize,
    },
    /// The form of a local KEK is broken.
    #[error("the local-KEK form is malformed: {0}")]
    LocalKek(#[from] FormError),
}
