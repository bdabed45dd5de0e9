//! Which key a message may choose.

use sealkit_envelope::keyring::kms::{DiscoveryFilter, KmsRuleError};
use sealkit_rig::KeyState;

use super::*;

fn filter(partition: &str, account: &str) -> DiscoveryFilter {
    DiscoveryFilter::new(partition, [account]).unwrap()
}

fn discovery(rig: &Rig) -> AwsKmsKeyring {
    AwsKmsKeyring::discovery(rig.clients.clone(), filter("aws", ACCOUNT))
}

fn mrk_discovery(rig: &Rig, regions: &[&str]) -> AwsKmsKeyring {
    let regions = regions.iter().map(ToString::to_string).collect();
    AwsKmsKeyring::mrk_discovery(rig.clients.clone(), regions, filter("aws", ACCOUNT)).unwrap()
}

//= framework/aws-kms/aws-kms-discovery-keyring.md#ondecrypt
#[tokio::test]
async fn the_message_s_own_key_is_asked_for_in_its_region() {
    let rig = Rig::new();
    let key = rig.aws.kms().create_key(OREGON);
    let message = [wrapped(&rig, &key).await];
    rig.aws.calls().reset();
    assert_eq!(decrypt(&discovery(&rig), &message).await.unwrap().unwrapped_by, Some(0));
    assert_eq!((rig.key_ids(), rig.aws.calls().count_in(Operation::Decrypt, OREGON)), (vec![key], 1));
}

#[tokio::test]
async fn keys_outside_of_the_filter_take_no_call() {
    let rig = Rig::new();
    let key = rig.aws.kms().create_key(OREGON);
    let message = [wrapped(&rig, &key).await];
    rig.aws.calls().reset();
    for filter in [filter("aws", "444455556666"), filter("aws-cn", ACCOUNT)] {
        for keyring in [
            AwsKmsKeyring::discovery(rig.clients.clone(), filter.clone()),
            AwsKmsKeyring::mrk_discovery(rig.clients.clone(), vec![OREGON.to_owned()], filter.clone()).unwrap(),
        ] {
            assert!(collected(decrypt(&keyring, &message).await).is_empty());
        }
    }
    assert_eq!(rig.aws.calls().total(), 0);
}

#[tokio::test]
async fn failures_are_collected_and_the_next_one_is_tried() {
    let rig = Rig::new();
    let [disabled, good] = [(); 2].map(|()| rig.aws.kms().create_key(IRELAND));
    let message = [wrapped(&rig, &disabled).await, wrapped(&rig, &good).await];
    rig.aws.kms().set_state(&disabled, KeyState::Disabled);
    assert_eq!(decrypt(&discovery(&rig), &message).await.unwrap().unwrapped_by, Some(1));
    assert_eq!(collected(decrypt(&discovery(&rig), &message[..1]).await).len(), 1);
}

#[tokio::test]
async fn a_region_without_client_is_said() {
    let rig = Rig::new();
    let key = rig.aws.kms().create_key(IRELAND);
    let mut tokyo = wrapped(&rig, &key).await;
    tokyo.provider_info = key.replace(IRELAND, "ap-northeast-1").into_bytes();
    let errors = collected(decrypt(&discovery(&rig), &[tokyo]).await);
    let [KeyringError::KmsRule(rule)] = &errors[..] else { panic!("{errors:?}") };
    assert!(matches!(&**rule, KmsRuleError::NoClient { region, .. } if region == "ap-northeast-1"));
}

#[tokio::test]
async fn provider_information_that_is_no_key_arn_is_fatal() {
    let rig = Rig::new();
    let key = rig.aws.kms().create_key(IRELAND);
    let good = wrapped(&rig, &key).await;
    let bad = EncryptedDataKey { provider_info: b"alias/demo".to_vec(), ..good.clone() };
    rig.aws.calls().reset();
    for keyring in [discovery(&rig), mrk_discovery(&rig, &[IRELAND])] {
        let error = decrypt(&keyring, &[good.clone(), bad.clone()]).await.err().unwrap();
        assert!(matches!(error, KeyringError::KmsRule(_)), "{error}");
    }
    assert_eq!(rig.aws.calls().total(), 0);
}

//= framework/aws-kms/aws-kms-mrk-discovery-keyring.md#ondecrypt
#[tokio::test]
async fn multi_region_keys_are_asked_for_in_the_given_region() {
    let rig = Rig::new();
    let ireland = rig.aws.kms().create_multi_region_key(&[IRELAND, OREGON]);
    let message = [wrapped(&rig, &ireland).await];
    rig.aws.calls().reset();
    assert!(decrypt(&mrk_discovery(&rig, &[OREGON]), &message).await.is_ok());
    assert_eq!(rig.key_ids(), [ireland.replace(IRELAND, OREGON)]);
    // No replica in the first Region: the next one is asked.
    assert!(decrypt(&mrk_discovery(&rig, &[VIRGINIA, OREGON]), &message).await.is_ok());
    assert_eq!(rig.key_ids()[1..], [ireland.replace(IRELAND, VIRGINIA), ireland.replace(IRELAND, OREGON)]);
    assert_eq!(collected(decrypt(&mrk_discovery(&rig, &[VIRGINIA]), &message).await).len(), 1);
}

#[tokio::test]
async fn single_region_keys_are_asked_for_in_their_own_region_only() {
    let rig = Rig::new();
    let key = rig.aws.kms().create_key(OREGON);
    let message = [wrapped(&rig, &key).await];
    rig.aws.calls().reset();
    assert!(collected(decrypt(&mrk_discovery(&rig, &[IRELAND, VIRGINIA]), &message).await).is_empty());
    assert_eq!(rig.aws.calls().total(), 0);
    assert!(decrypt(&mrk_discovery(&rig, &[IRELAND, OREGON]), &message).await.is_ok());
    assert_eq!(rig.aws.calls().count_in(Operation::Decrypt, OREGON), 1);
}
