//! The AWS Encryption SDK message format, version 2: the only module that parses or writes its bytes.
//!
//! ```text
//! message   header | frames | footer (signed suites)
//! header    02 | suite | message id | context | encrypted data keys | 02 | frame length | commitment | tag
//! frame     sequence | iv | ciphertext | tag            the last one: FFFFFFFF | sequence | iv | length | …
//! footer    length | ECDSA signature
//! ```

mod encrypted_data_key;
mod footer;
mod frame;
mod header;
mod keys;

#[cfg(feature = "kms")]
pub(crate) use encrypted_data_key::AWS_KMS;
pub use encrypted_data_key::{EncryptedDataKey, WrappingKey};
pub use header::{HeaderError, UnverifiedHeader, VerifiedHeader};

pub(crate) use footer::{FOOTER_PREFIX, FooterError, LONGEST_SIGNATURE, footer, signature};
pub(crate) use frame::{
    FINAL_OVERHEAD, FINAL_PREFIX, FrameError, Frames, LAST_REGULAR, REGULAR_OVERHEAD, REGULAR_PREFIX, is_final,
};
pub(crate) use header::{HeaderBody, HeaderNotAuthentic};
pub(crate) use keys::MessageKeys;

/// Bytes of the random message id.
pub(crate) const MESSAGE_ID: usize = 32;
/// Bytes of a GCM tag.
pub(crate) const TAG: usize = 16;
/// Bytes of a GCM nonce.
pub(crate) const IV: usize = 12;
