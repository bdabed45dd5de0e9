//! What both backends promise.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::secret::SecretKey;

#[test]
fn a_frame_opens_with_its_own_nonce_and_associated_data_only() {
    let key = FrameKey::new(&SecretKey::from_slice(&[7; 32]).unwrap());
    let mut buffer = *b"attack at dawn";
    let tag = key.seal_in_place(&[1; NONCE_LEN], b"aad", &mut buffer);
    let mut opened = buffer;
    key.open_in_place(&[1; NONCE_LEN], b"aad", &mut opened, &tag).unwrap();
    assert_eq!(&opened, b"attack at dawn");
    let mut wiped = buffer;
    assert_eq!(key.open_in_place(&[1; NONCE_LEN], b"AAD", &mut wiped, &tag), Err(NotAuthentic));
    assert_eq!(wiped, [0; 14]);
    assert_eq!(key.open_in_place_with_tag(&[1; NONCE_LEN], b"", &mut [0; TAG_LEN - 1]), Err(NotAuthentic));
}

#[test]
fn a_signature_has_103_bytes_and_verifies() {
    let key = SigningKey::generate().unwrap();
    let mut hash = Sha384::new();
    hash.update(b"header");
    hash.update(b"body");
    let digest = hash.finish();
    let signature = key.sign_prehash(&digest).unwrap();
    let public = VerifyingKey::from_compressed(&key.public_key()).unwrap();
    public.verify_prehash(&digest, &signature).unwrap();
    assert_eq!(public.verify_prehash(&[0; SHA384_LEN], &signature), Err(NotAuthentic));
}
