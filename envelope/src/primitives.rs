//! The one seam to cryptography: AES-256-GCM, HKDF-SHA512, SHA-384, ECDSA on P-384, random bytes.
//!
//! Two backends stand behind it, chosen when the crate is built; what is written and accepted is the same.
//!
//! | feature | backend | |
//! |---|---|---|
//! | none | RustCrypto | pure Rust, portable, needs no C compiler; AES-NI, VAES and ARMv8 instructions found at run time |
//! | `aws-lc` | AWS-LC | about twice as fast; the AWS SDK's TLS links it anyway |
//! | `fips` | AWS-LC's FIPS module | as above; docs/fips.md says what that does and does not mean |
//!
//! Nothing outside this module names a cipher, a hash or a backend.

#[cfg(any(feature = "aws-lc", feature = "fips"))]
mod aws_lc;
#[cfg(any(test, feature = "bench"))]
pub mod backends;
mod error;
mod gcm;
mod hkdf;
#[cfg(any(test, feature = "bench", not(any(feature = "aws-lc", feature = "fips"))))]
mod rustcrypto;
mod sha384;
mod signature;
mod stack;

#[cfg(any(feature = "aws-lc", feature = "fips"))]
use self::aws_lc as backend;
#[cfg(not(any(feature = "aws-lc", feature = "fips")))]
use self::rustcrypto as backend;

pub(crate) use self::error::{NotAuthentic, RandomUnavailable, SignError};
pub(crate) use self::gcm::{FrameKey, NONCE_LEN, TAG_LEN};
pub(crate) use self::hkdf::hkdf_sha512_extract;
pub(crate) use self::sha384::{SHA384_LEN, Sha384};
pub(crate) use self::signature::{SigningKey, VerifyingKey};

/// Fills `out` with bytes of the system's random number generator.
///
/// # Errors
///
/// [`RandomUnavailable`] where the system gives none: a sandbox that forbids `getrandom`, very early boot.
pub(crate) fn random(out: &mut [u8]) -> Result<(), RandomUnavailable> {
    backend::random(out)
}

/// Compares in a time that depends on the lengths alone.
pub(crate) fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    subtle::ConstantTimeEq::ct_eq(a, b).into()
}

#[cfg(all(test, any(feature = "aws-lc", feature = "fips")))]
mod differential;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;
