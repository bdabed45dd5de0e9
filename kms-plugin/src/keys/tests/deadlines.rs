//! Calls end in time, and throttling makes no storm.

use sealkit_rig::{Effect, FaultRule};

use super::*;

#[tokio::test]
async fn silence_ends_inside_the_deadline_with_its_cause() {
    let rig = Rig::new();
    let set = rig.open(&single(&rig.aws.kms().create_key(IRELAND))).await;
    rig.aws.inject(FaultRule::new(Effect::Silence));
    for time in [Duration::from_millis(300), Duration::from_millis(1500)] {
        let start = Instant::now();
        let request = request(Api::V1Beta1, time);
        let refusal = set.encrypt(&request, b"dek").await.err().unwrap();
        assert_eq!(refusal.fault_class(), Some(FaultClass::Outage), "{refusal}");
        assert!(start.elapsed() < time, "{:?}", start.elapsed());
        let refusal = refused(&set, self::request(Api::V1Beta1, time), b"1\x01blob").await;
        assert_eq!(refusal.fault_class(), Some(FaultClass::Outage), "{refusal}");
    }
    assert!(rig.told().iter().all(|told| told.outcome == Err(FaultClass::Outage) && told.speaks_for_key));
}

#[tokio::test]
async fn without_time_there_is_no_call() {
    let rig = Rig::new();
    let set = rig.open(&single(&rig.aws.kms().create_key(IRELAND))).await;
    let late = request(Api::V1Beta1, Duration::from_millis(10));
    assert!(matches!(set.encrypt(&late, b"dek").await, Err(Refusal::Deadline)));
    assert!(matches!(refused(&set, late, b"1\x01blob").await, Refusal::Deadline));
    assert_eq!(rig.aws.calls().total(), 0);
}

#[tokio::test]
async fn who_joined_a_call_with_less_time_gets_one_of_its_own() {
    let rig = Rig::new();
    let name = rig.aws.kms().create_key(IRELAND);
    let wrapped = rig.open(&single(&name)).await.encrypt(&v1(), b"dek").await.unwrap().ciphertext;
    let set = rig.open(&single(&name)).await;
    rig.aws.set_latency(None, Duration::from_millis(600));
    let hasty = decrypt(&set, request(Api::V1Beta1, Duration::from_millis(300)), &wrapped);
    let patient = decrypt(&set, request(Api::V1Beta1, Duration::from_millis(2500)), &wrapped);
    let (hasty, patient) = tokio::join!(hasty, patient);
    assert!(hasty.is_err());
    assert_eq!(patient.map_err(|it| it.to_string()).unwrap().expose_secret(), b"dek");
    assert_eq!(rig.calls(Operation::Decrypt), 2);
}

#[tokio::test]
async fn lasting_throttling_makes_no_storm() {
    let rig = Rig::new();
    let set = rig.open(&single(&rig.aws.kms().create_key(IRELAND))).await;
    rig.aws.inject(FaultRule::new(Effect::Throttle));
    const CALLS: u64 = 400;
    for _ in 0..CALLS / 40 {
        let all = (0..40).map(|_| async { set.encrypt(&v1(), b"dek").await.err().unwrap().fault_class() });
        let all = futures_util::future::join_all(all).await;
        assert!(all.iter().all(|class| *class == Some(FaultClass::Throttled)));
    }
    // A bucket of 500 tokens, 5 a retry: at most 100 retries, however many calls there are.
    let sent = rig.calls(Operation::Encrypt);
    assert!((CALLS..=CALLS + 100).contains(&sent), "{sent} requests for {CALLS} calls");
}

#[tokio::test]
async fn more_than_the_permits_wait_a_bounded_time_and_the_probe_does_not_wait() {
    let rig = Rig::new();
    let set = rig.open(&single(&rig.aws.kms().create_key(IRELAND))).await;
    rig.aws.set_latency(None, Duration::from_millis(800));
    let flood =
        (0..200).map(|_| async { set.encrypt(&request(Api::V1Beta1, Duration::from_millis(1500)), b"dek").await });
    let probe = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        set.probe(Instant::now() + Duration::from_millis(2500)).await.succeeded()
    };
    let (flood, probe) = tokio::join!(futures_util::future::join_all(flood), probe);
    assert!(probe);
    let busy = flood.iter().filter(|it| matches!(it, Err(Refusal::Busy { .. }))).count();
    assert_eq!(busy, 200 - 64);
    assert!(rig.aws.calls().peak_in_flight() <= 65);
}

#[tokio::test]
async fn a_transient_failure_is_tried_again() {
    let rig = Rig::new();
    let set = rig.open(&single(&rig.aws.kms().create_key(IRELAND))).await;
    rig.aws.inject(FaultRule::new(Effect::Status(503)).times(2));
    assert!(set.encrypt(&v1(), b"dek").await.is_ok());
    assert_eq!((rig.calls(Operation::Encrypt), rig.told().len()), (3, 1), "three attempts are one call");
}
