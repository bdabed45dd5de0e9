//! AES-256-GCM for what has a format of its own: short values wrapped under a key that the caller keeps.
//!
//! What can be in the message format should be: it commits to its key, and any AWS Encryption SDK reads it. This is
//! for bytes that others have laid down, such as a KMS plugin's.
//!
//! ```
//! use sealkit_envelope::{DataKey, aead};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let key = DataKey::from_slice(&[7; 32]).ok_or("not 32 bytes")?;
//! let mut buffer = *b"attack at dawn";
//! let (nonce, tag) = aead::seal_in_place(&key, b"header", &mut buffer)?;
//! aead::open_in_place(&key, &nonce, b"header", &mut buffer, &tag)?;
//! assert_eq!(&buffer, b"attack at dawn");
//! # Ok(())
//! # }
//! ```
//!
//! The key is expanded for each call: that takes less than a microsecond, and its schedule, which not every backend
//! keeps in locked memory, lives no longer than the call.

use thiserror::Error;

use crate::primitives::{self, FrameKey};
use crate::secret::SecretKey;

/// Bytes of a nonce.
pub const NONCE_LEN: usize = primitives::NONCE_LEN;

/// Bytes of a tag.
pub const TAG_LEN: usize = primitives::TAG_LEN;

/// Key, nonce, associated data, ciphertext or tag differ. Deliberately says no more.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("not authentic")]
pub struct NotAuthentic;

/// The system gives no random bytes: a sandbox that forbids `getrandom`, very early boot.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the system's random number generator is not available")]
pub struct RandomUnavailable;

/// Encrypts `buffer` in place under a fresh random nonce, and returns nonce and tag.
///
/// Random nonces are safe for 2³² calls under one key (NIST SP 800-38D, section 8.3), which the caller counts.
///
/// # Errors
///
/// [`RandomUnavailable`]; `buffer` is then untouched.
///
/// # Panics
///
/// Above 2³⁶ - 32 bytes, GCM's own limit.
pub fn seal_in_place(
    key: &SecretKey<32>,
    aad: &[u8],
    buffer: &mut [u8],
) -> Result<([u8; NONCE_LEN], [u8; TAG_LEN]), RandomUnavailable> {
    let mut nonce = [0; NONCE_LEN];
    primitives::random(&mut nonce).map_err(|_| RandomUnavailable)?;
    let tag = FrameKey::new(key).seal_in_place(&nonce, aad, buffer);
    Ok((nonce, tag))
}

/// Verifies `tag`, then leaves the plaintext in `buffer`.
///
/// # Errors
///
/// [`NotAuthentic`]; `buffer` is then zeroed.
pub fn open_in_place(
    key: &SecretKey<32>,
    nonce: &[u8; NONCE_LEN],
    aad: &[u8],
    buffer: &mut [u8],
    tag: &[u8; TAG_LEN],
) -> Result<(), NotAuthentic> {
    FrameKey::new(key).open_in_place(nonce, aad, buffer, tag).map_err(|_| NotAuthentic)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> SecretKey<32> {
        SecretKey::from_slice(&[byte; 32]).expect("32 bytes")
    }

    #[test]
    fn nothing_opens_but_what_was_sealed() {
        let mut sealed = *b"attack at dawn";
        let (nonce, tag) = seal_in_place(&key(7), b"aad", &mut sealed).expect("a generator");
        let open = |key: &SecretKey<32>, aad: &[u8], tag: &[u8; TAG_LEN]| {
            let mut buffer = sealed;
            let opened = open_in_place(key, &nonce, aad, &mut buffer, tag);
            (opened, buffer)
        };
        assert_eq!(open(&key(7), b"aad", &tag), (Ok(()), *b"attack at dawn"));
        assert_eq!(open(&key(8), b"aad", &tag), (Err(NotAuthentic), [0; 14]));
        assert_eq!(open(&key(7), b"AAD", &tag), (Err(NotAuthentic), [0; 14]));
        assert_eq!(open(&key(7), b"aad", &[0; TAG_LEN]), (Err(NotAuthentic), [0; 14]));
    }

    #[test]
    fn a_nonce_is_never_the_same() {
        let nonce = |_| seal_in_place(&key(7), b"", &mut []).expect("a generator").0;
        let nonces: std::collections::HashSet<_> = (0..1000).map(nonce).collect();
        assert_eq!(nonces.len(), 1000);
    }
}
