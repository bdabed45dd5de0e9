//! The forms against the committed vectors, and against everything that is not one.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use proptest::collection::vec;
use proptest::prelude::*;
use sealkit_envelope::{SecretKey, aead};
use serde::Deserialize;

use super::*;

/// A vector: `kms-plugin/tests/vectors/README.md`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    name: String,
    api: String,
    kek: String,
    wrapped_kek: String,
    kek_id: String,
    nonce: String,
    plaintext: String,
    ciphertext: String,
}

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

#[test]
fn vectors_are_read_and_written_byte_for_byte() {
    let vectors: Vec<Vector> = serde_json::from_str(include_str!("../../../../tests/vectors/local_kek.json")).unwrap();
    assert_eq!(vectors.len(), 6);
    for vector in vectors {
        let (wrapped, whole) = (bytes(&vector.wrapped_kek), bytes(&vector.ciphertext));
        let is_v1 = vector.api == "v1";
        let sealed = if is_v1 { parse_v1(&whole) } else { parse_v2(&whole, Some(&wrapped)) }.unwrap();
        assert_eq!(sealed.kek_id.to_string(), vector.kek_id, "{}", vector.name);
        assert_eq!(sealed.wrapped_kek, wrapped, "{}", vector.name);
        assert_eq!(sealed.nonce[..], bytes(&vector.nonce), "{}", vector.name);

        let kek = SecretKey::from_slice(&bytes(&vector.kek)).unwrap();
        let mut opened = sealed.ciphertext.to_vec();
        aead::open_in_place(&kek, sealed.nonce, &sealed.aad(), &mut opened, sealed.tag).unwrap();
        assert_eq!(opened, bytes(&vector.plaintext), "{}", vector.name);

        let head = if is_v1 { v1_head(&wrapped).unwrap() } else { v2_head(sealed.kek_id).to_vec() };
        assert_eq!(serialize(&head, sealed.nonce, sealed.ciphertext, sealed.tag), whole, "{}", vector.name);
        let aad = if is_v1 { head } else { [&head[..], &wrapped].concat() };
        assert_eq!(sealed.aad(), aad, "{}", vector.name);
    }
}

fn v1(wrapped: &[u8], ciphertext: &[u8]) -> Vec<u8> {
    serialize(&v1_head(wrapped).unwrap(), &[1; NONCE_LEN], ciphertext, &[2; TAG_LEN])
}

fn v2(wrapped: &[u8], ciphertext: &[u8]) -> Vec<u8> {
    serialize(&v2_head(KekId::of(wrapped)), &[1; NONCE_LEN], ciphertext, &[2; TAG_LEN])
}

#[test]
fn each_fault_has_its_own_error() {
    use FormError::*;
    let whole = v1(b"wrapped", b"x");
    assert_eq!(parse_v1(b"1\x01blob"), Err(Magic));
    assert_eq!(parse_v1(b"SLK"), Err(Magic));
    assert_eq!(parse_v1(b"SLKK"), Err(CutOff { length: 4, field: "form" }));
    assert_eq!(parse_v1(&v2(b"wrapped", b"x")), Err(Form { found: 2, expected: 1 }));
    assert_eq!(parse_v1(b"SLKK\x03"), Err(Form { found: 3, expected: 1 }));
    assert_eq!(parse_v1(b"SLKK\x01\x00"), Err(CutOff { length: 6, field: "wrapped KEK's length" }));
    assert_eq!(parse_v1(b"SLKK\x01\x00\x00"), Err(WrappedKekLength { length: 0 }));
    assert_eq!(parse_v1(b"SLKK\x01\x18\x01"), Err(WrappedKekLength { length: 6145 }));
    assert_eq!(parse_v1(&whole[..10]), Err(CutOff { length: 10, field: "wrapped KEK" }));
    assert_eq!(parse_v1(&whole[..20]), Err(CutOff { length: 20, field: "nonce" }));
    assert_eq!(parse_v1(&whole[..26]), Err(CutOff { length: 26, field: "ciphertext" }));
    assert_eq!(parse_v1(&whole[..42]), Err(CutOff { length: 42, field: "tag" }));
    assert!(parse_v1(&whole).is_ok());
    let long = v1(&[7; MAX_WRAPPED_KEK_LEN], &vec![0; MAX_V1_LEN]);
    assert_eq!(parse_v1(&long[..MAX_V1_LEN]).unwrap().wrapped_kek, [7; MAX_WRAPPED_KEK_LEN]);
    assert_eq!(parse_v1(&long[..=MAX_V1_LEN]), Err(TooLong { length: MAX_V1_LEN + 1, max: MAX_V1_LEN }));

    let whole = v2(b"wrapped", b"x");
    assert_eq!(parse_v2(&whole, None), Err(NoWrappedKek));
    assert_eq!(parse_v2(&whole, Some(b"")), Err(WrappedKekLength { length: 0 }));
    assert_eq!(parse_v2(&whole, Some(&[0; 6145])), Err(WrappedKekLength { length: 6145 }));
    let (stated, found) = (KekId::of(b"wrapped"), KekId::of(b"other"));
    assert_eq!(parse_v2(&whole, Some(b"other")), Err(OtherKek { stated, found }));
    assert_eq!(parse_v2(&v1(b"wrapped", b"x"), Some(b"wrapped")), Err(Form { found: 1, expected: 2 }));
    assert_eq!(parse_v2(&whole[..20], Some(b"wrapped")), Err(CutOff { length: 20, field: "kek_id" }));
    assert_eq!(parse_v2(&whole[..32], Some(b"wrapped")), Err(CutOff { length: 32, field: "nonce" }));
    let longest = v2(b"wrapped", &[0; MAX_V2_PLAINTEXT_LEN]);
    assert_eq!(longest.len(), MAX_V2_LEN);
    assert!(parse_v2(&longest, Some(b"wrapped")).is_ok());
    let long = v2(b"wrapped", &[0; MAX_V2_PLAINTEXT_LEN + 1]);
    assert_eq!(parse_v2(&long, Some(b"wrapped")), Err(TooLong { length: MAX_V2_LEN + 1, max: MAX_V2_LEN }));
}

#[test]
fn no_head_is_made_of_a_wrapped_kek_that_could_not_be_read() {
    assert_eq!(v1_head(b""), None);
    assert_eq!(v1_head(&[0; MAX_WRAPPED_KEK_LEN + 1]), None);
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        wrapped in vec(any::<u8>(), 1..400), ciphertext in vec(any::<u8>(), 1..900), nonce: [u8; 12], tag: [u8; 16],
    ) {
        let head = v1_head(&wrapped).unwrap();
        let whole = serialize(&head, &nonce, &ciphertext, &tag);
        let first = parse_v1(&whole).unwrap();
        let head = v2_head(KekId::of(&wrapped));
        let whole = serialize(&head, &nonce, &ciphertext, &tag);
        let second = parse_v2(&whole, Some(&wrapped)).unwrap();
        for sealed in [first, second] {
            prop_assert_eq!(sealed.kek_id, KekId::of(&wrapped));
            prop_assert_eq!(sealed.wrapped_kek, &wrapped[..]);
            prop_assert_eq!((sealed.nonce, sealed.ciphertext, sealed.tag), (&nonce, &ciphertext[..], &tag));
        }
        prop_assert_ne!(first.aad(), second.aad());
    }

    #[test]
    fn any_bytes_are_read_or_refused(mut bytes in vec(any::<u8>(), 0..200), form in 0_u8..4, annotation in vec(any::<u8>(), 0..40)) {
        let _ = (parse_v1(&bytes), parse_v2(&bytes, Some(&annotation)));
        bytes.splice(..0, [&MAGIC[..], &[form]].concat());
        if let Ok(sealed) = parse_v1(&bytes) {
            let head = v1_head(sealed.wrapped_kek).unwrap();
            prop_assert_eq!(serialize(&head, sealed.nonce, sealed.ciphertext, sealed.tag), bytes);
        } else if bytes.len() > 21 {
            bytes.splice(4..21, v2_head(KekId::of(&annotation))[4..].iter().copied());
            if let Ok(sealed) = parse_v2(&bytes, Some(&annotation)) {
                prop_assert_eq!(sealed.wrapped_kek, &annotation[..]);
            }
        }
    }

    #[test]
    fn no_byte_can_be_changed(
        wrapped in vec(any::<u8>(), 1..60), plaintext in vec(any::<u8>(), 1..60), place: prop::sample::Index, bit in 0_u8..8,
    ) {
        let kek = SecretKey::from_slice(&[7; 32]).unwrap();
        let kek_id = KekId::of(&wrapped);
        let heads = [v1_head(&wrapped).unwrap(), v2_head(kek_id).to_vec()];
        let aads = [heads[0].clone(), [&heads[1][..], &wrapped].concat()];
        for (api, (head, aad)) in heads.iter().zip(&aads).enumerate() {
            let mut buffer = plaintext.clone();
            let (nonce, tag) = aead::seal_in_place(&kek, aad, &mut buffer).unwrap();
            let mut whole = serialize(head, &nonce, &buffer, &tag);
            let open = |whole: &[u8]| {
                let sealed = if api == 0 { parse_v1(whole) } else { parse_v2(whole, Some(&wrapped)) };
                sealed.is_ok_and(|sealed| {
                    let mut buffer = sealed.ciphertext.to_vec();
                    aead::open_in_place(&kek, sealed.nonce, &sealed.aad(), &mut buffer, sealed.tag).is_ok()
                })
            };
            prop_assert!(open(&whole));
            let at = place.index(whole.len());
            whole[at] ^= 1 << bit;
            prop_assert!(!open(&whole), "byte {at}");
        }
    }
}
