//! Frames: sealed and opened in place, one at a time, in any order and on any thread.
//!
//! Source: AWS Encryption SDK specification, `data-format/message-body.md` and `message-body-aad.md`.

use std::ops::Range;

use crate::message::{IV, MESSAGE_ID, TAG};
use crate::primitives::{FrameKey, NotAuthentic};

/// Stands in place of a regular frame's sequence number at the beginning of the final frame.
pub(crate) const FINAL_MARKER: [u8; 4] = [0xff; 4];
/// The greatest sequence number of a regular frame.
pub(crate) const LAST_REGULAR: u32 = u32::MAX - 1;
/// Before the ciphertext of a regular frame: sequence number and IV.
pub(crate) const REGULAR_PREFIX: usize = 4 + IV;
/// Before the ciphertext of the final frame: marker, sequence number, IV and length.
pub(crate) const FINAL_PREFIX: usize = 4 + 4 + IV + 4;
/// Bytes that a regular frame adds to its plaintext.
pub(crate) const REGULAR_OVERHEAD: usize = REGULAR_PREFIX + TAG;
/// Bytes that the final frame adds to its plaintext.
pub(crate) const FINAL_OVERHEAD: usize = FINAL_PREFIX + TAG;

/// The authenticated data of a frame: message id, label, sequence number and plaintext length.
const REGULAR_LABEL: &[u8] = b"AWSKMSEncryptionClient Frame";
const FINAL_LABEL: &[u8] = b"AWSKMSEncryptionClient Final Frame";
const LONGEST_AAD: usize = MESSAGE_ID + FINAL_LABEL.len() + 4 + 8;

/// Why a frame does not open.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum FrameError {
    NotAuthentic,
    OutOfSequence { expected: u32, found: u32 },
    TooLong { length: u32 },
    Truncated,
}

/// Seals and opens the frames of one message.
pub(crate) struct Frames {
    key: FrameKey,
    message_id: [u8; MESSAGE_ID],
    length: usize,
}

/// Whether the frame that begins here is the final one.
pub(crate) fn is_final(frame: &[u8]) -> bool {
    frame.starts_with(&FINAL_MARKER)
}

impl Frames {
    pub(crate) fn new(key: FrameKey, message_id: [u8; MESSAGE_ID], frame_length: u32) -> Self {
        let length = usize::try_from(frame_length).expect("a frame length fits the address space");
        Self { key, message_id, length }
    }

    /// Bytes of plaintext in a regular frame.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// Bytes of a whole regular frame.
    pub(crate) fn stride(&self) -> usize {
        self.length + REGULAR_OVERHEAD
    }

    /// Seals a regular frame whose plaintext stands at its place: behind the prefix and before the tag.
    pub(crate) fn seal_regular(&self, sequence: u32, frame: &mut [u8]) {
        debug_assert!(frame.len() == self.stride() && (1..=LAST_REGULAR).contains(&sequence));
        let (prefix, body) = frame.split_at_mut(REGULAR_PREFIX);
        prefix[..4].copy_from_slice(&sequence.to_be_bytes());
        prefix[4..].copy_from_slice(&iv(sequence));
        self.seal(REGULAR_LABEL, sequence, body);
    }

    /// Seals the final frame, likewise.
    pub(crate) fn seal_final(&self, sequence: u32, frame: &mut [u8]) {
        let length = frame.len() - FINAL_OVERHEAD;
        debug_assert!(length <= self.length && sequence >= 1);
        let length = u32::try_from(length).expect("at most the frame length, which fits 32 bits");
        let (prefix, body) = frame.split_at_mut(FINAL_PREFIX);
        prefix[..4].copy_from_slice(&FINAL_MARKER);
        prefix[4..8].copy_from_slice(&sequence.to_be_bytes());
        prefix[8..20].copy_from_slice(&iv(sequence));
        prefix[20..].copy_from_slice(&length.to_be_bytes());
        self.seal(FINAL_LABEL, sequence, body);
    }

    fn seal(&self, label: &[u8], sequence: u32, body: &mut [u8]) {
        let (text, tag) = body.split_at_mut(body.len() - TAG);
        let (aad, used) = self.aad(label, sequence, text.len());
        tag.copy_from_slice(&self.key.seal_in_place(&iv(sequence), &aad[..used], text));
    }

    /// Opens a regular frame in place and gives where its plaintext stands. On failure nothing of it is left.
    pub(crate) fn open_regular(&self, sequence: u32, frame: &mut [u8]) -> Result<Range<usize>, FrameError> {
        if frame.len() < self.stride() {
            return Err(FrameError::Truncated);
        }
        let found = read_u32(&frame[..4]);
        if found != sequence {
            return Err(FrameError::OutOfSequence { expected: sequence, found });
        }
        let frame = &mut frame[..self.stride()];
        self.open(REGULAR_LABEL, sequence, 4, REGULAR_PREFIX, frame)?;
        Ok(REGULAR_PREFIX..REGULAR_PREFIX + self.length)
    }

    /// How long the final frame is that begins here, tag included.
    pub(crate) fn final_len(&self, frame: &[u8]) -> Result<usize, FrameError> {
        let prefix = frame.get(..FINAL_PREFIX).ok_or(FrameError::Truncated)?;
        let length = read_u32(&prefix[20..]);
        match usize::try_from(length) {
            Ok(bytes) if bytes <= self.length => Ok(bytes + FINAL_OVERHEAD),
            _ => Err(FrameError::TooLong { length }),
        }
    }

    /// Opens the final frame in place, as [`open_regular`](Self::open_regular).
    pub(crate) fn open_final(&self, sequence: u32, frame: &mut [u8]) -> Result<Range<usize>, FrameError> {
        let whole = self.final_len(frame)?;
        let frame = frame.get_mut(..whole).ok_or(FrameError::Truncated)?;
        let found = read_u32(&frame[4..8]);
        if found != sequence {
            return Err(FrameError::OutOfSequence { expected: sequence, found });
        }
        self.open(FINAL_LABEL, sequence, 8, FINAL_PREFIX, frame)?;
        Ok(FINAL_PREFIX..whole - TAG)
    }

    /// The IV on the wire is used, for other SDKs need not derive it from the sequence number.
    fn open(
        &self,
        label: &[u8],
        sequence: u32,
        iv_at: usize,
        prefix: usize,
        frame: &mut [u8],
    ) -> Result<(), FrameError> {
        let (aad, used) = self.aad(label, sequence, frame.len() - prefix - TAG);
        let (head, body) = frame.split_at_mut(prefix);
        let iv: &[u8; IV] = head[iv_at..iv_at + IV].try_into().expect("a range of that length");
        match self.key.open_in_place_with_tag(iv, &aad[..used], body) {
            Ok(_) => Ok(()),
            Err(NotAuthentic) => Err(FrameError::NotAuthentic),
        }
    }

    fn aad(&self, label: &[u8], sequence: u32, length: usize) -> ([u8; LONGEST_AAD], usize) {
        let mut aad = [0; LONGEST_AAD];
        let mut used = 0;
        for part in [&self.message_id[..], label, &sequence.to_be_bytes(), &(length as u64).to_be_bytes()] {
            aad[used..used + part.len()].copy_from_slice(part);
            used += part.len();
        }
        (aad, used)
    }
}

/// Written IVs are the sequence number: unique under the derived key, which no other message shares.
fn iv(sequence: u32) -> [u8; IV] {
    let mut iv = [0; IV];
    iv[IV - 4..].copy_from_slice(&sequence.to_be_bytes());
    iv
}

fn read_u32(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(bytes.try_into().expect("four bytes"))
}

#[cfg(test)]
mod tests;
