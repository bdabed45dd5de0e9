//! Encrypting: materials first (asynchronous, a keyring may ask a service), then the stream (synchronous).

use std::io::{Read, Write};
use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::cmm::{Cmm, EncryptionMaterialsRequest};
use crate::context::EncryptionContext;
use crate::error::EncryptError;
use crate::keyring::KeyringError;
use crate::message::{
    EncryptedDataKey, FINAL_OVERHEAD, FINAL_PREFIX, Frames, HeaderBody, LAST_REGULAR, MESSAGE_ID, MessageKeys,
    REGULAR_PREFIX, footer,
};
use crate::policy::{FrameLength, Limits};
use crate::primitives::{Sha384, SigningKey, random};
use crate::stream::{ReadAt, Sealer, WriteAt, workers};
use crate::suite::AlgorithmSuite;

/// Encrypts messages.
///
/// Without further ado: the unsigned suite `0x0478`, the default frame length, the limits that a decryptor has by
/// default, as many threads as there are cores.
#[derive(Clone)]
pub struct Encryptor {
    cmm: Arc<dyn Cmm>,
    suite: AlgorithmSuite,
    frame_length: FrameLength,
    limits: Limits,
    threads: Option<NonZeroUsize>,
}

impl Encryptor {
    /// An encryptor that takes its data keys from `cmm`.
    #[must_use]
    pub fn new(cmm: impl Cmm + 'static) -> Self {
        Self {
            cmm: Arc::new(cmm),
            suite: AlgorithmSuite::default(),
            frame_length: FrameLength::default(),
            limits: Limits::default(),
            threads: None,
        }
    }

    /// Sets the algorithm suite.
    #[must_use]
    pub fn with_suite(mut self, suite: AlgorithmSuite) -> Self {
        self.suite = suite;
        self
    }

    /// Sets the bytes of plaintext in a frame. The Python SDKs read multiples of 128 only.
    #[must_use]
    pub fn with_frame_length(mut self, frame_length: FrameLength) -> Self {
        self.frame_length = frame_length;
        self
    }

    /// Sets what a header may hold: what is beyond could not be read under the same limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the number of threads that work on one stream.
    #[must_use]
    pub fn with_threads(mut self, threads: NonZeroUsize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Obtains a data key and makes the header of a new message.
    ///
    /// `plaintext_length`, in bytes, lets a cache account for the message beforehand; no more may follow then.
    ///
    /// # Errors
    ///
    /// [`EncryptError::Keyring`] if there is no data key to be had, [`EncryptError::Policy`] beyond a limit.
    pub async fn begin(
        &self,
        context: &EncryptionContext,
        plaintext_length: Option<u64>,
    ) -> Result<Sealing, EncryptError> {
        let request = EncryptionMaterialsRequest { suite: self.suite, context: context.clone(), plaintext_length };
        let materials = self.cmm.encryption_materials(request).await?;
        let data_key = materials.data_key.as_ref().ok_or(KeyringError::NoDataKeyGenerated)?;
        let mut message_id = [0; MESSAGE_ID];
        random(&mut message_id)?;
        let body = HeaderBody {
            suite: self.suite,
            message_id: &message_id,
            context: &materials.context,
            encrypted_data_keys: &materials.encrypted_data_keys,
            frame_length: self.frame_length,
        };
        body.check(&self.limits)?;
        let keys = MessageKeys::derive(self.suite, data_key, &message_id);
        let mut header = Vec::new();
        body.write(&keys, &mut header).ok_or(EncryptError::HeaderFieldTooLong)?;
        Ok(Sealing {
            frames: Frames::new(keys.into_frame_key(), message_id, self.frame_length.bytes()),
            header,
            suite: self.suite,
            encrypted_data_keys: materials.encrypted_data_keys,
            signing_key: materials.signing_key,
            stated: plaintext_length,
            threads: self.threads,
        })
    }

    /// Encrypts a small value at once, on this thread.
    ///
    /// # Errors
    ///
    /// As [`begin`](Self::begin).
    pub async fn encrypt(&self, plaintext: &[u8], context: &EncryptionContext) -> Result<Vec<u8>, EncryptError> {
        self.begin(context, Some(plaintext.len() as u64)).await?.seal(plaintext)
    }
}

/// A message whose header is made and whose plaintext is still to come.
pub struct Sealing {
    frames: Frames,
    header: Vec<u8>,
    suite: AlgorithmSuite,
    encrypted_data_keys: Vec<EncryptedDataKey>,
    signing_key: Option<SigningKey>,
    stated: Option<u64>,
    threads: Option<NonZeroUsize>,
}

/// What was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sealed {
    /// Bytes of plaintext.
    pub plaintext_bytes: u64,
    /// Bytes of the whole message.
    pub message_bytes: u64,
}

impl Sealing {
    /// The algorithm suite.
    #[must_use]
    pub fn suite(&self) -> AlgorithmSuite {
        self.suite
    }

    /// The wrapped copies of the data key, as the header holds them; the first is the generator's.
    #[must_use]
    pub fn encrypted_data_keys(&self) -> &[EncryptedDataKey] {
        &self.encrypted_data_keys
    }

    /// Encrypts all that `reader` gives and writes the whole message to `writer`.
    ///
    /// # Errors
    ///
    /// [`EncryptError::Read`] and [`EncryptError::Write`]; what was written until then is no message.
    pub fn run(self, reader: impl Read + Send, mut writer: impl Write + Send) -> Result<Sealed, EncryptError> {
        writer.write_all(&self.header).map_err(EncryptError::Write)?;
        let sealer = Sealer::new(&self.frames, workers(self.threads, &self.frames, self.is_signed()), self.hash());
        let (plaintext, hash) = sealer.run(reader, &mut writer)?;
        let footer = self.footer(hash)?;
        writer.write_all(&footer).and_then(|()| writer.flush()).map_err(EncryptError::Write)?;
        self.sealed(plaintext, footer.len())
    }

    /// As [`run`](Self::run) from file to file: every thread reads and writes at its own offset.
    ///
    /// `length` is the input's length in bytes; what grows behind it is left out, and if less is there,
    /// [`EncryptError::InputChanged`] says so.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn run_at(self, input: &impl ReadAt, length: u64, output: &impl WriteAt) -> Result<Sealed, EncryptError> {
        output.write_all_at(&self.header, 0).map_err(EncryptError::Write)?;
        let sealer = Sealer::new(&self.frames, workers(self.threads, &self.frames, self.is_signed()), self.hash());
        let (plaintext, hash) = sealer.run_at(input, length, output, self.header.len() as u64)?;
        let footer = self.footer(hash)?;
        let frames = self.frames_len(plaintext);
        output.write_all_at(&footer, self.header.len() as u64 + frames).map_err(EncryptError::Write)?;
        self.sealed(plaintext, footer.len())
    }

    /// Encrypts a value that is in memory already.
    ///
    /// # Errors
    ///
    /// [`EncryptError::PlaintextTooLong`], and [`EncryptError::RandomUnavailable`] for a signature.
    pub fn seal(self, plaintext: &[u8]) -> Result<Vec<u8>, EncryptError> {
        let mut hash = self.hash();
        let body = self.header.len();
        let mut message = self.header.clone();
        let frames = usize::try_from(self.frames_len(plaintext.len() as u64)).unwrap_or(0);
        message.reserve_exact(frames + if self.is_signed() { 128 } else { 0 });
        let (chunks, rest) =
            (plaintext.chunks_exact(self.frames.length()), plaintext.chunks_exact(self.frames.length()).remainder());
        let mut sequence = 1_u32;
        for chunk in chunks {
            if sequence > LAST_REGULAR {
                return Err(EncryptError::PlaintextTooLong);
            }
            let at = message.len();
            message.resize(at + REGULAR_PREFIX, 0);
            message.extend_from_slice(chunk);
            message.resize(at + self.frames.stride(), 0);
            self.frames.seal_regular(sequence, &mut message[at..]);
            sequence += 1;
        }
        let at = message.len();
        message.resize(at + FINAL_PREFIX, 0);
        message.extend_from_slice(rest);
        message.resize(at + rest.len() + FINAL_OVERHEAD, 0);
        self.frames.seal_final(sequence, &mut message[at..]);
        if let Some(hash) = &mut hash {
            hash.update(&message[body..]);
        }
        let footer = self.footer(hash)?;
        message.extend_from_slice(&footer);
        Ok(message)
    }

    fn is_signed(&self) -> bool {
        self.signing_key.is_some()
    }

    /// The hash that a signature will cover, with the header in it.
    fn hash(&self) -> Option<Sha384> {
        self.signing_key.as_ref().map(|_| {
            let mut hash = Sha384::new();
            hash.update(&self.header);
            hash
        })
    }

    fn footer(&self, hash: Option<Sha384>) -> Result<Vec<u8>, EncryptError> {
        match (&self.signing_key, hash) {
            (Some(key), Some(hash)) => Ok(footer(&key.sign_prehash(&hash.finish())?)),
            _ => Ok(Vec::new()),
        }
    }

    /// Bytes of all frames of a message.
    fn frames_len(&self, plaintext: u64) -> u64 {
        let regular = plaintext / self.frames.length() as u64;
        regular * self.frames.stride() as u64 + plaintext % self.frames.length() as u64 + FINAL_OVERHEAD as u64
    }

    fn sealed(&self, plaintext: u64, footer: usize) -> Result<Sealed, EncryptError> {
        match self.stated {
            Some(expected) if plaintext > expected => Err(EncryptError::InputChanged { expected }),
            _ => Ok(Sealed {
                plaintext_bytes: plaintext,
                message_bytes: self.header.len() as u64 + self.frames_len(plaintext) + footer as u64,
            }),
        }
    }
}

#[cfg(test)]
mod tests;
