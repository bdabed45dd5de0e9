//! The header as it is written.

use super::parse::FRAMED;
use crate::context::EncryptionContext;
use crate::message::keys::MessageKeys;
use crate::message::{EncryptedDataKey, MESSAGE_ID, TAG};
use crate::policy::{FrameLength, Limits, PolicyError};
use crate::suite::AlgorithmSuite;

/// What a header says, before its commitment and tag.
pub(crate) struct HeaderBody<'a> {
    pub(crate) suite: AlgorithmSuite,
    pub(crate) message_id: &'a [u8; MESSAGE_ID],
    pub(crate) context: &'a EncryptionContext,
    pub(crate) encrypted_data_keys: &'a [EncryptedDataKey],
    pub(crate) frame_length: FrameLength,
}

impl HeaderBody<'_> {
    /// Fixed fields: version, suite, id, three counts and lengths, content type, frame length, commitment, tag.
    const FIXED: usize = 1 + 2 + MESSAGE_ID + 2 + 2 + 1 + 4 + 32 + TAG;

    /// Bytes of the whole header.
    pub(crate) fn len(&self) -> usize {
        let keys = self.encrypted_data_keys.iter().map(EncryptedDataKey::serialized_len).sum::<usize>();
        Self::FIXED + self.context.serialized_len() + keys
    }

    /// Whether a reader with these limits takes the header.
    pub(crate) fn check(&self, limits: &Limits) -> Result<(), PolicyError> {
        let count = self.encrypted_data_keys.len();
        let length = self.frame_length.bytes();
        if count > limits.max_encrypted_data_keys.min(usize::from(u16::MAX)) {
            return Err(PolicyError::TooManyEncryptedDataKeys { count, max: limits.max_encrypted_data_keys });
        }
        if self.len() > limits.max_header_bytes {
            return Err(PolicyError::HeaderTooLong { max: limits.max_header_bytes });
        }
        if length > limits.max_frame_length {
            return Err(PolicyError::FrameTooLong { length, max: limits.max_frame_length });
        }
        Ok(())
    }

    /// Appends the header to `out`; `None` if a field is longer than its 16-bit length can say.
    pub(crate) fn write(&self, keys: &MessageKeys, out: &mut Vec<u8>) -> Option<()> {
        let start = out.len();
        out.reserve(self.len());
        out.push(2);
        out.extend_from_slice(&self.suite.id().to_be_bytes());
        out.extend_from_slice(self.message_id);
        prefixed(out, &self.context.serialize())?;
        out.extend_from_slice(&u16::try_from(self.encrypted_data_keys.len()).ok()?.to_be_bytes());
        for key in self.encrypted_data_keys {
            prefixed(out, key.provider_id.as_bytes())?;
            prefixed(out, &key.provider_info)?;
            prefixed(out, &key.ciphertext)?;
        }
        out.push(FRAMED);
        out.extend_from_slice(&self.frame_length.bytes().to_be_bytes());
        out.extend_from_slice(keys.commitment());
        let tag = keys.authenticate_header(&out[start..]);
        out.extend_from_slice(&tag);
        Some(())
    }
}

fn prefixed(out: &mut Vec<u8>, field: &[u8]) -> Option<()> {
    out.extend_from_slice(&u16::try_from(field.len()).ok()?.to_be_bytes());
    out.extend_from_slice(field);
    Some(())
}
