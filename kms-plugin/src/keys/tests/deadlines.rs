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
    let begin = Instant::now();
    const CALLS: u64 = 80;
    for _ in 0..CALLS / 40 {
        let all = (0..40).map(|_| async { set.encrypt(&v1(), b"dek").await.err().unwrap() });
        for refusal in futures_util::future::join_all(all).await {
            let throttled = refusal.fault_class() == Some(FaultClass::Throttled);
            assert!(throttled || matches!(refusal, Refusal::Busy { .. }), "{refusal}");
        }
    }
    // Each call is sent once; a bucket of 500 tokens, 5 a retry, gives 100 retries; and then one lane is left, in which
    // a call is sent again each tenth of a second at most.
    let (sent, tenths) = (rig.calls(Operation::Encrypt), begin.elapsed().as_millis() / 100);
    assert!(
        u128::from(sent) <= u128::from(CALLS) + 100 + tenths,
        "{sent} requests for {CALLS} calls in {tenths} tenths of a second"
    );
}

/// KMS' limit is that of a Region, and many callers at once find it sooner: each is served within its time.
#[tokio::test]
async fn callers_beyond_the_rate_are_served_one_after_the_other() {
    let rig = Rig::new();
    let set = rig.open(&single(&rig.aws.kms().create_key(IRELAND))).await;
    rig.aws.set_rate_limit(Operation::Encrypt, Some(50));
    let all = (0..100).map(|_| async { set.encrypt(&v1(), b"dek").await });
    let failed = futures_util::future::join_all(all).await.into_iter().filter_map(Result::err);
    assert_eq!(failed.map(|refusal| refusal.to_string()).collect::<Vec<_>>(), Vec::<String>::new());
}

#[tokio::test]
async fn more_than_the_permits_wait_a_bounded_time_and_the_probe_does_not_wait() {
    let rig = Rig::new();
    let set = rig.open(&single(&rig.aws.kms().create_key(IRELAND))).await;
    rig.aws.inject(FaultRule::new(Effect::Silence));
    // All three attempts are met with silence: each holds its place for three seconds.
    let holders = {
        let set = set.clone();
        let all = (0..64).map(move |_| {
            let set = set.clone();
            async move { set.encrypt(&request(Api::V1Beta1, Duration::from_secs(10)), b"dek").await }
        });
        tokio::spawn(futures_util::future::join_all(all))
    };
    while rig.calls(Operation::Encrypt) < 64 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let flood =
        (0..136).map(|_| async { set.encrypt(&request(Api::V1Beta1, Duration::from_millis(300)), b"dek").await });
    let start = Instant::now();
    let flood = futures_util::future::join_all(flood).await;
    assert!(flood.iter().all(|it| matches!(it, Err(Refusal::Busy { .. }))), "each waits for a place, in vain");
    assert!(start.elapsed() >= Duration::from_millis(120), "half of its time");
    assert_eq!(rig.aws.calls().peak_in_flight(), 64);

    let report = set.probe(Instant::now() + Duration::from_millis(400)).await;
    assert_eq!(report.encrypt.err().unwrap().class(), FaultClass::Outage);
    let [told] = &rig.told()[..] else { panic!("only the probe had an answer so far: {:?}", rig.told()) };
    assert_eq!((told.source, told.outcome), (Source::Probe, Err(FaultClass::Outage)), "KMS' own silence");

    rig.aws.clear_faults();
    assert!(set.probe(Instant::now() + Duration::from_millis(2500)).await.succeeded());
    let held = holders.await.unwrap();
    assert!(held.iter().all(|it| !matches!(it, Err(Refusal::Busy { .. }))));
}

#[tokio::test]
async fn a_transient_failure_is_tried_again() {
    let rig = Rig::new();
    let set = rig.open(&single(&rig.aws.kms().create_key(IRELAND))).await;
    rig.aws.inject(FaultRule::new(Effect::Status(503)).times(2));
    assert!(set.encrypt(&v1(), b"dek").await.is_ok());
    assert_eq!((rig.calls(Operation::Encrypt), rig.told().len()), (3, 1), "three attempts are one call");
}
