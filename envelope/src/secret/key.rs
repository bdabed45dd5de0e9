//! Keys of a fixed length in locked memory.

use super::slab::{Slab, Slot};

const SLOT: usize = 64;

static KEYS: Slab<SLOT> = Slab::new();

/// The 256-bit key under which a message is encrypted, wrapped once for each encrypted data key.
pub type DataKey = SecretKey<32>;

/// A key of `N` bytes (at most 64) in memory that is locked where the process may lock it, stays out of core dumps,
/// and is zeroed on drop.
///
/// It has no `Debug`, `Clone` or comparison: [`duplicate`](Self::duplicate) copies it where that is meant.
///
/// ```
/// use sealkit_envelope::secret::DataKey;
///
/// let mut key = DataKey::zeroed();
/// key.expose_secret_mut().fill(7);
/// assert_eq!(key.duplicate().expose_secret(), &[7; 32]);
/// ```
pub struct SecretKey<const N: usize> {
    slot: Slot<SLOT>,
}

impl<const N: usize> SecretKey<N> {
    /// Makes a key of zeros, to be filled in place by [`expose_secret_mut`](Self::expose_secret_mut).
    #[must_use]
    pub fn zeroed() -> Self {
        const { assert!(N <= SLOT, "a key fits into one slot") };
        Self { slot: KEYS.take() }
    }

    /// Copies a key from `bytes`, which the caller wipes; `None` if they are not `N`.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; N] = bytes.try_into().ok()?;
        let mut key = Self::zeroed();
        *key.expose_secret_mut() = *bytes;
        Some(key)
    }

    /// The key's bytes.
    #[must_use]
    pub fn expose_secret(&self) -> &[u8; N] {
        self.slot.bytes().first_chunk().expect("a key fits into one slot")
    }

    /// The key's bytes, to be written in place.
    #[must_use]
    pub fn expose_secret_mut(&mut self) -> &mut [u8; N] {
        self.slot.bytes_mut().first_chunk_mut().expect("a key fits into one slot")
    }

    /// Makes a second copy, as a cache needs it to give a key out and keep it.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        let mut copy = Self::zeroed();
        *copy.expose_secret_mut() = *self.expose_secret();
        copy
    }
}
