//! What cannot be configured.

use sealkit_envelope::keyring::kms::{DiscoveryFilter, KmsConfigError};

use super::*;

fn strict(rig: &Rig, keys: &[&str]) -> Result<AwsKmsKeyring, KmsConfigError> {
    let keys = keys.iter().map(|key| KmsKey::new(key.parse().unwrap())).collect();
    AwsKmsKeyring::strict(rig.clients.clone(), keys)
}

fn arn(region: &str, id: &str) -> String {
    format!("arn:aws:kms:{region}:{ACCOUNT}:key/{id}")
}

#[tokio::test]
async fn a_strict_keyring_needs_a_key_and_each_key_a_client() {
    let rig = Rig::new();
    assert!(matches!(strict(&rig, &[]), Err(KmsConfigError::NoKey)));
    let tokyo = arn("ap-northeast-1", "mrk-1");
    assert_eq!(strict(&rig, &[&tokyo]).err(), Some(KmsConfigError::NoClient { region: "ap-northeast-1".to_owned() }));
    let nowhere = AwsKmsKeyring::strict(KmsClients::new(), vec![KmsKey::new("alias/demo".parse().unwrap())]);
    assert!(matches!(nowhere, Err(KmsConfigError::NoRegion { .. })));
    let other = KmsClients::new().with(IRELAND, client(&rig.aws, OREGON));
    assert!(matches!(other, Err(KmsConfigError::ClientOfOtherRegion { .. })));
}

//= framework/aws-kms/aws-kms-mrk-are-unique.md#implementation
#[tokio::test]
async fn replicas_of_one_key_are_refused_and_all_are_named() {
    let rig = Rig::new();
    let keys =
        [arn(IRELAND, "mrk-1"), arn(VIRGINIA, "mrk-1"), arn(IRELAND, "mrk-2"), arn(OREGON, "mrk-2"), arn(OREGON, "3")];
    let refused = strict(&rig, &keys.each_ref().map(String::as_str)).err();
    assert_eq!(refused, Some(KmsConfigError::SameKey { keys: keys[..4].to_vec() }));
    assert!(strict(&rig, &[&keys[0], &keys[2], &keys[4]]).is_ok());
    let single = [arn(IRELAND, "3"), arn(OREGON, "3")];
    assert!(strict(&rig, &[&single[0], &single[1]]).is_ok(), "single-Region keys of one id are two keys");
    assert!(matches!(strict(&rig, &[&single[0], &single[0]]), Err(KmsConfigError::SameKey { .. })));
    assert!(strict(&rig, &["alias/mrk-1", &keys[0]]).is_ok(), "an alias is no multi-Region key");
    let bare = ["mrk-1234abcd12ab34cd56ef1234567890ab".to_owned(), arn(OREGON, "mrk-1234abcd12ab34cd56ef1234567890ab")];
    assert!(matches!(strict(&rig, &[&bare[0], &bare[1]]), Err(KmsConfigError::SameKey { .. })));
}

#[tokio::test]
async fn failover_is_of_multi_region_key_arns() {
    let failover =
        |key: &str, regions: &[&str]| KmsKey::new(key.parse().unwrap()).with_failover_regions(regions.to_vec());
    let mrk = arn(IRELAND, "mrk-1");
    assert!(failover(&mrk, &[VIRGINIA, OREGON]).is_ok());
    for key in [&arn(IRELAND, "1"), "alias/mrk-1", "mrk-1234abcd12ab34cd56ef1234567890ab"] {
        let refused = failover(key, &[VIRGINIA]);
        assert!(matches!(refused, Err(KmsConfigError::FailoverOfSingleRegionKey { .. })), "{key}");
        assert!(failover(key, &[]).is_ok());
    }
    assert!(matches!(failover(&mrk, &[IRELAND]), Err(KmsConfigError::FailoverRegionTwice { .. })));
    assert!(matches!(failover(&mrk, &[OREGON, OREGON]), Err(KmsConfigError::FailoverRegionTwice { .. })));
    assert!(matches!(failover(&mrk, &["mars"]), Err(KmsConfigError::NotARegion { .. })));
    let rig = Rig::new();
    let without_client = failover(&mrk, &["ap-northeast-1"]).unwrap();
    let refused = AwsKmsKeyring::strict(rig.clients.clone(), vec![without_client]);
    assert!(matches!(refused, Err(KmsConfigError::NoClient { .. })));
}

#[test]
fn discovery_is_limited_to_accounts() {
    assert!(DiscoveryFilter::new("aws", [ACCOUNT]).is_ok());
    assert_eq!(DiscoveryFilter::new("aws", Vec::<String>::new()).err(), Some(KmsConfigError::EmptyFilter));
    assert_eq!(DiscoveryFilter::new("", [ACCOUNT]).err(), Some(KmsConfigError::EmptyFilter));
    for account in ["", "1", "11112222333x", "1111222233334"] {
        assert!(matches!(DiscoveryFilter::new("aws", [account]), Err(KmsConfigError::NotAnAccount { .. })));
    }
}

#[tokio::test]
async fn multi_region_discovery_needs_regions_with_clients() {
    let rig = Rig::new();
    let new = |regions: &[&str]| {
        let regions = regions.iter().map(ToString::to_string).collect();
        AwsKmsKeyring::mrk_discovery(rig.clients.clone(), regions, DiscoveryFilter::new("aws", [ACCOUNT]).unwrap())
    };
    assert!(new(&[IRELAND]).is_ok());
    assert!(matches!(new(&[]), Err(KmsConfigError::NoDiscoveryRegion)));
    assert!(matches!(new(&["ap-northeast-1"]), Err(KmsConfigError::NoClient { .. })));
}
