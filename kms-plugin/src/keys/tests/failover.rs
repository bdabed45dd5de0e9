//! Replicas of a multi-Region key.

use sealkit_rig::{Effect, FaultRule, KeyState};

use super::*;

fn with_replica(name: &str, encrypt_failover: bool) -> KeySetSettings {
    keys(KeySettings { replicas: vec![VIRGINIA.to_owned()], encrypt_failover, ..key(name) }, Vec::new())
}

async fn wrapped(rig: &Rig, name: &str) -> Vec<u8> {
    rig.open(&single(name)).await.encrypt(&v1(), b"dek").await.unwrap().ciphertext
}

#[tokio::test]
async fn decrypt_fails_over_from_a_silent_region_in_time_and_then_avoids_it() {
    let rig = Rig::new();
    let name = rig.aws.kms().create_multi_region_key(&[IRELAND, VIRGINIA]);
    let (first, second) = (wrapped(&rig, &name).await, wrapped(&rig, &name).await);
    let set = rig.open(&with_replica(&name, false)).await;
    rig.aws.inject(FaultRule::new(Effect::Silence).in_region(IRELAND));
    let start = Instant::now();
    assert_eq!(opened(&set, &first).await, b"dek");
    assert!(start.elapsed() < Duration::from_millis(2000), "{:?}", start.elapsed());
    let told = rig.told();
    let [.., failed, answered] = &told[..] else { panic!("{told:?}") };
    assert_eq!((failed.region.as_str(), failed.outcome), (IRELAND, Err(FaultClass::Outage)));
    assert_eq!((answered.region.as_str(), answered.outcome, &answered.key), (VIRGINIA, Ok(()), &name));

    let start = Instant::now();
    assert_eq!(opened(&set, &second).await, b"dek");
    assert!(start.elapsed() < Duration::from_millis(500), "{:?}", start.elapsed());
    rig.aws.clear_faults();
    assert!(set.probe(v1().deadline).await.succeeded(), "the probe asks home first");
    let third = wrapped(&rig, &name).await;
    assert_eq!(opened(&set, &third).await, b"dek");
    assert_eq!(rig.last_told().region, IRELAND, "and brings the others back");
}

#[tokio::test]
async fn encrypt_fails_over_only_where_that_was_asked_for() {
    let rig = Rig::new();
    let name = rig.aws.kms().create_multi_region_key(&[IRELAND, VIRGINIA]);
    rig.aws.inject(FaultRule::new(Effect::Status(500)).in_region(IRELAND));
    let refusal = rig.open(&with_replica(&name, false)).await.encrypt(&v1(), b"dek").await.err().unwrap();
    assert_eq!(refusal.fault_class(), Some(FaultClass::Outage));
    let set = rig.open(&with_replica(&name, true)).await;
    let wrapped = set.encrypt(&v1(), b"dek").await.unwrap();
    assert_eq!(&*wrapped.key_id, name, "the key_id stays");
    assert_eq!(rig.aws.calls().log().pop().unwrap().key_id, Some(name.replace(IRELAND, VIRGINIA)));
    rig.aws.clear_faults();
    assert_eq!(opened(&rig.open(&single(&name)).await, &wrapped.ciphertext).await, b"dek", "and reads at home");
}

#[tokio::test]
async fn a_key_that_is_disabled_at_home_is_not_used_elsewhere() {
    let rig = Rig::new();
    let name = rig.aws.kms().create_multi_region_key(&[IRELAND, VIRGINIA]);
    let wrapped = wrapped(&rig, &name).await;
    rig.aws.kms().set_state(&name, KeyState::Disabled);
    let set = rig.open(&with_replica(&name, true)).await;
    assert_eq!(refused(&set, v1(), &wrapped).await.fault_class(), Some(FaultClass::Revoked));
    assert!(set.encrypt(&v1(), b"dek").await.is_err());
    assert_eq!(rig.aws.calls().count_in(Operation::Decrypt, VIRGINIA), 0);
    assert_eq!(rig.aws.calls().count_in(Operation::Encrypt, VIRGINIA), 0);
}

#[tokio::test]
async fn throttling_at_home_is_served_by_the_replica() {
    let rig = Rig::new();
    let name = rig.aws.kms().create_multi_region_key(&[IRELAND, VIRGINIA]);
    let wrapped = wrapped(&rig, &name).await;
    rig.aws.inject(FaultRule::new(Effect::Throttle).in_region(IRELAND));
    assert_eq!(opened(&rig.open(&with_replica(&name, false)).await, &wrapped).await, b"dek");
}
