//! The header: what was received, and what was verified.

mod error;
mod parse;
mod serialize;

pub use error::HeaderError;
pub(crate) use serialize::HeaderBody;

use crate::context::EncryptionContext;
use crate::message::keys::MessageKeys;
use crate::message::{EncryptedDataKey, MESSAGE_ID, TAG};
use crate::primitives::NotAuthentic;
use crate::suite::AlgorithmSuite;

/// A header that parses and keeps within the limits. Nothing in it is authenticated.
#[derive(Clone, Debug)]
pub struct UnverifiedHeader {
    suite: AlgorithmSuite,
    message_id: [u8; MESSAGE_ID],
    context: EncryptionContext,
    encrypted_data_keys: Vec<EncryptedDataKey>,
    frame_length: u32,
    commitment: [u8; 32],
    tag: [u8; TAG],
    /// The bytes received, tag included: the tag covers these, never a re-serialisation.
    raw: Vec<u8>,
}

/// A header whose commitment and tag were verified under its data key; only that verification makes one.
#[derive(Clone, Debug)]
pub struct VerifiedHeader(UnverifiedHeader);

impl UnverifiedHeader {
    /// The algorithm suite.
    #[must_use]
    pub fn suite(&self) -> AlgorithmSuite {
        self.suite
    }

    /// The random id of the message.
    #[must_use]
    pub fn message_id(&self) -> &[u8; MESSAGE_ID] {
        &self.message_id
    }

    /// The stored context.
    #[must_use]
    pub fn context(&self) -> &EncryptionContext {
        &self.context
    }

    /// The wrapped copies of the data key, in the order of the header.
    #[must_use]
    pub fn encrypted_data_keys(&self) -> &[EncryptedDataKey] {
        &self.encrypted_data_keys
    }

    /// Bytes of plaintext in a regular frame.
    #[must_use]
    pub fn frame_length(&self) -> u32 {
        self.frame_length
    }

    /// Bytes that the header took, its tag included; the body begins there.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a header is never empty")]
    pub fn len(&self) -> usize {
        self.raw.len()
    }

    /// Checks commitment and tag. `unstored` is the caller's context that the header does not hold.
    pub(crate) fn verify(
        self,
        keys: &MessageKeys,
        unstored: &EncryptionContext,
    ) -> Result<VerifiedHeader, HeaderNotAuthentic> {
        if !keys.commits_to(&self.commitment) {
            return Err(HeaderNotAuthentic::Commitment);
        }
        let body = &self.raw[..self.raw.len() - TAG];
        keys.verify_header(body, unstored, &self.tag).map_err(|NotAuthentic| HeaderNotAuthentic::Tag)?;
        Ok(VerifiedHeader(self))
    }
}

/// Which check a header failed.
pub(crate) enum HeaderNotAuthentic {
    Commitment,
    Tag,
}

impl VerifiedHeader {
    /// The algorithm suite.
    #[must_use]
    pub fn suite(&self) -> AlgorithmSuite {
        self.0.suite
    }

    /// The random id of the message.
    #[must_use]
    pub fn message_id(&self) -> &[u8; MESSAGE_ID] {
        &self.0.message_id
    }

    /// The stored context.
    #[must_use]
    pub fn context(&self) -> &EncryptionContext {
        &self.0.context
    }

    /// The wrapped copies of the data key, in the order of the header.
    #[must_use]
    pub fn encrypted_data_keys(&self) -> &[EncryptedDataKey] {
        &self.0.encrypted_data_keys
    }

    /// Bytes of plaintext in a regular frame.
    #[must_use]
    pub fn frame_length(&self) -> u32 {
        self.0.frame_length
    }

    /// The bytes received, which a signature covers.
    pub(crate) fn raw(&self) -> &[u8] {
        &self.0.raw
    }
}

#[cfg(test)]
mod tests;
