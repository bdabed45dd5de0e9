//! The default backend: RustCrypto.

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit};
use getrandom::SysRng;
use hkdf::Hkdf;
use p384::ecdsa::signature::hazmat::{PrehashVerifier, RandomizedPrehashSigner};
use p384::ecdsa::{self, DerSignature};
use p384::elliptic_curve::Generate;
use sha2::{Digest, Sha512};
use zeroize::Zeroize;

use super::error::{InvalidKey, NotAuthentic, RandomUnavailable};
use super::stack::on_wiped_stack;
use crate::secret::Locked;

pub(super) fn random(out: &mut [u8]) -> Result<(), RandomUnavailable> {
    getrandom::fill(out).map_err(|_| RandomUnavailable)
}

/// What encrypting leaves on the stack, in bytes, doubled: with AVX-512 the round keys are laid out anew, fourfold, nearly
/// 8 KiB deep. Wiping it costs one percent of a frame of 64 KiB.
const CIPHER: usize = 16 << 10;

pub(super) struct GcmKey(Locked<Aes256Gcm>);

impl GcmKey {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        Self(Locked::new(|| Aes256Gcm::new(key.into())))
    }

    #[inline]
    pub(super) fn seal(&self, nonce: &[u8; 12], aad: &[u8], buffer: &mut [u8]) -> [u8; 16] {
        on_wiped_stack::<CIPHER, _>(|| self.0.encrypt_inout_detached(nonce.into(), aad, buffer.into()))
            .expect("a frame is shorter than GCM's limit")
            .into()
    }

    #[inline]
    pub(super) fn open(
        &self,
        nonce: &[u8; 12],
        aad: &[u8],
        buffer: &mut [u8],
        tag: &[u8; 16],
    ) -> Result<(), NotAuthentic> {
        on_wiped_stack::<CIPHER, _>(|| self.0.decrypt_inout_detached(nonce.into(), aad, buffer.into(), tag.into()))
            .map_err(|_| NotAuthentic)
    }
}

/// The HMAC state that the pseudorandom key leads to, not the key itself. The states zero themselves on drop.
pub(super) struct Prk(Locked<Hkdf<Sha512>>);

impl Prk {
    pub(super) fn extract(salt: &[u8], ikm: &[u8]) -> Self {
        Self(Locked::new(|| {
            let (mut prk, hkdf) = Hkdf::extract(Some(salt), ikm);
            prk.as_mut_slice().zeroize();
            hkdf
        }))
    }

    pub(super) fn expand(&self, info: &[&[u8]], out: &mut [u8]) {
        self.0.expand_multi_info(info, out).expect("keys are shorter than HKDF's limit");
    }
}

pub(super) struct Sha384(sha2::Sha384);

impl Sha384 {
    pub(super) fn new() -> Self {
        Self(sha2::Sha384::new())
    }

    pub(super) fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    pub(super) fn finish(self) -> [u8; 48] {
        self.0.finalize().into()
    }
}

pub(super) struct SigningKey(Locked<ecdsa::SigningKey>);

impl SigningKey {
    pub(super) fn generate() -> Result<Self, RandomUnavailable> {
        let key = ecdsa::SigningKey::try_generate_from_rng(&mut SysRng).map_err(|_| RandomUnavailable)?;
        Ok(Self(Locked::new(|| key)))
    }

    pub(super) fn public_key(&self) -> [u8; 49] {
        let point = self.0.verifying_key().to_sec1_point(true);
        point.as_bytes().try_into().expect("a compressed point of P-384 has 49 bytes")
    }

    /// The nonce is derived from key, digest and random bytes (RFC 6979 with extra input), so that a second call makes
    /// another signature, and a weak generator gives no key away.
    pub(super) fn sign(&self, digest: &[u8; 48]) -> Result<Vec<u8>, RandomUnavailable> {
        let signature: DerSignature =
            self.0.sign_prehash_with_rng(&mut SysRng, digest).map_err(|_| RandomUnavailable)?;
        Ok(signature.as_bytes().to_vec())
    }
}

pub(super) struct VerifyingKey(ecdsa::VerifyingKey);

impl VerifyingKey {
    pub(super) fn from_compressed(point: &[u8; 49]) -> Result<Self, InvalidKey> {
        ecdsa::VerifyingKey::from_sec1_bytes(point).map(Self).map_err(|_| InvalidKey)
    }

    pub(super) fn verify(&self, digest: &[u8; 48], signature: &[u8]) -> Result<(), NotAuthentic> {
        let signature = DerSignature::from_bytes(signature).map_err(|_| NotAuthentic)?;
        self.0.verify_prehash(digest, &signature).map_err(|_| NotAuthentic)
    }
}
