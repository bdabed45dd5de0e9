//! On decrypt failures are collected, but for one rule.

use sealkit_aws::FaultClass;
use sealkit_envelope::keyring::kms::KmsRuleError;
use sealkit_rig::{Effect, FaultRule, KeyState};

use super::*;

/// The collected failures of a message that is wrapped twice under a key whose first answer is `effect`.
async fn first_answered_with(effect: Effect) -> Vec<KeyringError> {
    let rig = Rig::new();
    let key = rig.aws.kms().create_key(IRELAND);
    let twice = [wrapped(&rig, &key).await, wrapped(&rig, &key).await];
    rig.aws.inject(FaultRule::new(effect.clone()).on(Operation::Decrypt).times(1));
    let unwrapped = decrypt(&rig.strict([&key]), &twice).await.unwrap();
    assert_eq!(unwrapped.unwrapped_by, Some(1), "{effect:?}: the next one is tried");
    rig.aws.inject(FaultRule::new(effect).on(Operation::Decrypt));
    collected(decrypt(&rig.strict([&key]), &twice).await)
}

//= framework/aws-kms/aws-kms-keyring.md#ondecrypt
#[tokio::test]
async fn an_answer_that_breaks_the_rules_is_collected() {
    let other = format!("arn:aws:kms:{IRELAND}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab");
    for effect in [Effect::WrongKeyId(other), Effect::WrongKeyId(String::new()), Effect::ShortKey(31), Effect::Empty] {
        let errors = first_answered_with(effect.clone()).await;
        assert_eq!(errors.len(), 2);
        assert!(errors.iter().all(|error| matches!(error, KeyringError::KmsRule(_))), "{effect:?}");
    }
}

#[tokio::test]
async fn a_call_that_fails_is_collected() {
    for (effect, class) in [
        (Effect::Status(503), FaultClass::Outage),
        (Effect::Throttle, FaultClass::Throttled),
        (Effect::Close, FaultClass::Outage),
        (Effect::Error(400, "AccessDeniedException".to_owned(), "no".to_owned()), FaultClass::Denied),
    ] {
        for error in first_answered_with(effect).await {
            let KeyringError::Kms(fault) = error else { panic!("{error}") };
            assert_eq!(fault.class(), class);
            assert_eq!(fault.action(), "kms:Decrypt");
        }
    }
}

/// Fatal for this keyring, before any call, wherever it stands in the list.
#[tokio::test]
async fn provider_information_that_is_no_key_arn_is_fatal() {
    let rig = Rig::new();
    let key = rig.aws.kms().create_key(IRELAND);
    let good = wrapped(&rig, &key).await;
    rig.aws.calls().reset();
    let alias = format!("arn:aws:kms:{IRELAND}:{ACCOUNT}:alias/demo");
    for info in [
        b"".to_vec(),
        vec![0xff],
        b"alias/demo".to_vec(),
        alias.into_bytes(),
        key.as_bytes()[4..].to_vec(),
        format!("{key}\0").into_bytes(),
    ] {
        let bad = EncryptedDataKey { provider_info: info.clone(), ..good.clone() };
        for wrapped in [[bad.clone(), good.clone()], [good.clone(), bad.clone()]] {
            let error = decrypt(&rig.strict([&key]), &wrapped).await.err().unwrap();
            let KeyringError::KmsRule(rule) = &error else { panic!("{error}") };
            assert!(matches!(**rule, KmsRuleError::ProviderInfo { .. }), "{error}");
            assert!(!error.to_string().contains(char::is_control));
        }
    }
    assert_eq!(rig.aws.calls().total(), 0);
}

#[tokio::test]
async fn other_providers_and_other_keys_are_passed_over_without_a_call() {
    let rig = Rig::new();
    let [ours, theirs] = [(); 2].map(|()| rig.aws.kms().create_key(IRELAND));
    let (own, other) = (wrapped(&rig, &ours).await, wrapped(&rig, &theirs).await);
    rig.aws.calls().reset();
    let provider = |id: &str| EncryptedDataKey { provider_id: id.to_owned(), provider_info: vec![0xff], ..own.clone() };
    let mixed = [provider("raw"), provider("aws-kms-hierarchy"), provider("AWS-KMS"), other.clone(), own];
    assert_eq!(decrypt(&rig.strict([&ours]), &mixed).await.unwrap().unwrapped_by, Some(4));
    assert_eq!(rig.key_ids(), [ours.as_str()], "KMS is told the configured key");
    let error = decrypt(&rig.strict([&ours]), &[other]).await.err().unwrap();
    assert!(error.to_string().contains(&theirs), "the error names the message's key: {error}");
}

#[tokio::test]
async fn a_ciphertext_that_kms_cannot_have_made_takes_no_call() {
    let rig = Rig::new();
    let key = rig.aws.kms().create_key(IRELAND);
    let good = wrapped(&rig, &key).await;
    rig.aws.calls().reset();
    for (length, calls) in [(0, 0), (6145, 0), (6144, 1)] {
        let wrapped = EncryptedDataKey { ciphertext: vec![1; length], ..good.clone() };
        assert_eq!(collected(decrypt(&rig.strict([&key]), &[wrapped]).await).len(), 1);
        assert_eq!(rig.aws.calls().total(), calls, "{length} bytes");
    }
}

#[tokio::test]
async fn a_changed_context_or_ciphertext_does_not_unwrap() {
    let rig = Rig::new();
    let key = rig.aws.kms().create_key(IRELAND);
    let good = wrapped(&rig, &key).await;
    let other = EncryptionContext::try_from_pairs([("app", "other")]).unwrap();
    let result =
        rig.strict([&key]).on_decrypt(DecryptionMaterials::new(SUITE, other), std::slice::from_ref(&good)).await;
    assert_eq!(collected(result).len(), 1);
    let mut changed = good;
    *changed.ciphertext.last_mut().unwrap() ^= 1;
    assert_eq!(collected(decrypt(&rig.strict([&key]), &[changed]).await).len(), 1);
}

#[tokio::test]
async fn materials_with_a_data_key_are_refused() {
    let rig = Rig::new();
    let key = rig.aws.kms().create_key(IRELAND);
    let materials = DecryptionMaterials::new(SUITE, context()).with_data_key(DataKey::zeroed(), 0);
    let refused = rig.strict([&key]).on_decrypt(materials, &[]).await.err().unwrap();
    assert!(matches!(refused, KeyringError::DataKeyPresent));
}

/// Aliases and bare ids match no message; the error says what to do, and other keys of the keyring still work.
#[tokio::test]
async fn an_alias_cannot_decrypt_by_itself() {
    let rig = Rig::new();
    let key = rig.aws.kms().create_key(IRELAND);
    rig.aws.kms().set_alias("alias/demo", &key);
    let good = wrapped(&rig, &key).await;
    let error = decrypt(&rig.strict(["alias/demo"]), std::slice::from_ref(&good)).await.err().unwrap();
    assert!(error.to_string().contains("kms:DescribeKey"), "{error}");
    let [KeyringError::KmsRule(rule)] = error.leaves()[..] else { panic!("{error}") };
    assert_eq!(**rule, KmsRuleError::NotAKeyArn { identifier: "alias/demo".to_owned() });
    assert!(decrypt(&rig.strict(["alias/demo", &key]), &[good]).await.is_ok());
}

/// The keys are asked in the order of the keyring, as a multi-keyring of single keys asks them, not of the message.
#[tokio::test]
async fn keys_are_asked_in_their_own_order() {
    let rig = Rig::new();
    let [a, b] = [(); 2].map(|()| rig.aws.kms().create_key(IRELAND));
    let message = [wrapped(&rig, &b).await, wrapped(&rig, &a).await];
    rig.aws.calls().reset();
    rig.aws.kms().set_state(&a, KeyState::Disabled);
    assert_eq!(decrypt(&rig.strict([&a, &b]), &message).await.unwrap().unwrapped_by, Some(0));
    assert_eq!(rig.key_ids(), [a, b]);
}

//= framework/aws-kms/aws-kms-mrk-match-for-decrypt.md#implementation
#[tokio::test]
async fn a_replica_decrypts_what_another_wrapped() {
    let rig = Rig::new();
    let ireland = rig.aws.kms().create_multi_region_key(&[IRELAND, OREGON]);
    let oregon = ireland.replace(IRELAND, OREGON);
    let message = [wrapped(&rig, &ireland).await];
    rig.aws.calls().reset();
    assert!(decrypt(&rig.strict([&oregon]), &message).await.is_ok());
    assert_eq!(rig.key_ids(), [oregon.as_str()], "the configured replica is asked, not the message's");
    assert_eq!(rig.aws.calls().count_in(Operation::Decrypt, OREGON), 1);
    for other in [
        oregon.replace(":aws:", ":aws-cn:"),
        oregon.replace(ACCOUNT, "444455556666"),
        rig.aws.kms().create_multi_region_key(&[OREGON]),
    ] {
        assert!(collected(decrypt(&rig.strict([&other]), &message).await).is_empty(), "{other}");
    }
}

#[tokio::test]
async fn a_single_region_key_of_the_same_id_elsewhere_does_not_match() {
    let rig = Rig::new();
    let ireland = rig.aws.kms().create_key(IRELAND);
    let oregon = rig.aws.kms().seed_key(&ireland.replace(IRELAND, OREGON));
    let message = [wrapped(&rig, &ireland).await];
    assert!(collected(decrypt(&rig.strict([&oregon]), &message).await).is_empty());
}
