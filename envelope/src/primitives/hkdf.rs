//! HKDF with HMAC-SHA512 (RFC 5869).

use super::backend;
use super::stack::{DERIVATION, on_wiped_stack};

/// A pseudorandom key, from which any number of keys are expanded; zeroed on drop.
pub(crate) struct Prk(backend::Prk);

/// HKDF-Extract: concentrates `ikm`, the input keying material, into a [`Prk`].
pub(crate) fn hkdf_sha512_extract(salt: &[u8], ikm: &[u8]) -> Prk {
    on_wiped_stack::<DERIVATION, _>(|| Prk(backend::Prk::extract(salt, ikm)))
}

impl Prk {
    /// HKDF-Expand into `out`, under the concatenation of `info`.
    ///
    /// # Panics
    ///
    /// Above 255 x 64 bytes of `out`, the limit of HKDF; keys are shorter.
    pub(crate) fn expand(&self, info: &[&[u8]], out: &mut [u8]) {
        on_wiped_stack::<DERIVATION, _>(|| self.0.expand(info, out));
    }
}
