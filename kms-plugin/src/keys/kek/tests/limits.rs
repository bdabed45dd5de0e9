//! Limits on age and uses, and renewal.

use super::*;

const FEW: LocalKekSettings = LocalKekSettings {
    renew_after: Duration::from_secs(7 * DAY),
    max_age: Duration::from_secs(14 * DAY),
    renew_after_uses: 5,
    max_uses: 10,
};

#[tokio::test]
async fn a_start_makes_a_kek_without_a_request() {
    let rig = Rig::new();
    let kek = rig.start_with(Some(LocalKekSettings::default()), None);
    until("a KEK", || kek.carries_writes()).await;
    assert!(kek.carries_restart());
    assert_eq!(kek.statistics().writing.unwrap().uses, 0);
}

#[tokio::test]
async fn requests_wait_for_the_first_kek_and_make_one_call() {
    let rig = Rig::new();
    let kek = rig.start_with(Some(LocalKekSettings::default()), None);
    let writes = futures_util::future::join_all((0..100).map(|_| write(&kek, Api::V1Beta1))).await;
    assert!(writes.iter().all(Result::is_ok));
    assert_eq!(rig.kms.generates(), 1);
}

#[tokio::test]
async fn a_kek_is_renewed_by_age_and_the_old_one_reads_on() {
    let rig = Rig::new();
    let kek = rig.start_with(Some(LocalKekSettings::default()), None);
    let old = write(&kek, Api::V1Beta1).await.unwrap();
    rig.advance(7 * DAY - 1);
    assert_eq!(kek_of(&write(&kek, Api::V1Beta1).await.unwrap()), kek_of(&old));
    rig.advance(1);
    write(&kek, Api::V1Beta1).await.unwrap();
    until("another KEK", || rig.kms.generates() == 2 && kek.statistics().writing.unwrap().age_seconds == 0).await;
    assert_ne!(kek_of(&write(&kek, Api::V1Beta1).await.unwrap()), kek_of(&old));
    assert_eq!(read(&kek, Api::V1Beta1, &old).await.unwrap(), SEED);
    assert_eq!(rig.kms.unwraps(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_kek_that_nobody_uses_is_renewed_too() {
    let rig = Rig::new();
    let kek = rig.start_with(Some(LocalKekSettings::default()), None);
    until("a KEK", || kek.carries_writes()).await;
    rig.advance(7 * DAY);
    sleep(Duration::from_secs(70)).await;
    assert_eq!(kek.statistics().writing.unwrap().age_seconds, 0);
}

#[tokio::test]
async fn a_kek_is_renewed_by_uses() {
    let rig = Rig::new();
    let kek = rig.start_with(Some(FEW), None);
    for _ in 0..5 {
        write(&kek, Api::V2).await.unwrap();
    }
    until("another KEK", || kek.statistics().writing.unwrap().uses == 0).await;
    assert_eq!(rig.kms.generates(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_fails_keeps_the_old_kek_up_to_its_uses() {
    let rig = Rig::new();
    let kek = rig.start_with(Some(FEW), None);
    let first = write(&kek, Api::V1Beta1).await.unwrap();
    rig.kms.fail(FaultClass::Outage);
    for used in 2..=10 {
        let written = write(&kek, Api::V1Beta1).await.unwrap();
        assert_eq!(kek_of(&written), kek_of(&first), "use {used}");
    }
    assert!(!kek.carries_writes());
    let refusal = write(&kek, Api::V1Beta1).await.err().unwrap();
    assert_eq!(refusal.fault_class(), Some(FaultClass::Outage));
    assert_eq!(read(&kek, Api::V1Beta1, &first).await.unwrap(), SEED, "it reads for ever");
    sleep(Duration::from_secs(300)).await;
    let asked = rig.kms.generates();
    assert!((3..60).contains(&asked), "backed off: {asked} calls in 300 s");
    assert!(kek.statistics().failures > 2);

    rig.kms.fail(None);
    kek.kms_answers();
    until("another KEK", || kek.carries_writes()).await;
    assert_eq!(kek.statistics().failures, 0);
    write(&kek, Api::V1Beta1).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_fails_keeps_the_old_kek_up_to_its_age() {
    let rig = Rig::new();
    let kek = rig.start_with(Some(LocalKekSettings::default()), None);
    write(&kek, Api::V2).await.unwrap();
    rig.kms.fail(FaultClass::ExpiredLogin);
    rig.advance(14 * DAY - 1);
    write(&kek, Api::V2).await.unwrap();
    assert!(kek.carries_writes());
    rig.advance(1);
    assert!(!kek.carries_writes());
    let refusal = write(&kek, Api::V2).await.err().unwrap();
    assert_eq!(refusal.fault_class(), Some(FaultClass::ExpiredLogin));
    rig.kms.fail(None);
    write(&kek, Api::V2).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_outage_at_start_is_survived_and_says_why() {
    let rig = Rig::new();
    rig.kms.fail(FaultClass::Outage);
    let kek = rig.start_with(Some(LocalKekSettings::default()), None);
    assert!(!kek.carries_writes());
    let refusal = write(&kek, Api::V2).await.err().unwrap();
    assert_eq!(refusal.fault_class(), Some(FaultClass::Outage));
    rig.kms.fail(None);
    sleep(Duration::from_secs(31)).await;
    assert!(kek.carries_writes(), "it comes back by itself");
}

#[tokio::test]
async fn a_kek_from_the_future_is_renewed() {
    let rig = Rig::new();
    let kek = rig.start_with(Some(LocalKekSettings::default()), None);
    write(&kek, Api::V2).await.unwrap();
    rig.clock.0.fetch_sub(2 * 60 * 60, Ordering::SeqCst);
    write(&kek, Api::V2).await.unwrap();
    until("another KEK", || rig.kms.generates() == 2).await;
}

#[tokio::test]
async fn limits_hold_for_writes_at_the_same_time() {
    let rig = Rig::new();
    let settings = LocalKekSettings { renew_after_uses: 50, max_uses: 50, ..LocalKekSettings::default() };
    let kek = rig.start_with(Some(settings), None);
    let writes = futures_util::future::join_all((0..1000).map(|_| write(&kek, Api::V1Beta1))).await;
    let mut uses: HashMap<KekId, u32> = HashMap::new();
    for written in writes {
        *uses.entry(kek_of(&written.unwrap())).or_default() += 1;
    }
    assert!(uses.values().all(|&uses| uses <= 50), "{uses:?}");
}
