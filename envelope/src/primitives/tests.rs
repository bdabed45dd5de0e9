//! What both backends promise.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::thread;

use super::*;
use crate::secret::SecretKey;
use crate::secret::tests::memory_at;

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

/// The stack that the calls before this one used, as it is now.
#[inline(never)]
fn stack_below() -> Vec<u8> {
    const DEPTH: usize = 64 << 10;
    let here = std::hint::black_box(0_u8);
    memory_at((&raw const here).addr() - DEPTH, DEPTH)
}

/// How often 16 bytes of `key` lie in `memory`, wherever they begin.
fn traces(memory: &[u8], key: &SecretKey<32>) -> usize {
    let key = key.expose_secret();
    memory.windows(16).filter(|window| *window == &key[..16] || *window == &key[16..]).count()
}

fn on_the_stack(data_key: &SecretKey<32>, derived: &SecretKey<32>) -> (usize, usize) {
    let stack = stack_below();
    (traces(&stack, data_key), traces(&stack, derived))
}

/// On a stack of its own: what other tests leave is not ours.
fn on_a_fresh_stack<T: Send>(test: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| scope.spawn(test).join().unwrap())
}

#[test]
fn no_key_stays_on_the_stack() {
    on_a_fresh_stack(|| {
        let mut data_key = SecretKey::<32>::zeroed();
        random(data_key.expose_secret_mut()).unwrap();
        let mut derived = SecretKey::zeroed();
        let prk = hkdf_sha512_extract(b"message id", data_key.expose_secret());
        prk.expand(&[b"DERIVEKEY"], derived.expose_secret_mut());
        let key = FrameKey::new(&derived);
        let mut buffer = [0; 4096];
        let tag = key.seal_in_place(&[0; NONCE_LEN], b"", &mut buffer);
        assert_eq!(on_the_stack(&data_key, &derived), (0, 0), "after sealing");
        key.open_in_place(&[0; NONCE_LEN], b"", &mut buffer, &tag).unwrap();
        assert_eq!(on_the_stack(&data_key, &derived), (0, 0), "after opening");
    });
}

#[test]
fn a_key_would_stay_on_the_stack_if_it_were_not_wiped() {
    on_a_fresh_stack(|| {
        let mut data_key = SecretKey::<32>::zeroed();
        random(data_key.expose_secret_mut()).unwrap();
        let mut derived = SecretKey::zeroed();
        let prk = rustcrypto::Prk::extract(b"message id", data_key.expose_secret());
        prk.expand(&[b"DERIVEKEY"], derived.expose_secret_mut());
        assert_ne!(on_the_stack(&data_key, &derived).1, 0, "the positive control of no_key_stays_on_the_stack");
    });
}
