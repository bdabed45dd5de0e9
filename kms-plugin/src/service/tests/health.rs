//! Status while KMS and keys come and go, over real calls, in real time but for the waits between probes; the bounds that
//! take minutes are shown of the state machine and the prober, in time that is stopped.

use sealkit_rig::{Effect, FaultRule, KeyState, Operation};
use tonic::Code;

use super::*;

#[tokio::test]
async fn kms_out_at_the_start_is_unhealthy_with_a_reason_and_recovers() {
    let rig = Rig::with(|aws| aws.inject(FaultRule::new(Effect::Silence))).await;
    let start = Instant::now();
    let status = rig.status().await.unwrap();
    let waited = start.elapsed();
    assert_eq!((&*status.healthz, &*status.key_id), ("err: starting", &*rig.key));
    assert!((1_400..1_700).contains(&waited.as_millis()), "{waited:?}");
    rig.until("err: kms-unreachable", 3).await;
    let start = Instant::now();
    assert_eq!(rig.says().await, "err: kms-unreachable");
    assert!(start.elapsed() < Duration::from_millis(20), "from memory: {:?}", start.elapsed());
    let state = |state: &str| rig.metric(&format!("seal_kms_plugin_state{{socket=\"/run/a.sock\",state=\"{state}\"}}"));
    assert_eq!((state("out"), state("ok")), (Some(1.0), Some(0.0)));
    rig.aws.clear_faults();
    rig.until_probes_say("ok", 10).await;
    assert_eq!((state("out"), state("ok")), (Some(0.0), Some(1.0)));
}

#[tokio::test]
async fn an_outage_serves_what_is_cached_and_says_ok_at_first() {
    let rig = Rig::start().await;
    rig.until("ok", 5).await;
    let sealed = rig.encrypt("uid-1").await.unwrap();
    rig.aws.inject(FaultRule::new(Effect::Status(500)));
    rig.encrypt("uid-2").await.unwrap_err();
    assert_eq!(rig.decrypt(&sealed, "uid-3").await.unwrap(), SECRET);
    assert_eq!(rig.says().await, "ok");
    assert_eq!(rig.metric("seal_kms_plugin_degraded{socket=\"/run/a.sock\"}"), Some(1.0));
}

#[tokio::test]
async fn a_disabled_key_stops_writes_is_flushed_and_comes_back() {
    let rig = Rig::start().await;
    let sealed = rig.encrypt("uid-1").await.unwrap();
    rig.aws.kms().set_state(&rig.key, KeyState::Disabled);
    assert_eq!(rig.encrypt("uid-2").await.unwrap_err().code(), Code::FailedPrecondition);
    assert_eq!(rig.decrypt(&sealed, "uid-3").await.unwrap(), SECRET, "until it is certain");
    rig.until_probes_say("FailedPrecondition", 15).await;
    let status = rig.status().await.unwrap_err();
    assert!(status.message().contains("key-disabled") && status.message().contains(&rig.key), "{status}");
    let flushed = Instant::now();
    while rig.decrypt(&sealed, "uid-4").await.is_ok() {
        assert!(flushed.elapsed() < Duration::from_secs(3), "one second after it is certain");
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(rig.decrypt(&sealed, "uid-5").await.unwrap_err().code(), Code::FailedPrecondition);
    rig.aws.kms().set_state(&rig.key, KeyState::Enabled);
    let back = rig.until_probes_say("ok", 30).await;
    assert!(back < Duration::from_secs(10), "{back:?}");
    assert_eq!(rig.decrypt(&sealed, "uid-6").await.unwrap(), SECRET);
}

#[tokio::test]
async fn a_key_that_cannot_encrypt_is_not_flushed() {
    let rig = Rig::start().await;
    let sealed = rig.encrypt("uid-1").await.unwrap();
    rig.until("ok", 5).await;
    let refused = Effect::Error(400, "DisabledException".to_owned(), "as told".to_owned());
    rig.aws.inject(FaultRule::new(refused).on(Operation::Encrypt));
    rig.encrypt("uid-2").await.unwrap_err();
    rig.until_probes_say("FailedPrecondition", 15).await;
    rig.next_probe().await;
    rig.next_probe().await;
    let decrypts = rig.aws.calls().count(Operation::Decrypt);
    assert_eq!(rig.decrypt(&sealed, "uid-3").await.unwrap(), SECRET);
    assert!(rig.aws.calls().count(Operation::Decrypt) <= decrypts + 1, "from memory; a probe may be under way");
    assert_eq!(rig.metric("seal_kms_plugin_flushes_total{socket=\"/run/a.sock\"}"), Some(0.0));
}

#[tokio::test]
async fn an_object_that_cannot_be_decrypted_changes_nothing() {
    let rig = Rig::start().await;
    rig.until("ok", 5).await;
    let poison = Rig::start().await.encrypt("uid-1").await.unwrap();
    for _ in 0..30 {
        rig.decrypt(&poison, "uid-2").await.unwrap_err();
        assert_eq!(rig.says().await, "ok");
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(rig.metric("seal_kms_plugin_degraded{socket=\"/run/a.sock\"}"), Some(0.0));
}

#[tokio::test]
async fn a_revoked_read_key_loses_its_cache_and_leaves_status_alone() {
    let rig = Rig::start().await;
    let (old, new) = (rig.key.clone(), rig.aws.kms().create_key(REGION));
    let sealed_by_old = rig.encrypt("uid-1").await.unwrap();
    let rotated = KeySetSettings { read: vec![key(&old)], ..settings(&new) };
    rig.socket.install(rig.socket.prepare(&rotated, &rig.clients).await.unwrap());
    let sealed = rig.encrypt("uid-2").await.unwrap();

    rig.aws.kms().set_state(&old, KeyState::Disabled);
    assert_eq!(rig.decrypt(&sealed_by_old, "uid-3").await.unwrap(), SECRET, "cached, and nothing is known yet");
    // As if another entry had been evicted: KMS is asked, and refuses.
    let evicted = rig.socket.keys().flush(&old);
    assert_eq!(evicted.unwraps, 1);
    for pause in [6, 0] {
        let refused = rig.decrypt(&sealed_by_old, "uid-4").await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition);
        rig.skip(Duration::from_secs(pause));
    }
    sleep(Duration::from_millis(500)).await;
    assert_eq!(rig.says().await, "ok");
    assert_eq!(rig.metric("seal_kms_plugin_flushes_total{socket=\"/run/a.sock\"}"), Some(1.0));
    let calls = rig.aws.calls().count(Operation::Decrypt);
    assert_eq!(rig.decrypt(&sealed, "uid-5").await.unwrap(), SECRET);
    assert_eq!(rig.aws.calls().count(Operation::Decrypt), calls, "the write key's cache is whole");
}
