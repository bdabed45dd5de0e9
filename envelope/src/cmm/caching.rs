//! Keeps data keys for a while, and asks once for what many need at the same time.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::entry_id::EntryId;
use super::{Cmm, DecryptionMaterialsRequest, DefaultCmm, EncryptionMaterialsRequest};
use crate::EncryptedDataKey;
use crate::cache::{Clock, Coalescing, Limits, Spawner, Stats, Sweep, SystemClock};
use crate::keyring::{Keyring, KeyringError};
use crate::materials::{DecryptionMaterials, EncryptionMaterials};

/// How long a data key is kept, and what for.
///
/// A cached data key is one that leaks with the process, and one whose use AWS CloudTrail does not see: keep these as
/// low as the work allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheLimits {
    /// Data keys kept at most, for encryption and as many for decryption. Zero keeps none: only requests under way at
    /// the same time share a data key.
    pub max_entries: usize,
    /// Time from the answer of the keyring to the last use of the data key. Zero keeps none.
    pub max_age: Duration,
    /// How often an unwrapped data key is used to decrypt.
    pub max_uses: NonZeroU64,
    /// Messages encrypted under one data key; at most 2³², whatever is given.
    pub max_messages: NonZeroU64,
    /// Plaintext bytes encrypted under one data key.
    pub max_bytes: u64,
}

impl CacheLimits {
    /// The specification's bound on messages under one data key.
    const MOST_MESSAGES: u64 = 1 << 32;

    /// 1,000 data keys for five minutes, without further bounds than the specification's.
    #[must_use]
    pub fn for_five_minutes() -> Self {
        Self {
            max_entries: 1000,
            max_age: Duration::from_secs(5 * 60),
            max_uses: NonZeroU64::MAX,
            max_messages: NonZeroU64::MAX,
            max_bytes: i64::MAX as u64,
        }
    }
}

/// Keeps the data keys of another materials manager within [`CacheLimits`], and zeroises them as they leave.
///
/// - *Encrypt*: messages under the same suite and context share a data key (each message still derives a key of its
///   own from it) and, under a signed suite, the signing key. A message whose length is not known in advance, or above
///   the limit on bytes, gets a data key of its own that is not kept: what cannot be counted is not counted on.
/// - *Decrypt*: the same suite, encrypted data keys and context give the same data key. The encrypted data key that it
///   came from is reported each time, so that the policy is checked for every message.
/// - Requests at the same time for the same thing share one call, and its error. A failure is not kept. A caller that
///   is cancelled leaves the others alone.
///
/// Each manager has a cache of its own: another keyring's entries are never served.
///
/// Source: AWS Encryption SDK specification, `framework/caching-cmm.md`.
pub struct CachingCmm {
    underlying: Arc<dyn Cmm>,
    encrypt: Coalescing<EntryId, EncryptionMaterials, KeyringError>,
    decrypt: Coalescing<EntryId, Unwrapped, KeyringError>,
    max_bytes: u64,
}

/// Decryption materials, and which encrypted data key they came from: its index differs between messages that list the
/// same encrypted data keys in another order.
struct Unwrapped {
    materials: DecryptionMaterials,
    unwrapped_by: EncryptedDataKey,
}

impl CachingCmm {
    /// Keeps what `keyring` generates and unwraps.
    #[must_use]
    pub fn new(keyring: Arc<dyn Keyring>, limits: CacheLimits) -> Self {
        Self::over(Arc::new(DefaultCmm::new(keyring)), limits)
    }

    /// Keeps what `underlying` gives.
    #[must_use]
    pub fn over(underlying: Arc<dyn Cmm>, limits: CacheLimits) -> Self {
        Self::with_clock(underlying, limits, Arc::new(SystemClock::default()))
    }

    /// As [`over`](Self::over), by the time of `clock`.
    #[must_use]
    pub fn with_clock(underlying: Arc<dyn Cmm>, limits: CacheLimits, clock: Arc<dyn Clock>) -> Self {
        let (max_entries, max_age) = (limits.max_entries, Some(limits.max_age));
        let messages = limits.max_messages.get().min(CacheLimits::MOST_MESSAGES);
        let encrypt = Limits { max_entries, max_age, max_uses: Some(messages), max_bytes: Some(limits.max_bytes) };
        let decrypt = Limits { max_entries, max_age, max_uses: Some(limits.max_uses.get()), max_bytes: None };
        Self {
            underlying,
            encrypt: Coalescing::with_clock(encrypt, Arc::clone(&clock)),
            decrypt: Coalescing::with_clock(decrypt, clock),
            max_bytes: limits.max_bytes,
        }
    }

    /// Lets calls that all their callers gave up run to their end, so that the next caller finds the data key.
    #[must_use]
    pub fn with_spawner(mut self, spawner: Spawner) -> Self {
        self.encrypt = self.encrypt.with_spawner(Arc::clone(&spawner));
        self.decrypt = self.decrypt.with_spawner(spawner);
        self
    }

    /// Counters of the encrypting side: a load is a data key generated.
    #[must_use]
    pub fn encrypt_stats(&self) -> Stats {
        self.encrypt.stats()
    }

    /// Counters of the decrypting side: a load is a data key unwrapped.
    #[must_use]
    pub fn decrypt_stats(&self) -> Stats {
        self.decrypt.stats()
    }

    /// Zeroises all data keys at once; says how many there were.
    pub fn clear(&self) -> usize {
        self.encrypt.clear() + self.decrypt.clear()
    }

    async fn encryption(&self, request: EncryptionMaterialsRequest) -> Result<EncryptionMaterials, KeyringError> {
        let length = match request.plaintext_length {
            Some(length) if length <= self.max_bytes => length,
            _ => return self.underlying.encryption_materials(request).await,
        };
        let id = EntryId::encrypt(&request);
        let underlying = Arc::clone(&self.underlying);
        let load = move || async move { underlying.encryption_materials(request).await };
        let served = self.encrypt.get_or_load(id, length, load).await?;
        Ok(served.value.duplicate())
    }

    async fn decryption(&self, request: DecryptionMaterialsRequest) -> Result<DecryptionMaterials, KeyringError> {
        let id = EntryId::decrypt(&request);
        let underlying = Arc::clone(&self.underlying);
        let request = Arc::new(request);
        let asked = Arc::clone(&request);
        let load = move || async move {
            let materials = underlying.decryption_materials((*asked).clone()).await?;
            let unwrapped_by = materials.unwrapped_by.and_then(|index| asked.encrypted_data_keys.get(index)).cloned();
            let unwrapped_by = unwrapped_by.ok_or_else(|| nobody(&asked))?;
            Ok(Unwrapped { materials, unwrapped_by })
        };
        let served = self.decrypt.get_or_load(id, 0, load).await?;
        let mut materials = served.value.materials.duplicate();
        let index = request.encrypted_data_keys.iter().position(|wrapped| *wrapped == served.value.unwrapped_by);
        materials.unwrapped_by = Some(index.ok_or_else(|| nobody(&request))?);
        Ok(materials)
    }
}

/// The error for a manager that reports success and not which encrypted data key it is owed to.
fn nobody(request: &DecryptionMaterialsRequest) -> KeyringError {
    KeyringError::not_unwrapped(Vec::new(), &request.encrypted_data_keys)
}

impl Cmm for CachingCmm {
    fn encryption_materials(
        &self,
        request: EncryptionMaterialsRequest,
    ) -> BoxFuture<'_, Result<EncryptionMaterials, KeyringError>> {
        self.encryption(request).boxed()
    }

    fn decryption_materials(
        &self,
        request: DecryptionMaterialsRequest,
    ) -> BoxFuture<'_, Result<DecryptionMaterials, KeyringError>> {
        self.decryption(request).boxed()
    }
}

impl Sweep for CachingCmm {
    fn sweep(&self) -> usize {
        self.encrypt.sweep() + self.decrypt.sweep()
    }
}

#[cfg(test)]
mod tests;
