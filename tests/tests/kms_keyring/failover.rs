//! Replicas stand in when a Region does not answer, and never when it refuses.

use sealkit_aws::FaultClass;
use sealkit_rig::{Effect, FaultRule, KeyState};

use super::*;

/// A multi-Region key of all three Regions, and its replicas in the order of failover.
fn replicas(rig: &Rig) -> [String; 3] {
    let ireland = rig.aws.kms().create_multi_region_key(&[IRELAND, VIRGINIA, OREGON]);
    [ireland.clone(), ireland.replace(IRELAND, OREGON), ireland.replace(IRELAND, VIRGINIA)]
}

/// A keyring of the first, failing over to the others in order.
fn keyring(rig: &Rig, replicas: &[String; 3], encrypt: bool) -> AwsKmsKeyring {
    let key = KmsKey::new(replicas[0].parse().unwrap());
    let key = key.with_failover_regions([OREGON, VIRGINIA]).unwrap().with_encrypt_failover(encrypt);
    AwsKmsKeyring::strict(rig.clients.clone(), vec![key]).unwrap()
}

fn outages() -> [Effect; 6] {
    [
        Effect::Status(500),
        Effect::Status(503),
        Effect::Throttle,
        Effect::Close,
        Effect::Silence,
        Effect::Error(500, "KMSInternalException".to_owned(), "internal".to_owned()),
    ]
}

#[tokio::test]
async fn decrypt_goes_through_the_regions_in_order_on_outage_and_throttling() {
    for effect in outages() {
        let rig = Rig::new();
        let replicas = replicas(&rig);
        let message = [wrapped(&rig, &replicas[0]).await];
        rig.aws.calls().reset();
        let observed = Observed::default();
        let keyring = observed.by(keyring(&rig, &replicas, false));
        rig.aws.inject(FaultRule::new(effect.clone()).in_region(IRELAND));
        assert!(decrypt(&keyring, &message).await.is_ok(), "{effect:?}");
        assert_eq!(rig.key_ids(), replicas[..2], "{effect:?}");
        let outcomes: Vec<_> = observed.calls().into_iter().map(|call| (call.region, call.outcome.is_ok())).collect();
        assert_eq!(outcomes, [(IRELAND.to_owned(), false), (OREGON.to_owned(), true)]);
        assert_eq!(observed.calls()[1].ciphertext, message[0].ciphertext);

        rig.aws.inject(FaultRule::new(effect).in_region(OREGON));
        assert!(decrypt(&keyring, &message).await.is_ok());
        assert_eq!(rig.key_ids()[2..], replicas);
    }
}

#[tokio::test]
async fn a_refusal_is_not_got_round() {
    let rig = Rig::new();
    let replicas = replicas(&rig);
    let message = [wrapped(&rig, &replicas[0]).await];
    let refused = async |class: FaultClass| {
        rig.aws.calls().reset();
        let errors = collected(decrypt(&keyring(&rig, &replicas, false), &message).await);
        let [KeyringError::Kms(fault)] = &errors[..] else { panic!("{errors:?}") };
        assert_eq!((fault.class(), rig.aws.calls().total()), (class, 1));
    };
    rig.aws.kms().set_state(&replicas[0], KeyState::Disabled);
    refused(FaultClass::Revoked).await;
    rig.aws.kms().set_state(&replicas[0], KeyState::Enabled);
    rig.aws.kms().deny(Operation::Decrypt, Some(&replicas[0]));
    refused(FaultClass::Denied).await;
    rig.aws.kms().allow_all();
    rig.aws.kms().delete(&replicas[0]);
    refused(FaultClass::Absent).await;
}

#[tokio::test]
async fn an_answer_for_another_key_is_not_got_round() {
    let rig = Rig::new();
    let replicas = replicas(&rig);
    let message = [wrapped(&rig, &replicas[0]).await];
    rig.aws.calls().reset();
    rig.aws.inject(FaultRule::new(Effect::WrongKeyId(replicas[1].clone())).in_region(IRELAND));
    let errors = collected(decrypt(&keyring(&rig, &replicas, false), &message).await);
    assert!(matches!(&errors[..], [KeyringError::KmsRule(_)]), "{errors:?}");
    assert_eq!(rig.aws.calls().total(), 1);
}

#[tokio::test]
async fn when_no_region_answers_each_is_named() {
    let rig = Rig::new();
    let replicas = replicas(&rig);
    let message = [wrapped(&rig, &replicas[0]).await];
    rig.aws.inject(FaultRule::new(Effect::Status(503)));
    let error = decrypt(&keyring(&rig, &replicas, false), &message).await.err().unwrap();
    assert_eq!(error.leaves().len(), 3);
    for region in [IRELAND, OREGON, VIRGINIA] {
        assert!(error.to_string().contains(region), "{error}");
    }
}

#[tokio::test]
async fn encrypt_does_not_fail_over_unless_asked() {
    let rig = Rig::new();
    let replicas = replicas(&rig);
    rig.aws.inject(FaultRule::new(Effect::Status(503)).in_region(IRELAND));
    let error = encrypt(&keyring(&rig, &replicas, false)).await.err().unwrap();
    assert!(matches!(&error, KeyringError::Kms(fault) if fault.class() == FaultClass::Outage), "{error}");
    assert_eq!(rig.aws.calls().total(), 1);

    let materials = encrypt(&keyring(&rig, &replicas, true)).await.unwrap();
    assert_eq!(materials.encrypted_data_keys[0].provider_info, replicas[1].as_bytes(), "the replica is named");
    rig.aws.clear_faults();
    assert!(decrypt(&keyring(&rig, &replicas, false), &materials.encrypted_data_keys).await.is_ok());
}

#[tokio::test]
async fn a_further_key_fails_over_on_encrypt_as_the_first_does() {
    let rig = Rig::new();
    let (first, replicas) = (rig.aws.kms().create_key(VIRGINIA), replicas(&rig));
    let further = KmsKey::new(replicas[0].parse().unwrap());
    let further = further.with_failover_regions([OREGON]).unwrap().with_encrypt_failover(true);
    let keys = vec![KmsKey::new(first.parse().unwrap()), further];
    let keyring = AwsKmsKeyring::strict(rig.clients.clone(), keys).unwrap();
    rig.aws.inject(FaultRule::new(Effect::Throttle).in_region(IRELAND));
    let materials = encrypt(&keyring).await.unwrap();
    let names: Vec<_> = materials.encrypted_data_keys.iter().map(|wrapped| wrapped.provider_info.clone()).collect();
    assert_eq!(names, [first.as_bytes(), replicas[1].as_bytes()]);
}
