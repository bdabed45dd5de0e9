//! The local-KEK mode: seeds and DEKs under a key of our own, which KMS wraps.
//!
//! ```text
//! encrypt ── writer ── the KEK in use ── form            KMS: one GenerateDataKey a KEK
//!              └─ renewal, in the background
//! decrypt ── form ── ring ─┬─ KEK in memory
//!                          └─ one load a KEK, however many wait ── KMS: one Decrypt a KEK
//! state file ── wrapped KEKs, unwrapped at start; uses reserved in blocks
//! ```
//!
//! The ring reads in both modes; the writer is there only where the local-KEK mode is on. Never does a write fall back to
//! the direct form: which form lies in etcd is what the operator chose, for a rollback depends on it. Where no KEK can
//! be used and none made, the write is refused with KMS' answer.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use sealkit_envelope::{Plaintext, SecretKey, aead};
use tokio::time::Instant;

use self::clock::WallClock;
use self::form::{FormError, KekId, Sealed};
use self::ring::Ring;
use self::writer::Writer;
use super::service::{Call, Generated, Origin, Unwrapped};
use super::state::StateFile;
use super::{Api, LocalKekSettings, Malformed, Observer, Refusal, Request, StateFileHealth};

pub(super) mod clock;
pub mod form;
mod in_use;
mod renewal;
mod ring;
mod roll;
mod uses;
mod writer;

/// What a KEK needs of the keys of its KeySet.
pub(super) trait Upstream: Send + Sync + 'static {
    /// The configured name of the key at `index`; 0 is the write key.
    fn name(&self, index: usize) -> Arc<str>;

    /// The index of a configured key.
    fn by_name(&self, name: &str) -> Option<usize>;

    /// Makes a KEK under the write key.
    fn generate<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Generated, Refusal>>;

    /// Unwraps a KEK under the first key that opens it, the one at `hint` before the others; and that key's index.
    fn unwrap<'a>(
        &'a self,
        call: Call<'a>,
        wrapped: &'a [u8],
        hint: Option<usize>,
    ) -> BoxFuture<'a, Result<(Unwrapped, usize), Refusal>>;
}

/// Decides which KEKs are written under, where it matters which key material they are under.
pub(super) trait Gate: Send + Sync + 'static {
    /// Whether a KEK under other material than the one in use is wanted.
    fn wants_another(&self) -> bool;

    /// Whether a KEK of this origin may be written under.
    fn admits<'a>(&'a self, call: Call<'a>, origin: &'a Origin) -> BoxFuture<'a, Result<bool, Refusal>>;
}

/// A KEK in memory.
pub(super) struct Kek {
    /// In locked memory, zeroed on drop; its schedule is expanded for each use.
    key: SecretKey<32>,
    kek_id: KekId,
    wrapped: Arc<[u8]>,
    /// Who made or unwrapped it.
    pub(super) origin: Origin,
    /// The key that it is under.
    index: usize,
}

/// What was encrypted under a local KEK.
pub(super) struct Written {
    pub(super) ciphertext: Vec<u8>,
    /// What v2 stores beside it; empty for v1.
    pub(super) annotations: HashMap<String, Vec<u8>>,
    /// The KEK.
    pub(super) kek: Arc<Kek>,
}

/// The KEKs of a KeySet.
pub(super) struct LocalKek {
    ring: Arc<Ring>,
    writer: Option<Arc<Writer>>,
}

/// What the KEKs stand at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct KekStatistics {
    /// The one that writes.
    pub writing: Option<WritingKek>,
    /// KEKs in memory.
    pub unwrapped: usize,
    /// KEKs that are known, and wait for KMS to unwrap them.
    pub pending: usize,
    /// KEKs forgotten to make room, since start: etcd holds more of them than are remembered.
    pub forgotten: u64,
    /// Failures in a row to make the first KEK, or the next.
    pub failures: u32,
    /// How it stands with the state file.
    pub state_file: StateFileHealth,
}

/// The KEK that writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WritingKek {
    /// Its age in seconds.
    pub age_seconds: u64,
    /// Its uses: those that happened, and those before a restart, rounded up to the block reserved.
    pub uses: u64,
}

impl LocalKek {
    /// The KEKs known to the state file, waiting to be unwrapped.
    pub(super) fn new(
        settings: Option<LocalKekSettings>,
        upstream: Arc<dyn Upstream>,
        observer: Arc<dyn Observer>,
        state: Option<Arc<StateFile>>,
        clock: Arc<dyn WallClock>,
    ) -> Self {
        let ring = Arc::new(Ring::new(Arc::clone(&upstream), observer, state.clone()));
        let writer =
            settings.map(|settings| Arc::new(Writer::new(settings, Arc::clone(&ring), upstream, state, clock)));
        Self { ring, writer }
    }

    /// Takes over, on a reload, the KEKs of `before` for which `index_now` knows the key that they are under now, and
    /// goes on writing under its KEK if that is still under the write key.
    pub(super) fn adopt(&self, before: &Self, index_now: impl Fn(&Origin, usize) -> Option<usize>) {
        self.ring.adopt(&before.ring, &index_now);
        if let (Some(writer), Some(before)) = (&self.writer, &before.writer) {
            writer.adopt(before, index_now);
        }
    }

    /// Starts the task that unwraps KEKs, makes one to write under, and renews it; it ends when this is dropped. A
    /// `gate` decides which KEKs are written under.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub(super) fn start(&self, gate: Option<Arc<dyn Gate>>) {
        if let (Some(writer), Some(gate)) = (&self.writer, gate) {
            writer.set_gate(gate);
        }
        renewal::start(&self.ring, self.writer.as_ref());
    }

    /// Whether the local-KEK mode is on.
    pub(super) fn is_on(&self) -> bool {
        self.writer.is_some()
    }

    /// Encrypts under the KEK in use, where the mode [is on](Self::is_on).
    ///
    /// # Errors
    ///
    /// If the plaintext is too long for v2, or there is no KEK to use and none could be made in time.
    pub(super) async fn encrypt(&self, request: &Request<'_>, plaintext: &[u8]) -> Result<Written, Refusal> {
        let writer = self.writer.as_ref().ok_or(Refusal::Internal("the local-KEK mode is off"))?;
        if request.api == Api::V2 && plaintext.len() > form::MAX_V2_PLAINTEXT_LEN {
            let (length, max) = (plaintext.len(), form::MAX_V2_PLAINTEXT_LEN);
            return Err(Malformed::OversizedPlaintext { length, max }.into());
        }
        let kek = writer.take(request.deadline).await?;
        self.ring.tell_encrypted(request, &kek);
        kek.seal(request.api, plaintext)
    }

    /// Writes no more under `kek`, and makes another where there is none yet.
    ///
    /// # Errors
    ///
    /// If KMS does not answer in time, or refuses.
    pub(super) async fn replace(&self, kek: &Kek, deadline: Instant) -> Result<(), Refusal> {
        match &self.writer {
            Some(writer) => writer.replace(kek.kek_id, deadline).await,
            None => Ok(()),
        }
    }

    /// Decrypts a ciphertext for which [`form::is_local_kek`] holds; `hint` is the key that its `key_id` names.
    ///
    /// # Errors
    ///
    /// If it is malformed (KMS is not asked then), or its KEK is not in memory and cannot be unwrapped in time.
    pub(super) async fn decrypt(
        &self,
        request: &Request<'_>,
        ciphertext: &[u8],
        hint: Option<usize>,
        annotations: &HashMap<String, Vec<u8>>,
    ) -> Result<Plaintext, Refusal> {
        let sealed = match request.api {
            Api::V1Beta1 => form::parse_v1(ciphertext),
            Api::V2 => form::parse_v2(ciphertext, annotations.get(form::ANNOTATION).map(Vec::as_slice)),
        };
        let sealed = sealed.map_err(Malformed::from)?;
        let kek = self.ring.kek(request, &sealed, hint).await?;
        kek.open(&sealed)
    }

    /// Drops the KEKs whose origin fulfils `condition`, and says how many.
    pub(super) fn flush(&self, condition: impl FnMut(&Origin) -> bool) -> usize {
        self.ring.flush(condition, self.writer.as_deref())
    }

    /// Told that KMS answers: what waits for it is tried now, not when its back-off ends.
    pub(super) fn kms_answers(&self) {
        self.ring.wake.kms_answers.notify_one();
    }

    /// Whether a write needs no KMS.
    pub(super) fn carries_writes(&self) -> bool {
        self.writer.as_ref().is_some_and(|writer| writer.can_write())
    }

    /// Whether neither a write nor a read needs KMS, of what is known.
    pub(super) fn carries_restart(&self) -> bool {
        self.carries_writes() && self.ring.counts().pending == 0
    }

    /// What the KEKs stand at.
    pub(super) fn statistics(&self) -> KekStatistics {
        let counts = self.ring.counts();
        let (unwrapped, pending, forgotten) = (counts.unwrapped, counts.pending, counts.forgotten);
        let writing = self.writer.as_ref().and_then(|writer| writer.statistics());
        let failures = self.writer.as_ref().map_or(0, |writer| writer.failures());
        KekStatistics { writing, unwrapped, pending, forgotten, failures, state_file: self.ring.state_health() }
    }
}

impl Drop for LocalKek {
    fn drop(&mut self) {
        // The upkeep finds nothing to keep up, and ends.
        self.ring.wake.work.notify_one();
    }
}

impl Kek {
    fn new(key: SecretKey<32>, wrapped: &[u8], origin: Origin, index: usize) -> Self {
        Self { key, kek_id: KekId::of(wrapped), wrapped: wrapped.into(), origin, index }
    }

    /// The same KEK, under the key that is at `index` now.
    fn at(&self, index: usize) -> Self {
        let (wrapped, origin) = (Arc::clone(&self.wrapped), self.origin.clone());
        Self { key: self.key.duplicate(), kek_id: self.kek_id, wrapped, origin, index }
    }

    fn seal(self: Arc<Self>, api: Api, plaintext: &[u8]) -> Result<Written, Refusal> {
        let head = match api {
            Api::V1Beta1 => {
                form::v1_head(&self.wrapped).ok_or(Refusal::Internal("a wrapped KEK is 1 to 6,144 bytes"))?
            }
            Api::V2 => form::v2_head(self.kek_id).to_vec(),
        };
        let (aad, annotations) = match api {
            Api::V1Beta1 => (None, HashMap::new()),
            Api::V2 => {
                let annotations = HashMap::from([(form::ANNOTATION.to_owned(), self.wrapped.to_vec())]);
                (Some([&head[..], &self.wrapped].concat()), annotations)
            }
        };
        // Encrypted where nothing of the plaintext stays.
        let mut buffer = Plaintext::from_slice(plaintext);
        let (nonce, tag) = aead::seal_in_place(&self.key, aad.as_deref().unwrap_or(&head), buffer.expose_secret_mut())
            .map_err(|_| Refusal::Internal("the system gives no random bytes"))?;
        let ciphertext = form::serialize(&head, &nonce, buffer.expose_secret(), &tag);
        Ok(Written { ciphertext, annotations, kek: self })
    }

    fn open(&self, sealed: &Sealed<'_>) -> Result<Plaintext, Refusal> {
        let mut buffer = Plaintext::from_slice(sealed.ciphertext);
        aead::open_in_place(&self.key, sealed.nonce, &sealed.aad(), buffer.expose_secret_mut(), sealed.tag)
            .map_err(|_| Malformed::from(FormError::NotAuthentic))?;
        Ok(buffer)
    }
}

#[cfg(test)]
mod tests;
