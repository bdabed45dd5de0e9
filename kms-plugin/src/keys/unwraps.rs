//! The unwrap cache: what was encrypted or decrypted here needs no Decrypt call again.
//!
//! Kept by the SHA-256 of the blob, which KMS binds to one key and one encryption context; so neither is part of the
//! cache's key. Nothing expires by age: the value of a blob never changes, and what ends its use is a flush.

use std::sync::Arc;
use std::time::Duration;

use sealkit_envelope::cache::{Coalescing, Limits, Spawner, Stats};
use sealkit_envelope::{Plaintext, SecretKey};
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::request_id::RequestId;
use super::service::{Origin, Route};
use super::{KekStatistics, Refusal};

/// The longest value that lives in a slot of locked memory; kube-apiserver's seeds and DEKs have 32 bytes.
const SLOT: usize = 64;

/// A load that fails so short before its deadline fails by it.
const CUT_SHORT: Duration = Duration::from_millis(100);

/// So much more time is worth another load.
const WORTH_ANOTHER: Duration = Duration::from_millis(250);

/// What a blob is found by.
pub(super) type BlobId = [u8; 32];

/// A blob's value, and where it came from.
pub(super) struct Unwrap {
    value: Value,
    /// The key that answered.
    pub(super) arn: Arc<str>,
    /// The call that filled the entry: it joins the audit lines of each use to that call's, which says the rest.
    pub(super) request_id: Option<RequestId>,
    /// Where and with which context the blob opens; on a reload it is kept while a key has this route.
    pub(super) route: Arc<Route>,
}

enum Value {
    /// Locked, 64 to a page: a page for each would be 80 MiB for 20,000.
    Short(SecretKey<SLOT>, usize),
    Long(Zeroizing<Box<[u8]>>),
}

/// A load that failed, and the deadline that it had: whoever joined it with more time may try again.
#[derive(Clone)]
pub(super) struct LoadFailed {
    pub(super) refusal: Refusal,
    pub(super) deadline: Instant,
}

/// The cache; it holds the flights of misses too.
pub(super) type Unwraps = Coalescing<BlobId, Unwrap, LoadFailed>;

/// An empty cache whose loads run to their end though all who wait for them give up.
pub(super) fn new(max_entries: usize) -> Unwraps {
    let limits = Limits { max_entries, max_age: None, max_uses: None, max_bytes: None };
    let spawner: Spawner = Arc::new(|load| drop(tokio::spawn(load)));
    Coalescing::new(limits).with_spawner(spawner)
}

/// What `blob` is found by.
pub(super) fn id(blob: &[u8]) -> BlobId {
    Sha256::digest(blob).into()
}

impl LoadFailed {
    /// Whether the load failed for want of time, where one that ends at `deadline` has some left. It was another's load
    /// then. What failed early is not tried again: a hundred who wait would try a hundred times.
    pub(super) fn leaves_time(&self, deadline: Instant) -> bool {
        let was_cut_short = self.refusal.is_of_the_moment() && Instant::now() + CUT_SHORT >= self.deadline;
        was_cut_short && deadline > self.deadline + WORTH_ANOTHER
    }
}

impl Unwrap {
    pub(super) fn new(plaintext: &[u8], origin: Origin, route: Arc<Route>) -> Self {
        let value = if plaintext.len() <= SLOT {
            let mut slot = SecretKey::zeroed();
            slot.expose_secret_mut()[..plaintext.len()].copy_from_slice(plaintext);
            Value::Short(slot, plaintext.len())
        } else {
            Value::Long(Zeroizing::new(plaintext.into()))
        };
        let request_id = origin.request_id.map(RequestId::new);
        Self { value, arn: origin.arn, request_id, route }
    }

    pub(super) fn expose_secret(&self) -> &[u8] {
        match &self.value {
            Value::Short(slot, length) => &slot.expose_secret()[..*length],
            Value::Long(bytes) => bytes,
        }
    }

    /// A copy to give away.
    pub(super) fn plaintext(&self) -> Plaintext {
        Plaintext::from_slice(self.expose_secret())
    }
}

/// What the plugin keeps in memory, and how it served from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// The unwrap cache: hits, loads (KMS was asked), joined, evictions, entries.
    pub unwraps: Stats,
    /// Distinct v1 DEKs that kube-apiserver asked to decrypt in the last one to two hours. Its own cache holds 1,000: if
    /// these are more, each LIST asks again.
    pub v1_deks: usize,
    /// The local KEKs.
    pub keks: KekStatistics,
}

/// What a flush dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flushed {
    /// Unwraps of seeds and DEKs.
    pub unwraps: usize,
    /// KEKs.
    pub keks: usize,
}
