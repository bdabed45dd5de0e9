#![expect(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;

use super::*;
use crate::AlgorithmSuite;

const SUITE: AlgorithmSuite = AlgorithmSuite::Aes256GcmHkdfSha512CommitKey;

fn keyring(namespace: &str, name: &str, fill: u8) -> RawAesKeyring {
    RawAesKeyring::new(namespace, name, &DataKey::from_slice(&[fill; 32]).unwrap()).unwrap()
}

fn context(pairs: &[(&str, &str)]) -> EncryptionContext {
    EncryptionContext::try_from_pairs(pairs.iter().copied()).unwrap()
}

fn encrypt(keyring: &RawAesKeyring, context: &EncryptionContext) -> EncryptionMaterials {
    pollster::block_on(keyring.on_encrypt(EncryptionMaterials::new(SUITE, context.clone()))).unwrap()
}

fn decrypt(
    keyring: &RawAesKeyring,
    context: &EncryptionContext,
    wrapped: &[EncryptedDataKey],
) -> Result<DecryptionMaterials, KeyringError> {
    pollster::block_on(keyring.on_decrypt(DecryptionMaterials::new(SUITE, context.clone()), wrapped))
}

fn key_of(materials: &DecryptionMaterials) -> [u8; 32] {
    *materials.data_key.as_ref().unwrap().expose_secret()
}

/// How many failures were collected, of an error that must be a collection.
fn collected(result: Result<DecryptionMaterials, KeyringError>) -> usize {
    match result.err().unwrap() {
        KeyringError::NoDataKeyUnwrapped { errors, .. } => {
            assert!(errors.iter().all(|error| matches!(error, KeyringError::NotAuthentic { .. })));
            errors.len()
        }
        other => panic!("{other}"),
    }
}

//= framework/raw-aes-keyring.md#onencrypt
#[test]
fn a_wrapped_key_has_the_fields_of_the_specification() {
    let materials = encrypt(&keyring("sealkit", "demo", 7), &context(&[("app", "demo")]));
    let [wrapped] = &materials.encrypted_data_keys[..] else { panic!("one wrapped key") };
    assert_eq!(wrapped.provider_id, "sealkit");
    assert_eq!(wrapped.provider_info[..12], *b"demo\0\0\0\x80\0\0\0\x0c");
    assert_eq!(wrapped.provider_info.len(), 4 + 8 + 12);
    assert_eq!(wrapped.ciphertext.len(), 32 + 16);
    assert_ne!(wrapped.ciphertext[..32], materials.data_key.unwrap().expose_secret()[..]);
}

/// Made by the cryptography package of Python: `AESGCM(b"\x07" * 32).encrypt(bytes(range(12)), b"\x2a" * 32, aad)`.
#[test]
fn a_key_wrapped_elsewhere_unwraps() {
    let wrapped = EncryptedDataKey {
        provider_id: "sealkit".to_owned(),
        provider_info: b"demo\0\0\0\x80\0\0\0\x0c\0\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b".to_vec(),
        ciphertext: hex::decode(KNOWN_ANSWER).unwrap(),
    };
    let materials = decrypt(&keyring("sealkit", "demo", 7), &context(&[("app", "demo")]), &[wrapped]).unwrap();
    assert_eq!(key_of(&materials), [0x2a; 32]);
}

const KNOWN_ANSWER: &str =
    "32abc35a3723f3635d98cfb6c87246d0cb169ca432485d1b3ce44990a4fd472f4b534d9dbc9b84ba0340c5d80797f183";

#[test]
fn a_data_key_that_exists_is_wrapped_and_kept() {
    let mut materials = EncryptionMaterials::new(SUITE, context(&[]));
    materials.data_key = DataKey::from_slice(&[9; 32]);
    let keyring = keyring("sealkit", "demo", 7);
    let materials = pollster::block_on(keyring.on_encrypt(materials)).unwrap();
    assert_eq!(materials.data_key.unwrap().expose_secret(), &[9; 32]);
    let unwrapped = decrypt(&keyring, &context(&[]), &materials.encrypted_data_keys).unwrap();
    assert_eq!(key_of(&unwrapped), [9; 32]);
}

#[test]
fn ivs_and_data_keys_do_not_repeat() {
    let keyring = keyring("sealkit", "demo", 7);
    let [a, b] = [(); 2].map(|()| encrypt(&keyring, &context(&[])));
    assert_ne!(a.encrypted_data_keys[0].provider_info, b.encrypted_data_keys[0].provider_info);
    assert_ne!(a.data_key.unwrap().expose_secret(), b.data_key.unwrap().expose_secret());
}

//= framework/raw-aes-keyring.md#ondecrypt
#[test]
fn materials_with_a_data_key_are_refused() {
    let keyring = keyring("sealkit", "demo", 7);
    let wrapped = encrypt(&keyring, &context(&[])).encrypted_data_keys;
    let materials = DecryptionMaterials::new(SUITE, context(&[])).with_data_key(DataKey::zeroed(), 0);
    let refused = pollster::block_on(keyring.on_decrypt(materials, &wrapped)).err().unwrap();
    assert!(matches!(refused, KeyringError::DataKeyPresent));
}

/// Only encrypted data keys that are this key's own are tried: the others neither count nor hinder.
#[test]
fn foreign_keys_are_passed_over() {
    let (ours, context) = (keyring("sealkit", "demo", 7), context(&[("app", "demo")]));
    let own = encrypt(&ours, &context).encrypted_data_keys.remove(0);
    let with = |change: fn(&mut EncryptedDataKey)| {
        let mut changed = own.clone();
        change(&mut changed);
        changed
    };
    let foreign = [
        with(|key| key.provider_id = "other".to_owned()),
        with(|key| key.provider_id = "aws-kms".to_owned()),
        with(|key| key.provider_info[0] = b'D'),
        with(|key| key.provider_info[7] = 96),
        with(|key| key.provider_info[11] = 16),
        with(|key| key.provider_info.truncate(23)),
        with(|key| key.provider_info.push(0)),
        with(|key| key.provider_info.clear()),
        encrypt(&keyring("sealkit", "demo2", 7), &context).encrypted_data_keys.remove(0),
    ];
    assert_eq!(collected(decrypt(&ours, &context, &foreign)), 0, "none is tried");
    let wrapped: Vec<_> = foreign.into_iter().chain([own]).collect();
    assert_eq!(decrypt(&ours, &context, &wrapped).unwrap().unwrapped_by, Some(9));
}

#[test]
fn the_next_one_is_tried_after_one_that_fails() {
    let (ours, context) = (keyring("sealkit", "demo", 7), context(&[]));
    let good = encrypt(&ours, &context).encrypted_data_keys.remove(0);
    let bad = encrypt(&keyring("sealkit", "demo", 8), &context).encrypted_data_keys.remove(0);
    let short = EncryptedDataKey { ciphertext: vec![1; 47], ..good.clone() };
    assert_eq!(collected(decrypt(&ours, &context, &[bad.clone(), short.clone()])), 2);
    let unwrapped = decrypt(&ours, &context, &[bad, short, good.clone(), good]).unwrap();
    assert_eq!(unwrapped.unwrapped_by, Some(2));
}

#[test]
fn the_error_names_the_keys_of_the_message_on_one_line() {
    let wrapped = encrypt(&keyring("evil\u{20}ns", "a", 7), &context(&[])).encrypted_data_keys.remove(0);
    let wrapped = EncryptedDataKey { provider_id: "evil\n\u{1b}[2J".to_owned(), ..wrapped };
    let error = decrypt(&keyring("sealkit", "demo", 7), &context(&[]), &[wrapped]).err().unwrap();
    let text = error.to_string();
    assert!(text.contains(r"evil\n\u{1b}[2J/a"), "{text}");
    assert!(!text.contains(char::is_control));
}

#[test]
fn names_that_other_sdks_would_misread_are_refused() {
    let key = DataKey::zeroed();
    let new = |namespace: &str, name: &str| RawAesKeyring::new(namespace, name, &key).err();
    for namespace in ["aws-kms", "aws-kms-mrk", "aws-kmsx"] {
        assert!(matches!(new(namespace, "a"), Some(InvalidKeyName::Reserved { .. })), "{namespace}");
    }
    for (namespace, name) in [("", "a"), ("a", ""), ("é", "a"), ("a", "é"), ("a\n", "a"), ("a", "a\0")] {
        assert!(
            matches!(new(namespace, name), Some(InvalidKeyName::NotPrintableAscii { .. })),
            "{namespace:?} {name:?}"
        );
    }
    let (fits, too_long) = ("n".repeat(65_535 - 20), "n".repeat(65_535 - 19));
    assert_eq!(new("a", &fits), None);
    assert!(matches!(new("a", &too_long), Some(InvalidKeyName::TooLong { .. })));
}

#[test]
fn a_context_too_long_for_the_format_is_an_error() {
    // What a caller gives fits; joined with what a header stores it need not.
    let mut context = EncryptionContext::new();
    for n in 0..3 {
        context.insert_received(&format!("k{n}"), &"v".repeat(30_000));
    }
    let keyring = keyring("sealkit", "demo", 7);
    let materials = EncryptionMaterials::new(SUITE, context.clone());
    let error = pollster::block_on(keyring.on_encrypt(materials)).err().unwrap();
    assert!(matches!(error, KeyringError::ContextTooLong { .. }));
    assert!(matches!(decrypt(&keyring, &context, &[]), Err(KeyringError::ContextTooLong { .. })));
}

proptest! {
    /// Whatever the context: what was wrapped unwraps, and under no other context, and not when a bit is changed.
    #[test]
    fn wrapping_round_trips_and_detects_change(
        pairs in proptest::collection::btree_map("[a-z]{1,6}", ".{0,12}", 0..4),
        at in 0..48_usize,
        bit in 0..8_u8,
    ) {
        let ours = keyring("sealkit", "demo", 7);
        let context = EncryptionContext::try_from_pairs(pairs).unwrap();
        let materials = encrypt(&ours, &context);
        let wrapped = &materials.encrypted_data_keys;
        let unwrapped = decrypt(&ours, &context, wrapped).unwrap();
        prop_assert_eq!(&key_of(&unwrapped), materials.data_key.as_ref().unwrap().expose_secret());

        let mut other = context.clone();
        other.insert("UPPER", "another pair").unwrap();
        prop_assert_eq!(collected(decrypt(&ours, &other, wrapped)), 1);

        let mut changed = wrapped.clone();
        changed[0].ciphertext[at] ^= 1 << bit;
        prop_assert_eq!(collected(decrypt(&ours, &context, &changed)), 1);
    }
}
