//! ECDSA on P-384 over a SHA-384 digest (FIPS 186-5), signatures in DER.

use std::sync::Arc;

use super::backend;
use super::error::{InvalidKey, NotAuthentic, RandomUnavailable, SignError};
use super::sha384::SHA384_LEN;
use super::stack::{SIGNATURE, on_wiped_stack};

/// Bytes of a public key: the sign of y, then x.
pub(crate) const COMPRESSED_POINT_LEN: usize = 49;

/// Bytes of every signature that we write.
///
/// A DER signature on P-384 has 104 bytes at most, 103 if exactly one of its two numbers has its highest bit set, and
/// fewer if a number begins with zeros. The official SDKs compute a message's length before they write it, and so sign
/// again until there are 103; whoever reads a message accepts any length.
pub(crate) const SIGNATURE_LEN: usize = 103;

/// One signature in two is 103 bytes long, so that many tries fail together once in 2¹²⁸, that is, never.
const MOST_TRIES: u32 = 128;

/// A private key, made for one message, or for all messages of a cached data key, hence cheap to clone. The scalar is
/// zeroed when the last clone is dropped.
#[derive(Clone)]
pub(crate) struct SigningKey(Arc<backend::SigningKey>);

impl SigningKey {
    /// Makes a new key.
    ///
    /// # Errors
    ///
    /// [`RandomUnavailable`] where the system gives no random bytes.
    pub(crate) fn generate() -> Result<Self, RandomUnavailable> {
        on_wiped_stack::<SIGNATURE, _>(|| backend::SigningKey::generate().map(|key| Self(Arc::new(key))))
    }

    /// The public key, compressed, which travels in the encryption context.
    pub(crate) fn public_key(&self) -> [u8; COMPRESSED_POINT_LEN] {
        self.0.public_key()
    }

    /// Signs the digest of a message, [`SIGNATURE_LEN`] bytes long.
    ///
    /// # Errors
    ///
    /// [`SignError`] where the system gives no random bytes, or always the same.
    pub(crate) fn sign_prehash(&self, digest: &[u8; SHA384_LEN]) -> Result<[u8; SIGNATURE_LEN], SignError> {
        for _ in 0..MOST_TRIES {
            let signature = on_wiped_stack::<SIGNATURE, _>(|| self.0.sign(digest))?;
            if let Ok(signature) = signature.try_into() {
                return Ok(signature);
            }
        }
        Err(SignError::RandomRepeats)
    }
}

/// A public key, which verifies signatures.
pub(crate) struct VerifyingKey(backend::VerifyingKey);

impl VerifyingKey {
    /// Reads a compressed point.
    ///
    /// # Errors
    ///
    /// [`InvalidKey`] if it is another encoding, or x belongs to no point of the curve.
    pub(crate) fn from_compressed(point: &[u8]) -> Result<Self, InvalidKey> {
        // The backends would take an uncompressed point too, the specification does not.
        let point: &[u8; COMPRESSED_POINT_LEN] = point.try_into().map_err(|_| InvalidKey)?;
        backend::VerifyingKey::from_compressed(point).map(Self)
    }

    /// Verifies a signature in DER, of any length, whether s is low or high.
    ///
    /// # Errors
    ///
    /// [`NotAuthentic`] if it is malformed or does not match.
    pub(crate) fn verify_prehash(&self, digest: &[u8; SHA384_LEN], signature: &[u8]) -> Result<(), NotAuthentic> {
        self.0.verify(digest, signature)
    }
}
