//! The backend of the AWS builds: AWS-LC, through aws-lc-rs.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::encoding::{AsBigEndian, EcPublicKeyCompressedBin};
use aws_lc_rs::hkdf::{self, HKDF_SHA512, KeyType, Salt};
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair, ParsedPublicKey,
};

use super::error::{InvalidKey, NotAuthentic, RandomUnavailable};

/// From the system, unless this is the FIPS module, whose own generator is part of what is validated. That of AWS-LC
/// first measures the processor's jitter, for 30 ms in every process: several times what a small file takes.
pub(super) fn random(out: &mut [u8]) -> Result<(), RandomUnavailable> {
    if cfg!(feature = "fips") {
        aws_lc_rs::rand::fill(out).map_err(|_| RandomUnavailable)
    } else {
        getrandom::fill(out).map_err(|_| RandomUnavailable)
    }
}

/// AWS-LC keeps the key schedule in its own allocation, which it cleanses before it frees it.
pub(super) struct GcmKey(LessSafeKey);

impl GcmKey {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        Self(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("an AES-256 key has 32 bytes")))
    }

    #[inline]
    pub(super) fn seal(&self, nonce: &[u8; 12], aad: &[u8], buffer: &mut [u8]) -> [u8; 16] {
        self.0
            .seal_in_place_separate_tag(Nonce::from(nonce), Aad::from(aad), buffer)
            .expect("a frame is shorter than GCM's limit")
            .as_ref()
            .try_into()
            .expect("a tag of AES-GCM has 16 bytes")
    }

    #[inline]
    pub(super) fn open(
        &self,
        nonce: &[u8; 12],
        aad: &[u8],
        buffer: &mut [u8],
        tag: &[u8; 16],
    ) -> Result<(), NotAuthentic> {
        self.0
            .open_in_place_separate_tag(Nonce::from(nonce), Aad::from(aad), tag, buffer)
            .map(|_| ())
            .map_err(|_| NotAuthentic)
    }
}

/// Salt and input keying material: aws-lc-rs extracts anew for each expansion, which is the one sequence that the FIPS
/// module's service indicator approves, and costs one microsecond a message. Zeroed on drop.
pub(super) struct Prk(hkdf::Prk);

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

impl Prk {
    pub(super) fn extract(salt: &[u8], ikm: &[u8]) -> Self {
        Self(Salt::new(HKDF_SHA512, salt).extract(ikm))
    }

    pub(super) fn expand(&self, info: &[&[u8]], out: &mut [u8]) {
        self.0
            .expand(info, Length(out.len()))
            .and_then(|okm| okm.fill(out))
            .expect("keys are shorter than HKDF's limit");
    }
}

pub(super) struct Sha384(digest::Context);

impl Sha384 {
    pub(super) fn new() -> Self {
        Self(digest::Context::new(&digest::SHA384))
    }

    pub(super) fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    pub(super) fn finish(self) -> [u8; 48] {
        self.0.finish().as_ref().try_into().expect("SHA-384 gives 48 bytes")
    }
}

/// Our digest in the type that signs and verifies it.
fn import(digest: &[u8; 48]) -> Digest {
    Digest::import_less_safe(digest, &digest::SHA384).expect("SHA-384 gives 48 bytes")
}

/// AWS-LC keeps the scalar in its own allocation, which it cleanses before it frees it.
pub(super) struct SigningKey(EcdsaKeyPair);

impl SigningKey {
    pub(super) fn generate() -> Result<Self, RandomUnavailable> {
        EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING).map(Self).map_err(|_| RandomUnavailable)
    }

    pub(super) fn public_key(&self) -> [u8; 49] {
        let point: EcPublicKeyCompressedBin<'_> =
            self.0.public_key().as_be_bytes().expect("a valid key has an encoding");
        point.as_ref().try_into().expect("a compressed point of P-384 has 49 bytes")
    }

    pub(super) fn sign(&self, digest: &[u8; 48]) -> Result<Vec<u8>, RandomUnavailable> {
        let signature = self.0.sign_digest(&import(digest)).map_err(|_| RandomUnavailable)?;
        Ok(signature.as_ref().to_vec())
    }
}

pub(super) struct VerifyingKey(ParsedPublicKey);

impl VerifyingKey {
    pub(super) fn from_compressed(point: &[u8; 49]) -> Result<Self, InvalidKey> {
        ParsedPublicKey::new(&ECDSA_P384_SHA384_ASN1, point).map(Self).map_err(|_| InvalidKey)
    }

    pub(super) fn verify(&self, digest: &[u8; 48], signature: &[u8]) -> Result<(), NotAuthentic> {
        self.0.verify_digest_sig(&import(digest), signature).map_err(|_| NotAuthentic)
    }
}
