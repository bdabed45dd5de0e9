#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::keyring::raw_aes::RawAesKeyring;
use crate::{AlgorithmSuite, DataKey, EncryptedDataKey, EncryptionContext};

const UNSIGNED: AlgorithmSuite = AlgorithmSuite::Aes256GcmHkdfSha512CommitKey;
const SIGNED: AlgorithmSuite = AlgorithmSuite::Aes256GcmHkdfSha512CommitKeyEcdsaP384;

fn raw() -> Arc<dyn Keyring> {
    Arc::new(RawAesKeyring::new("test", "a", &DataKey::from_slice(&[7; 32]).unwrap()).unwrap())
}

fn encryption(keyring: Arc<dyn Keyring>, suite: AlgorithmSuite) -> Result<EncryptionMaterials, KeyringError> {
    let request = EncryptionMaterialsRequest { suite, context: EncryptionContext::new(), plaintext_length: None };
    pollster::block_on(DefaultCmm::new(keyring).encryption_materials(request))
}

fn decryption(
    suite: AlgorithmSuite,
    context: &EncryptionContext,
    wrapped: &[EncryptedDataKey],
) -> Result<DecryptionMaterials, KeyringError> {
    let request = DecryptionMaterialsRequest { suite, encrypted_data_keys: wrapped.to_vec(), context: context.clone() };
    pollster::block_on(DefaultCmm::new(raw()).decryption_materials(request))
}

/// Passes materials through, doing nothing.
struct Idle;

impl Keyring for Idle {
    fn on_encrypt(&self, materials: EncryptionMaterials) -> BoxFuture<'_, Result<EncryptionMaterials, KeyringError>> {
        async { Ok(materials) }.boxed()
    }

    fn on_decrypt<'a>(
        &'a self,
        materials: DecryptionMaterials,
        _: &'a [EncryptedDataKey],
    ) -> BoxFuture<'a, Result<DecryptionMaterials, KeyringError>> {
        async { Ok(materials) }.boxed()
    }
}

//= framework/default-cmm.md#get-encryption-materials
#[test]
fn an_unsigned_suite_gets_no_signing_key() {
    let materials = encryption(raw(), UNSIGNED).unwrap();
    assert!(materials.signing_key.is_none() && materials.context.is_empty());
    let materials = decryption(UNSIGNED, &materials.context, &materials.encrypted_data_keys).unwrap();
    assert!(materials.verification_key.is_none() && materials.data_key.is_some());
}

#[test]
fn a_signed_suite_gets_a_new_key_whose_public_half_is_in_the_context() {
    let [a, b] = [(); 2].map(|()| encryption(raw(), SIGNED).unwrap());
    assert_ne!(a.context.get(PUBLIC_KEY), b.context.get(PUBLIC_KEY));
    let point = STANDARD.decode(a.context.get(PUBLIC_KEY).unwrap()).unwrap();
    assert_eq!(point, a.signing_key.unwrap().public_key());
    let materials = decryption(SIGNED, &a.context, &a.encrypted_data_keys).unwrap();
    assert!(materials.verification_key.is_some());
}

#[test]
fn the_format_s_own_context_key_is_not_overwritten() {
    let mut context = EncryptionContext::new();
    context.insert_public_key("x".to_owned());
    let request = EncryptionMaterialsRequest { suite: SIGNED, context, plaintext_length: None };
    let refused = pollster::block_on(DefaultCmm::new(raw()).encryption_materials(request)).err().unwrap();
    assert!(matches!(refused, KeyringError::PublicKeyPresent));
}

#[test]
fn a_keyring_that_does_nothing_is_found_out() {
    assert!(matches!(encryption(Arc::new(Idle), UNSIGNED), Err(KeyringError::NoDataKeyGenerated)));
    let wrapped = encryption(raw(), UNSIGNED).unwrap().encrypted_data_keys;
    let request =
        DecryptionMaterialsRequest { suite: UNSIGNED, encrypted_data_keys: wrapped, context: EncryptionContext::new() };
    let refused = pollster::block_on(DefaultCmm::new(Arc::new(Idle)).decryption_materials(request)).err().unwrap();
    assert!(matches!(refused, KeyringError::NoDataKeyUnwrapped { .. }));
}

//= framework/default-cmm.md#decrypt-materials
#[test]
fn suite_and_public_key_must_fit_together() {
    let signed = encryption(raw(), SIGNED).unwrap();
    let refused = decryption(UNSIGNED, &signed.context, &signed.encrypted_data_keys).err().unwrap();
    assert!(matches!(refused, KeyringError::PublicKeyUnexpected));
    let unsigned = encryption(raw(), UNSIGNED).unwrap();
    let refused = decryption(SIGNED, &unsigned.context, &unsigned.encrypted_data_keys).err().unwrap();
    assert!(matches!(refused, KeyringError::PublicKeyMissing));
    for bad in ["", "?", "AAAA", &STANDARD.encode([4; 49])] {
        let mut context = EncryptionContext::new();
        context.insert_public_key(bad.to_owned());
        let refused = decryption(SIGNED, &context, &unsigned.encrypted_data_keys).err().unwrap();
        assert!(matches!(refused, KeyringError::PublicKeyMissing), "{bad}");
    }
}
