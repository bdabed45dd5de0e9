//! On encrypt everything is fatal.

use sealkit_envelope::keyring::kms::{DiscoveryFilter, KmsRuleError, resolve_alias};
use sealkit_rig::{Effect, FaultRule, KeyState};

use super::*;

//= framework/aws-kms/aws-kms-keyring.md#onencrypt
#[tokio::test]
async fn the_first_key_generates_and_the_others_wrap() {
    let rig = Rig::new();
    let keys = [IRELAND, VIRGINIA, OREGON].map(|region| rig.aws.kms().create_key(region));
    let observed = Observed::default();
    let keyring = observed.by(rig.strict(keys.each_ref().map(String::as_str)));
    let materials = encrypt(&keyring).await.unwrap();

    let names: Vec<_> = materials.encrypted_data_keys.iter().map(|wrapped| wrapped.provider_info.clone()).collect();
    assert_eq!(names, keys.each_ref().map(|key| key.as_bytes().to_vec()));
    assert!(materials.encrypted_data_keys.iter().all(|wrapped| wrapped.provider_id == "aws-kms"));
    assert_eq!((rig.calls(Operation::GenerateDataKey), rig.calls(Operation::Encrypt)), (1, 2));
    for call in rig.aws.calls().log() {
        assert_eq!(call.context.into_iter().collect::<Vec<_>>(), [("app".to_owned(), "demo".to_owned())]);
    }
    // Each of the keys decrypts by itself, to the same data key.
    let expected = *materials.data_key.as_ref().unwrap().expose_secret();
    for (index, key) in keys.iter().enumerate() {
        let unwrapped = decrypt(&rig.strict([key]), &materials.encrypted_data_keys).await.unwrap();
        assert_eq!((unwrapped.unwrapped_by, *key_of(&unwrapped).expose_secret()), (Some(index), expected));
    }
    // The observer hears of each call, with the id that KMS logged it under and the data key it wrapped.
    for wrapped in &materials.encrypted_data_keys {
        let made = observed.calls().into_iter().find(|call| call.ciphertext == wrapped.ciphertext).unwrap();
        assert_eq!(made.key.as_bytes(), wrapped.provider_info);
    }
    let (mut told, mut logged): (Vec<_>, Vec<_>) = (
        observed
            .calls()
            .into_iter()
            .map(|call| (call.operation.to_owned(), call.region, call.request_id.unwrap()))
            .collect(),
        rig.aws
            .calls()
            .log()
            .into_iter()
            .map(|call| (call.operation.action(), call.region, call.request_id))
            .take(3)
            .collect(),
    );
    told.sort();
    logged.sort();
    assert_eq!(told, logged);
}

#[tokio::test]
async fn a_data_key_that_exists_is_wrapped_under_every_key() {
    let rig = Rig::new();
    let keys = [IRELAND, OREGON].map(|region| rig.aws.kms().create_key(region));
    let keyring = rig.strict(keys.each_ref().map(String::as_str));
    let mut materials = EncryptionMaterials::new(SUITE, context());
    materials.data_key = DataKey::from_slice(&[9; 32]);
    let materials = keyring.on_encrypt(materials).await.unwrap();
    assert_eq!((rig.calls(Operation::GenerateDataKey), rig.calls(Operation::Encrypt)), (0, 2));
    let unwrapped = decrypt(&rig.strict([&keys[1]]), &materials.encrypted_data_keys).await.unwrap();
    assert_eq!(key_of(&unwrapped).expose_secret(), &[9; 32]);
}

#[tokio::test]
async fn a_call_that_fails_is_fatal_whichever_key_it_is() {
    for failing in 0..3 {
        let rig = Rig::new();
        let keys = [IRELAND, VIRGINIA, OREGON].map(|region| rig.aws.kms().create_key(region));
        rig.aws.kms().set_state(&keys[failing], KeyState::Disabled);
        let error = encrypt(&rig.strict(keys.each_ref().map(String::as_str))).await.err().unwrap();
        assert!(matches!(&error, KeyringError::Kms(_)), "{error}");
        assert!(error.to_string().contains(&keys[failing]), "{error}");
    }
}

/// Each row: an answer that breaks the rules, to GenerateDataKey and to Encrypt.
#[tokio::test]
async fn an_answer_that_breaks_the_rules_is_fatal() {
    let other_key = format!("arn:aws:kms:{IRELAND}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab");
    for effect in [
        Effect::WrongKeyId(other_key),
        Effect::WrongKeyId("1234abcd-12ab-34cd-56ef-1234567890ab".to_owned()),
        Effect::WrongKeyId(format!("arn:aws:kms:{IRELAND}:{ACCOUNT}:alias/demo")),
        Effect::WrongKeyId(String::new()),
        Effect::Empty,
        Effect::ShortKey(31),
        Effect::ShortKey(0),
    ] {
        for operation in [Operation::GenerateDataKey, Operation::Encrypt] {
            if operation == Operation::Encrypt && matches!(effect, Effect::ShortKey(_)) {
                continue;
            }
            let rig = Rig::new();
            let keys = [(); 2].map(|()| rig.aws.kms().create_key(IRELAND));
            rig.aws.inject(FaultRule::new(effect.clone()).on(operation));
            let error = encrypt(&rig.strict(keys.each_ref().map(String::as_str))).await.err().unwrap();
            assert!(matches!(&error, KeyringError::KmsRule(_)), "{operation:?} {effect:?}: {error}");
        }
    }
}

/// An alias encrypts; the message then names the key ARN that KMS answers with.
#[tokio::test]
async fn an_alias_encrypts_under_the_key_it_names() {
    let rig = Rig::new();
    let key = rig.aws.kms().create_key(IRELAND);
    let alias = rig.aws.kms().set_alias("alias/demo", &key);
    let bare = key.rsplit('/').next().unwrap();
    for identifier in [alias.as_str(), "alias/demo", bare] {
        let materials = encrypt(&rig.strict([identifier])).await.unwrap();
        assert_eq!(materials.encrypted_data_keys[0].provider_info, key.as_bytes(), "{identifier}");
        let resolved = resolve_alias(&rig.clients, &identifier.parse().unwrap(), None).await.unwrap();
        assert_eq!(resolved.as_str(), key);
    }
    assert_eq!(rig.calls(Operation::DescribeKey), 3);
    let missing = resolve_alias(&rig.clients, &"alias/missing".parse().unwrap(), None).await.err().unwrap();
    assert!(matches!(missing, KeyringError::Kms(_)), "{missing}");
    let observed = resolve_alias(&rig.clients, &key.parse().unwrap(), None).await.unwrap();
    assert_eq!((observed.as_str(), rig.calls(Operation::DescribeKey)), (key.as_str(), 4), "an ARN takes no call");
}

//= framework/aws-kms/aws-kms-discovery-keyring.md#onencrypt
#[tokio::test]
async fn a_discovery_keyring_does_not_encrypt() {
    let rig = Rig::new();
    let keyring = AwsKmsKeyring::discovery(rig.clients.clone(), DiscoveryFilter::new("aws", [ACCOUNT]).unwrap());
    let KeyringError::KmsRule(error) = encrypt(&keyring).await.err().unwrap() else { panic!("another error") };
    assert_eq!((*error, rig.aws.calls().total()), (KmsRuleError::DiscoveryEncrypts, 0));
}
