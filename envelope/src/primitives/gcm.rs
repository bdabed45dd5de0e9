//! AES-256-GCM with 96-bit nonces and 128-bit tags (NIST SP 800-38D).

use zeroize::Zeroize;

use super::backend;
use super::error::NotAuthentic;
use super::stack::{DERIVATION, on_wiped_stack};
use crate::secret::SecretKey;

/// Bytes of a nonce.
pub(crate) const NONCE_LEN: usize = 12;
/// Bytes of a tag.
pub(crate) const TAG_LEN: usize = 16;

/// An expanded AES-256-GCM key: makes frames and header tags under a derived key, and wraps data keys under a raw AES
/// key. Shared by threads; its key schedule is zeroed on drop.
pub(crate) struct FrameKey(backend::GcmKey);

impl FrameKey {
    /// Expands `key`.
    pub(crate) fn new(key: &SecretKey<32>) -> Self {
        on_wiped_stack::<DERIVATION, _>(|| Self(backend::GcmKey::new(key.expose_secret())))
    }

    /// Encrypts `buffer` in place and returns the tag.
    ///
    /// The caller never uses a nonce twice under one key.
    ///
    /// # Panics
    ///
    /// Above 2³⁶ - 32 bytes, GCM's own limit; a frame is at most 2³² - 1.
    pub(crate) fn seal_in_place(&self, nonce: &[u8; NONCE_LEN], aad: &[u8], buffer: &mut [u8]) -> [u8; TAG_LEN] {
        self.0.seal(nonce, aad, buffer)
    }

    /// Verifies `tag`, then leaves the plaintext in `buffer`.
    ///
    /// # Errors
    ///
    /// [`NotAuthentic`] if key, nonce, associated data, ciphertext or tag differ; `buffer` is then zeroed.
    pub(crate) fn open_in_place(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        buffer: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), NotAuthentic> {
        let opened = self.0.open(nonce, aad, buffer, tag);
        if opened.is_err() {
            // One backend decrypts while it authenticates: what it left is plaintext that nobody vouches for.
            buffer.zeroize();
        }
        opened
    }

    /// As [`open_in_place`](Self::open_in_place) on a ciphertext followed by its tag, as they lie in a message.
    /// Returns the plaintext, the part of the buffer without the tag.
    ///
    /// # Errors
    ///
    /// [`NotAuthentic`] also if the buffer is shorter than a tag.
    pub(crate) fn open_in_place_with_tag<'a>(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        ciphertext_and_tag: &'a mut [u8],
    ) -> Result<&'a mut [u8], NotAuthentic> {
        let (ciphertext, tag) = ciphertext_and_tag.split_last_chunk_mut().ok_or(NotAuthentic)?;
        self.open_in_place(nonce, aad, ciphertext, tag)?;
        Ok(ciphertext)
    }
}
