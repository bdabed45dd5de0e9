//! Decrypting: header and policy, then the data key (asynchronous), then the stream (synchronous).

use std::io::{Read, Write};
use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::cmm::{Cmm, DecryptionMaterialsRequest};
use crate::context::EncryptionContext;
use crate::error::DecryptError;
use crate::keyring::{KeyringError, name_of_key};
use crate::message::{
    EncryptedDataKey, Frames, HeaderError, HeaderNotAuthentic, MessageKeys, UnverifiedHeader, VerifiedHeader,
};
use crate::policy::{DecryptPolicy, PolicyError};
use crate::primitives::{Sha384, VerifyingKey};
use crate::secret::Plaintext;
use crate::stream::{Opener, ReadAt, WriteAt, workers};

/// Decrypts messages that its policy allows.
#[derive(Clone)]
pub struct Decryptor {
    cmm: Arc<dyn Cmm>,
    policy: DecryptPolicy,
    threads: Option<NonZeroUsize>,
}

impl Decryptor {
    /// A decryptor that has data keys unwrapped by `cmm`.
    #[must_use]
    pub fn new(cmm: impl Cmm + 'static, policy: DecryptPolicy) -> Self {
        Self { cmm: Arc::new(cmm), policy, threads: None }
    }

    /// Sets the number of threads that work on one stream.
    #[must_use]
    pub fn with_threads(mut self, threads: NonZeroUsize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// The policy.
    #[must_use]
    pub fn policy(&self) -> &DecryptPolicy {
        &self.policy
    }

    /// Has the data key of a message unwrapped, if the policy allows, and verifies its header.
    ///
    /// Each pair of `context` must stand in the header with that value, or else be one that the message was
    /// encrypted under and does not store; any other fails to authenticate. No pair needs to be given.
    ///
    /// # Errors
    ///
    /// [`DecryptError::Policy`] before a key is asked for, [`DecryptError::Keyring`] if none unwraps, and what says
    /// that the header is not authentic.
    pub async fn unwrap(&self, header: UnverifiedHeader, context: &EncryptionContext) -> Result<Opening, DecryptError> {
        let (whole, unstored) = join(header.context(), context)?;
        self.policy.check_header(header.suite(), &whole)?;
        let allowed = self.allowed(header.encrypted_data_keys())?;
        let request =
            DecryptionMaterialsRequest { suite: header.suite(), encrypted_data_keys: allowed.clone(), context: whole };
        let materials = self.cmm.decryption_materials(request).await?;
        let data_key = materials.data_key.ok_or_else(|| KeyringError::not_unwrapped(Vec::new(), &allowed))?;
        let verifying_key = materials.verification_key;
        if header.suite().is_signed() && verifying_key.is_none() {
            return Err(HeaderError::PublicKeyMissing.into());
        }
        let unwrapped_by = materials.unwrapped_by.and_then(|index| allowed.into_iter().nth(index));
        // A cache may hold data keys that another policy allowed: only the key that really unwrapped counts.
        let unwrapped_by = unwrapped_by
            .filter(|key| self.policy.allows(key))
            .ok_or_else(|| PolicyError::KeyNotAllowed { keys: names(header.encrypted_data_keys()) })?;

        let keys = MessageKeys::derive(header.suite(), &data_key, header.message_id());
        let header = header.verify(&keys, &unstored).map_err(|error| match error {
            HeaderNotAuthentic::Commitment => DecryptError::CommitmentMismatch,
            HeaderNotAuthentic::Tag => DecryptError::NotAuthentic,
        })?;
        let frames = Frames::new(keys.into_frame_key(), *header.message_id(), header.frame_length());
        Ok(Opening { header, frames, verifying_key, unwrapped_by, threads: self.threads })
    }

    /// Decrypts a small message at once, on this thread.
    ///
    /// # Errors
    ///
    /// As [`unwrap`](Self::unwrap) and [`Opening::run`]; no plaintext is given out then.
    pub async fn decrypt(
        &self,
        message: &[u8],
        context: &EncryptionContext,
    ) -> Result<(Plaintext, VerifiedHeader), DecryptError> {
        let header = UnverifiedHeader::parse(message, &self.policy.limits)?;
        let body = header.len();
        let opening = self.unwrap(header, context).await?;
        opening.open(&message[body..])
    }

    /// The encrypted data keys that the policy allows to be unwrapped.
    fn allowed(&self, keys: &[EncryptedDataKey]) -> Result<Vec<EncryptedDataKey>, PolicyError> {
        let allowed: Vec<_> = keys.iter().filter(|key| self.policy.allows(key)).cloned().collect();
        if allowed.is_empty() {
            return Err(PolicyError::KeyNotAllowed { keys: names(keys) });
        }
        Ok(allowed)
    }
}

/// The stored context joined with the caller's, and what of the caller's is not stored.
fn join(
    stored: &EncryptionContext,
    given: &EncryptionContext,
) -> Result<(EncryptionContext, EncryptionContext), DecryptError> {
    let (mut whole, mut unstored) = (stored.clone(), EncryptionContext::new());
    for (key, value) in given.iter() {
        match stored.get(key) {
            Some(found) if found == value => {}
            Some(_) => return Err(DecryptError::ContextConflict { key: key.to_owned() }),
            None => {
                whole.insert_received(key, value);
                unstored.insert_received(key, value);
            }
        }
    }
    Ok((whole, unstored))
}

fn names(keys: &[EncryptedDataKey]) -> Vec<String> {
    keys.iter().map(name_of_key).collect()
}

/// A message whose header is verified and whose body is still to come.
pub struct Opening {
    header: VerifiedHeader,
    frames: Frames,
    verifying_key: Option<Arc<VerifyingKey>>,
    unwrapped_by: EncryptedDataKey,
    threads: Option<NonZeroUsize>,
}

/// What was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Opened {
    /// Bytes of plaintext.
    pub plaintext_bytes: u64,
}

impl Opening {
    /// The header, verified.
    #[must_use]
    pub fn header(&self) -> &VerifiedHeader {
        &self.header
    }

    /// The encrypted data key that was unwrapped, and so which key did it.
    #[must_use]
    pub fn unwrapped_by(&self) -> &EncryptedDataKey {
        &self.unwrapped_by
    }

    /// Decrypts what `reader` gives behind the header, to its end.
    ///
    /// Plaintext is written frame by frame, each verified first; the final frame of a signed message once the
    /// signature is verified too. So a message that turns out to be cut short leaves verified plaintext behind, and
    /// an error.
    ///
    /// # Errors
    ///
    /// Whatever is not exactly the message that was sealed, [`DecryptError::Read`] and [`DecryptError::Write`].
    pub fn run(self, reader: impl Read + Send, writer: impl Write + Send) -> Result<Opened, DecryptError> {
        let workers = workers(self.threads, &self.frames, self.header.suite().is_signed());
        let plaintext_bytes =
            Opener::new(&self.frames, workers, signature(&self.header, self.verifying_key)).run(reader, writer)?;
        Ok(Opened { plaintext_bytes })
    }

    /// As [`run`](Self::run) from file to file: every thread reads and writes at its own offset. `offset` is where
    /// the body begins, the header's [`len`](UnverifiedHeader::len) if the message begins at 0.
    ///
    /// Plaintext arrives in any order: write to a file that nobody reads before this returned.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn run_at(self, input: &impl ReadAt, offset: u64, output: &impl WriteAt) -> Result<Opened, DecryptError> {
        let workers = workers(self.threads, &self.frames, self.header.suite().is_signed());
        let plaintext_bytes = Opener::new(&self.frames, workers, signature(&self.header, self.verifying_key))
            .run_at(input, offset, output)?;
        Ok(Opened { plaintext_bytes })
    }

    /// Decrypts a body that is in memory already.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run); no plaintext is given out then.
    pub fn open(self, body: &[u8]) -> Result<(Plaintext, VerifiedHeader), DecryptError> {
        let mut plaintext = Plaintext::zeroed(body.len());
        let opener = Opener::new(&self.frames, NonZeroUsize::MIN, signature(&self.header, self.verifying_key));
        let length = opener.of_length(body.len()).run(body, plaintext.expose_secret_mut())?;
        plaintext.truncate(usize::try_from(length).expect("no longer than the body that holds it"));
        Ok((plaintext, self.header))
    }
}

fn signature(header: &VerifiedHeader, key: Option<Arc<VerifyingKey>>) -> Option<(Sha384, Arc<VerifyingKey>)> {
    key.map(|key| {
        let mut hash = Sha384::new();
        hash.update(header.raw());
        (hash, key)
    })
}
