//! A write key and read keys.

use sealkit_rig::{Effect, FaultRule, KeyState};

use super::*;

async fn wrapped(rig: &Rig, settings: KeySettings) -> Vec<u8> {
    rig.open(&keys(settings, Vec::new())).await.encrypt(&v1(), b"dek").await.unwrap().ciphertext
}

fn regions(rig: &Rig) -> Vec<String> {
    rig.aws.calls().log().into_iter().filter(|it| it.operation == Operation::Decrypt).map(|it| it.region).collect()
}

#[tokio::test]
async fn keys_of_one_region_and_context_are_one_try() {
    let rig = Rig::new();
    let [a, b, c] = [(); 3].map(|()| rig.aws.kms().create_key(IRELAND));
    let wrapped = wrapped(&rig, key(&c)).await;
    let set = rig.open(&keys(key(&a), vec![key(&b), key(&c)])).await;
    assert_eq!(opened(&set, &wrapped).await, b"dek");
    assert_eq!(rig.calls(Operation::Decrypt), 1);
    assert_eq!((rig.last_told().key, rig.last_told().speaks_for_key), (c, true), "told for the key that answered");
}

#[tokio::test]
async fn refusals_lead_from_context_to_context_and_from_region_to_region() {
    let rig = Rig::new();
    let (write, context, abroad) =
        (rig.aws.kms().create_key(IRELAND), rig.aws.kms().create_key(IRELAND), rig.aws.kms().create_key(VIRGINIA));
    let second = with_context(&context, &[("k", "v")]);
    let settings = keys(key(&write), vec![second.clone(), key(&abroad)]);
    let (in_second, in_third) = (wrapped(&rig, second).await, wrapped(&rig, key(&abroad)).await);
    let set = rig.open(&settings).await;
    assert_eq!(opened(&set, &in_second).await, b"dek");
    assert_eq!(regions(&rig), [IRELAND, IRELAND]);
    rig.aws.calls().reset();
    assert_eq!(opened(&set, &in_third).await, b"dek", "KMS denies what it does not find in a Region");
    assert_eq!(regions(&rig), [IRELAND, IRELAND, VIRGINIA]);
    assert_eq!(opened(&set, &in_third).await, b"dek");
    assert_eq!(regions(&rig).len(), 3, "and it is remembered");

    rig.aws.calls().reset();
    let set = rig.open(&settings).await;
    let plaintext = set.decrypt(&v2(), &in_third, Some(&abroad), &HashMap::new()).await;
    assert_eq!(plaintext.map_err(|it| it.to_string()).unwrap().expose_secret(), b"dek");
    assert_eq!(regions(&rig), [VIRGINIA], "v2 says which");
    rig.aws.calls().reset();
    let set = rig.open(&settings).await;
    let plaintext = set.decrypt(&v2(), &in_third, Some("a key_id of before"), &HashMap::new()).await;
    assert!(plaintext.is_ok());
}

#[tokio::test]
async fn only_a_refusal_leads_on() {
    let rig = Rig::new();
    let (write, read) = (rig.aws.kms().create_key(IRELAND), rig.aws.kms().create_key(VIRGINIA));
    let wrapped = wrapped(&rig, key(&read)).await;
    let set = rig.open(&keys(key(&write), vec![key(&read)])).await;
    rig.aws.inject(FaultRule::new(Effect::Throttle).in_region(IRELAND));
    assert_eq!(refused(&set, v1(), &wrapped).await.fault_class(), Some(FaultClass::Throttled));
    assert_eq!(rig.aws.calls().count_in(Operation::Decrypt, VIRGINIA), 0);
    let plaintext = set.decrypt(&v2(), &wrapped, Some(&read), &HashMap::new()).await;
    assert!(plaintext.is_ok(), "the write key's trouble is not the read key's");
}

#[tokio::test]
async fn a_revoked_read_key_speaks_for_itself_and_not_for_the_write_key() {
    let rig = Rig::new();
    let [write, read] = [(); 2].map(|()| rig.aws.kms().create_key(IRELAND));
    let (under_read, under_write) = (wrapped(&rig, key(&read)).await, wrapped(&rig, key(&write)).await);
    let set = rig.open(&keys(key(&write), vec![key(&read)])).await;
    rig.aws.kms().set_state(&read, KeyState::PendingDeletion);
    assert_eq!(refused(&set, v1(), &under_read).await.fault_class(), Some(FaultClass::Revoked));
    assert_eq!((rig.last_told().key, rig.last_told().speaks_for_key), (read.clone(), true));
    assert_eq!(opened(&set, &under_write).await, b"dek");
    rig.aws.kms().deny(Operation::Decrypt, Some(&read));
    assert_eq!(refused(&set, v1(), &under_read).await.fault_class(), Some(FaultClass::Denied));
    assert_eq!((rig.last_told().key, rig.last_told().speaks_for_key), (read, true));
}

#[tokio::test]
async fn a_flood_for_a_silent_key_leaves_room_for_another_of_its_region() {
    let rig = Rig::new();
    let [silent, other] = [(); 2].map(|()| rig.aws.kms().create_key(IRELAND));
    let (flooded, calm) = (rig.open(&single(&silent)).await, rig.open(&single(&other)).await);
    rig.aws.inject(FaultRule::new(Effect::Silence).for_key(&silent));
    let flood =
        (0..100).map(|_| async { flooded.encrypt(&request(Api::V1Beta1, Duration::from_secs(1)), b"dek").await });
    let calm = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        calm.encrypt(&request(Api::V1Beta1, Duration::from_millis(500)), b"dek").await
    };
    let (flood, calm) = tokio::join!(futures_util::future::join_all(flood), calm);
    assert!(flood.iter().all(Result::is_err));
    assert!(calm.is_ok());
}
