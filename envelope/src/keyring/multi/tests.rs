#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::keyring::raw_aes::RawAesKeyring;
use crate::{AlgorithmSuite, DataKey, EncryptionContext};

const SUITE: AlgorithmSuite = AlgorithmSuite::Aes256GcmHkdfSha512CommitKey;

/// A keyring that does as it is told.
struct Told(fn() -> Result<(), KeyringError>);

impl Keyring for Told {
    fn on_encrypt(&self, materials: EncryptionMaterials) -> BoxFuture<'_, Result<EncryptionMaterials, KeyringError>> {
        async { (self.0)().map(|()| materials) }.boxed()
    }

    fn on_decrypt<'a>(
        &'a self,
        materials: DecryptionMaterials,
        _: &'a [EncryptedDataKey],
    ) -> BoxFuture<'a, Result<DecryptionMaterials, KeyringError>> {
        async { (self.0)().map(|()| materials) }.boxed()
    }
}

fn raw(name: &str) -> Arc<dyn Keyring> {
    Arc::new(RawAesKeyring::new("test", name, &DataKey::from_slice(&[7; 32]).unwrap()).unwrap())
}

fn told(what: fn() -> Result<(), KeyringError>) -> Arc<dyn Keyring> {
    Arc::new(Told(what))
}

fn fails() -> Result<(), KeyringError> {
    Err(KeyringError::RandomUnavailable)
}

fn multi(generator: Option<Arc<dyn Keyring>>, children: &[Arc<dyn Keyring>]) -> MultiKeyring {
    MultiKeyring::new(generator, children.to_vec()).unwrap()
}

fn encrypt(keyring: &MultiKeyring) -> Result<EncryptionMaterials, KeyringError> {
    pollster::block_on(keyring.on_encrypt(EncryptionMaterials::new(SUITE, EncryptionContext::new())))
}

fn decrypt(keyring: &MultiKeyring, wrapped: &[EncryptedDataKey]) -> Result<DecryptionMaterials, KeyringError> {
    pollster::block_on(keyring.on_decrypt(DecryptionMaterials::new(SUITE, EncryptionContext::new()), wrapped))
}

fn names(wrapped: &[EncryptedDataKey]) -> Vec<u8> {
    wrapped.iter().map(|wrapped| wrapped.provider_info[0]).collect()
}

//= framework/multi-keyring.md#inputs
#[test]
fn a_multi_keyring_of_nothing_is_refused() {
    assert_eq!(MultiKeyring::new(None, Vec::new()).err(), Some(NoKeyrings));
}

//= framework/multi-keyring.md#onencrypt
#[test]
fn generator_and_children_wrap_in_order_and_each_can_decrypt() {
    let all = encrypt(&multi(Some(raw("a")), &[raw("b"), raw("c")])).unwrap();
    assert_eq!(names(&all.encrypted_data_keys), *b"abc");
    let expected = *all.data_key.unwrap().expose_secret();
    for (index, name) in ["a", "b", "c"].into_iter().enumerate() {
        let unwrapped = decrypt(&multi(None, &[raw(name)]), &all.encrypted_data_keys).unwrap();
        assert_eq!((unwrapped.unwrapped_by, *unwrapped.data_key.unwrap().expose_secret()), (Some(index), expected));
    }
}

#[test]
fn the_generator_refuses_a_data_key_that_exists() {
    let mut materials = EncryptionMaterials::new(SUITE, EncryptionContext::new());
    materials.data_key = Some(DataKey::zeroed());
    let refused = pollster::block_on(multi(Some(raw("a")), &[]).on_encrypt(materials)).err().unwrap();
    assert!(matches!(refused, KeyringError::DataKeyPresent));
}

#[test]
fn without_a_generator_a_data_key_must_exist() {
    assert!(matches!(encrypt(&multi(None, &[raw("a")])), Err(KeyringError::NoDataKeyGenerated)));
    let nested = encrypt(&multi(Some(raw("a")), &[Arc::new(multi(None, &[raw("b")]))])).unwrap();
    assert_eq!(names(&nested.encrypted_data_keys), *b"ab");
}

#[test]
fn a_generator_that_generates_nothing_is_an_error() {
    assert!(matches!(encrypt(&multi(Some(told(|| Ok(()))), &[])), Err(KeyringError::NoDataKeyGenerated)));
}

#[test]
fn on_encrypt_every_failure_is_fatal() {
    let failing = [multi(Some(told(fails)), &[raw("a")]), multi(Some(raw("a")), &[raw("b"), told(fails)])];
    for keyring in failing {
        assert!(matches!(encrypt(&keyring), Err(KeyringError::RandomUnavailable)));
    }
}

//= framework/multi-keyring.md#ondecrypt
#[test]
fn on_decrypt_failures_are_passed_over() {
    let wrapped = encrypt(&multi(Some(raw("a")), &[raw("b")])).unwrap().encrypted_data_keys;
    let unwrapped = decrypt(&multi(Some(told(fails)), &[told(|| Ok(())), raw("b")]), &wrapped).unwrap();
    assert_eq!(unwrapped.unwrapped_by, Some(1));
}

#[test]
fn when_all_fail_every_failure_is_told() {
    let wrapped = encrypt(&multi(Some(raw("a")), &[])).unwrap().encrypted_data_keys;
    let error = decrypt(&multi(Some(told(fails)), &[told(fails), raw("b")]), &wrapped).err().unwrap();
    assert_eq!(error.leaves().len(), 3);
    assert_eq!(error.to_string().matches("random number generator").count(), 2, "{error}");
}

#[test]
fn when_none_fits_the_message_s_keys_are_named() {
    let wrapped = encrypt(&multi(Some(raw("a")), &[raw("b")])).unwrap().encrypted_data_keys;
    let error = decrypt(&multi(None, &[raw("c")]), &wrapped).err().unwrap();
    assert!(error.to_string().contains("wrapped under test/a, test/b"), "{error}");
}

#[test]
fn materials_with_a_data_key_are_refused() {
    let materials = DecryptionMaterials::new(SUITE, EncryptionContext::new()).with_data_key(DataKey::zeroed(), 0);
    let refused = pollster::block_on(multi(None, &[raw("a")]).on_decrypt(materials, &[])).err().unwrap();
    assert!(matches!(refused, KeyringError::DataKeyPresent));
}
