//! Both backends under one trait, for the tests and benchmarks that compare them.

use super::error::NotAuthentic;
use super::rustcrypto;
use super::stack::{DERIVATION, on_wiped_stack};

/// What a backend computes.
pub trait Backend {
    /// Its name in tables and test failures.
    const NAME: &'static str;
    /// An expanded AES-256-GCM key.
    type GcmKey: Send + Sync;
    /// A key for signatures.
    type SigningKey: Send + Sync;

    /// Expands an AES-256-GCM key.
    fn gcm_key(key: &[u8; 32]) -> Self::GcmKey;
    /// Encrypts in place.
    fn seal(key: &Self::GcmKey, nonce: &[u8; 12], aad: &[u8], buffer: &mut [u8]) -> [u8; 16];
    /// Decrypts in place; whether it was authentic.
    fn open(key: &Self::GcmKey, nonce: &[u8; 12], aad: &[u8], buffer: &mut [u8], tag: &[u8; 16]) -> bool;
    /// HKDF-SHA512, extract and expand.
    fn hkdf_sha512(salt: &[u8], ikm: &[u8], info: &[&[u8]], out: &mut [u8]);
    /// One extraction and two expansions, as a message has them.
    fn hkdf_sha512_twice(salt: &[u8], ikm: &[u8], first: (&[&[u8]], &mut [u8]), second: (&[&[u8]], &mut [u8]));
    /// SHA-384 of the concatenated parts.
    fn sha384(parts: &[&[u8]]) -> [u8; 48];
    /// Makes a key for signatures.
    fn signing_key() -> Self::SigningKey;
    /// Its public point, compressed.
    fn public_key(key: &Self::SigningKey) -> [u8; 49];
    /// A signature in DER, of any length.
    fn sign(key: &Self::SigningKey, digest: &[u8; 48]) -> Vec<u8>;
    /// Whether the point is valid and the signature matches.
    fn verify(point: &[u8; 49], digest: &[u8; 48], signature: &[u8]) -> bool;
    /// Random bytes.
    fn random(out: &mut [u8]);
}

macro_rules! backend {
    ($type:ident, $gcm_key:ident, $signing_key:ident, $module:ident, $name:literal) => {
        #[doc = concat!("The backend `", $name, "`.")]
        #[derive(Debug)]
        pub struct $type;

        #[doc = concat!("An AES-256-GCM key of `", $name, "`.")]
        pub struct $gcm_key($module::GcmKey);

        #[doc = concat!("A key for signatures of `", $name, "`.")]
        pub struct $signing_key($module::SigningKey);

        impl Backend for $type {
            const NAME: &'static str = $name;
            type GcmKey = $gcm_key;
            type SigningKey = $signing_key;

            fn gcm_key(key: &[u8; 32]) -> Self::GcmKey {
                on_wiped_stack::<DERIVATION, _>(|| $gcm_key($module::GcmKey::new(key)))
            }

            fn seal(key: &Self::GcmKey, nonce: &[u8; 12], aad: &[u8], buffer: &mut [u8]) -> [u8; 16] {
                key.0.seal(nonce, aad, buffer)
            }

            fn open(key: &Self::GcmKey, nonce: &[u8; 12], aad: &[u8], buffer: &mut [u8], tag: &[u8; 16]) -> bool {
                key.0.open(nonce, aad, buffer, tag) != Err(NotAuthentic)
            }

            fn hkdf_sha512(salt: &[u8], ikm: &[u8], info: &[&[u8]], out: &mut [u8]) {
                let prk = on_wiped_stack::<DERIVATION, _>(|| $module::Prk::extract(salt, ikm));
                on_wiped_stack::<DERIVATION, _>(|| prk.expand(info, out));
            }

            fn hkdf_sha512_twice(salt: &[u8], ikm: &[u8], first: (&[&[u8]], &mut [u8]), second: (&[&[u8]], &mut [u8])) {
                let prk = on_wiped_stack::<DERIVATION, _>(|| $module::Prk::extract(salt, ikm));
                on_wiped_stack::<DERIVATION, _>(|| prk.expand(first.0, first.1));
                on_wiped_stack::<DERIVATION, _>(|| prk.expand(second.0, second.1));
            }

            fn sha384(parts: &[&[u8]]) -> [u8; 48] {
                let mut hash = $module::Sha384::new();
                for part in parts {
                    hash.update(part);
                }
                hash.finish()
            }

            fn signing_key() -> Self::SigningKey {
                $signing_key($module::SigningKey::generate().expect("a random number generator"))
            }

            fn public_key(key: &Self::SigningKey) -> [u8; 49] {
                key.0.public_key()
            }

            fn sign(key: &Self::SigningKey, digest: &[u8; 48]) -> Vec<u8> {
                key.0.sign(digest).expect("a random number generator")
            }

            fn verify(point: &[u8; 49], digest: &[u8; 48], signature: &[u8]) -> bool {
                $module::VerifyingKey::from_compressed(point).is_ok_and(|key| key.verify(digest, signature).is_ok())
            }

            fn random(out: &mut [u8]) {
                $module::random(out).expect("a random number generator");
            }
        }
    };
}

backend!(RustCrypto, RustCryptoGcmKey, RustCryptoSigningKey, rustcrypto, "RustCrypto");

#[cfg(any(feature = "aws-lc", feature = "fips"))]
use super::aws_lc;
#[cfg(any(feature = "aws-lc", feature = "fips"))]
backend!(AwsLc, AwsLcGcmKey, AwsLcSigningKey, aws_lc, "AWS-LC");
