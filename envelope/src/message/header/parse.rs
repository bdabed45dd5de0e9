//! From untrusted bytes to a header, within limits that are checked before anything is read or kept.
//!
//! Source: AWS Encryption SDK specification, `data-format/message-header.md`.

use std::io::Read;

use super::{HeaderError, UnverifiedHeader};
use crate::context::{EncryptionContext, PUBLIC_KEY};
use crate::error::DecryptError;
use crate::message::{EncryptedDataKey, MESSAGE_ID, TAG};
use crate::policy::{Limits, PolicyError};
use crate::suite::{AlgorithmSuite, legacy_name};

const VERSION_1: u8 = 1;
const VERSION_2: u8 = 2;
pub(super) const FRAMED: u8 = 2;
const UNFRAMED: u8 = 1;

impl UnverifiedHeader {
    /// Reads a header and not a byte more. Field by field, so give it a buffered reader.
    ///
    /// # Errors
    ///
    /// [`DecryptError::Header`] for what is no version 2 header, [`DecryptError::Policy`] beyond a limit,
    /// [`DecryptError::Truncated`] at an early end, and [`DecryptError::Read`].
    pub fn read_from(reader: impl Read, limits: &Limits) -> Result<Self, DecryptError> {
        Fields { reader, raw: Vec::new(), max: limits.max_header_bytes }.header(limits)
    }

    /// Parses the header at the beginning of `message`.
    ///
    /// # Errors
    ///
    /// As [`read_from`](Self::read_from).
    pub fn parse(message: &[u8], limits: &Limits) -> Result<Self, DecryptError> {
        Self::read_from(message, limits)
    }
}

/// Reads fields and keeps every byte, for the tag covers the bytes as received.
struct Fields<R> {
    reader: R,
    raw: Vec<u8>,
    max: usize,
}

impl<R: Read> Fields<R> {
    fn header(mut self, limits: &Limits) -> Result<UnverifiedHeader, DecryptError> {
        match self.byte()? {
            VERSION_2 => {}
            VERSION_1 => return Err(HeaderError::Version1.into()),
            first => return Err(HeaderError::NotAMessage { first }.into()),
        }
        let id = self.u16()?;
        let suite = AlgorithmSuite::from_id(id).ok_or(HeaderError::UnknownSuite { id, known_as: legacy_name(id) })?;
        let message_id: [u8; MESSAGE_ID] = self.array()?;
        let context = self.context()?;
        match (suite.is_signed(), context.contains_key(PUBLIC_KEY)) {
            (true, false) => return Err(HeaderError::PublicKeyMissing.into()),
            (false, true) => return Err(HeaderError::PublicKeyUnexpected.into()),
            _ => {}
        }
        let encrypted_data_keys = self.encrypted_data_keys(limits)?;
        match self.byte()? {
            FRAMED => {}
            UNFRAMED => return Err(HeaderError::Unframed.into()),
            content_type => return Err(HeaderError::UnknownContentType { content_type }.into()),
        }
        let frame_length = u32::from_be_bytes(self.array()?);
        if frame_length == 0 {
            return Err(HeaderError::ZeroFrameLength.into());
        }
        if frame_length > limits.max_frame_length {
            return Err(PolicyError::FrameTooLong { length: frame_length, max: limits.max_frame_length }.into());
        }
        let commitment = self.array()?;
        let tag: [u8; TAG] = self.array()?;
        Ok(UnverifiedHeader {
            suite,
            message_id,
            context,
            encrypted_data_keys,
            frame_length,
            commitment,
            tag,
            raw: self.raw,
        })
    }

    fn encrypted_data_keys(&mut self, limits: &Limits) -> Result<Vec<EncryptedDataKey>, DecryptError> {
        let count = usize::from(self.u16()?);
        if count == 0 {
            return Err(HeaderError::NoEncryptedDataKeys.into());
        }
        if count > limits.max_encrypted_data_keys {
            return Err(PolicyError::TooManyEncryptedDataKeys { count, max: limits.max_encrypted_data_keys }.into());
        }
        // Grows with what is really there: `count` alone is a claim.
        let mut keys = Vec::new();
        for _ in 0..count {
            let provider_id = String::from_utf8(self.prefixed()?.to_vec())
                .map_err(|_| HeaderError::NotUtf8 { field: "a key provider id" })?;
            let provider_info = self.prefixed()?.to_vec();
            let ciphertext = self.prefixed()?.to_vec();
            keys.push(EncryptedDataKey { provider_id, provider_info, ciphertext });
        }
        Ok(keys)
    }

    fn context(&mut self) -> Result<EncryptionContext, DecryptError> {
        Ok(parse_context(self.prefixed()?)?)
    }

    fn byte(&mut self) -> Result<u8, DecryptError> {
        Ok(self.array::<1>()?[0])
    }

    fn u16(&mut self) -> Result<u16, DecryptError> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecryptError> {
        let bytes = self.take(N)?;
        Ok(bytes.try_into().expect("take gives as many bytes as asked for"))
    }

    /// A field behind its 16-bit length.
    fn prefixed(&mut self) -> Result<&[u8], DecryptError> {
        let length = usize::from(self.u16()?);
        self.take(length)
    }

    fn take(&mut self, length: usize) -> Result<&[u8], DecryptError> {
        let start = self.raw.len();
        if length > self.max - start {
            return Err(PolicyError::HeaderTooLong { max: self.max }.into());
        }
        self.raw.resize(start + length, 0);
        match self.reader.read_exact(&mut self.raw[start..]) {
            Ok(()) => Ok(&self.raw[start..]),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                Err(DecryptError::Truncated { part: "header" })
            }
            Err(error) => Err(DecryptError::Read(error)),
        }
    }
}

/// Any order is read (old JavaScript SDKs sorted by locale), and a count of zero beside the empty form.
fn parse_context(bytes: &[u8]) -> Result<EncryptionContext, HeaderError> {
    let malformed = |reason| HeaderError::MalformedContext { reason };
    let mut context = EncryptionContext::new();
    if bytes.is_empty() {
        return Ok(context);
    }
    let (count, mut rest) = bytes.split_first_chunk::<2>().ok_or(malformed("no count of pairs"))?;
    for _ in 0..u16::from_be_bytes(*count) {
        let key = text(&mut rest).ok_or(malformed("a key is cut short"))??;
        let value = text(&mut rest).ok_or(malformed("a value is cut short"))??;
        if !context.insert_received(key, value) {
            return Err(malformed("a key stands twice"));
        }
    }
    if rest.is_empty() { Ok(context) } else { Err(malformed("bytes follow the last pair")) }
}

fn text<'a>(rest: &mut &'a [u8]) -> Option<Result<&'a str, HeaderError>> {
    let (length, after) = rest.split_first_chunk::<2>()?;
    let (text, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    *rest = after;
    Some(std::str::from_utf8(text).map_err(|_| HeaderError::NotUtf8 { field: "the encryption context" }))
}
