//! KMS is a black hole: what is promised in which mode.

use std::time::{Duration, Instant};

use sealkit_rig::{Effect, FaultRule, Operation};
use tonic::Code;

use crate::scene::{Scene, UID, eventually, healthz, until_ok};

/// The documented bounds: not before 30 s, and after 60 s at most. The upper one is given slack for a busy machine.
const NOT_BEFORE: Duration = Duration::from_secs(30);
const AFTER: Duration = Duration::from_secs(60 + 30);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute"]
async fn direct_mode_says_so_after_half_a_minute_and_serves_what_it_knows() {
    let scene = Scene::new();
    let plugin = scene.direct().start();
    until_ok(&plugin).await;
    let client = &plugin.client();
    let known = client.encrypt(b"known", UID).await.unwrap();
    scene.aws.inject(FaultRule::new(Effect::Silence));
    // Traffic or a probe may have succeeded until this moment.
    let begin = Instant::now();
    eventually("Status names the outage", async || {
        let asked = Instant::now();
        let said = healthz(client).await;
        assert!(asked.elapsed() < Duration::from_secs(2), "Status answers from memory");
        assert_ne!(said, "FailedPrecondition", "an outage is never a gRPC error");
        said.contains("kms-unreachable")
    })
    .await;
    assert!(begin.elapsed() > NOT_BEFORE - Duration::from_secs(1), "{:?}", begin.elapsed());
    assert!(begin.elapsed() < AFTER, "{:?}", begin.elapsed());
    assert_eq!(client.decrypt(&known, UID).await.unwrap(), b"known");
    let refused = client.encrypt(b"new", UID).await.unwrap_err();
    assert!(matches!(refused.code(), Code::DeadlineExceeded | Code::Unavailable), "{refused}");
    assert_eq!(plugin.get("/livez").unwrap().0, 200);
    assert_eq!(plugin.get("/readyz").unwrap().0, 503);

    scene.aws.clear_faults();
    let took = until_ok(&plugin).await;
    assert!(took < Duration::from_secs(10 + 10), "promised are 10 s: {took:?}");
    assert_eq!(plugin.get("/readyz").unwrap().0, 200);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute"]
async fn a_local_kek_carries_on_and_an_apiserver_restart_too() {
    let scene = Scene::new();
    let plugin = scene.local_kek().start();
    until_ok(&plugin).await;
    let v1 = plugin.client().v1_encrypt(b"a DEK").await.unwrap();
    let v2 = plugin.client().encrypt(b"a seed", UID).await.unwrap();
    let carried = async || plugin.metric("seal_kms_plugin_restart_carried", &[]) == Some(1.0);
    eventually("the metric says that a restart is carried", carried).await;
    scene.aws.inject(FaultRule::new(Effect::Silence));
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(65) {
        // Each round is an apiserver that starts: a new connection, Status, a fresh seed, `ping`, and reads.
        let client = plugin.client();
        assert_eq!(healthz(&client).await, "ok");
        let seed = client.encrypt(b"a fresh seed", UID).await.unwrap();
        assert_eq!(client.decrypt(&seed, UID).await.unwrap(), b"a fresh seed");
        let ping = client.v1_encrypt(b"ping").await.unwrap();
        assert_eq!(client.v1_decrypt(&ping).await.unwrap(), b"ping");
        assert_eq!(client.v1_decrypt(&v1).await.unwrap(), b"a DEK");
        assert_eq!(client.decrypt(&v2, UID).await.unwrap(), b"a seed");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(plugin.metric("seal_kms_plugin_state", &[("state", "out")]), Some(1.0), "the metrics know");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_ends_before_the_apiservers_deadline() {
    let scene = Scene::new();
    let sealed = scene.direct().start().client().encrypt(b"a seed", UID).await.unwrap();
    let plugin = scene.direct().start();
    until_ok(&plugin).await;
    let client = plugin.client().with_timeout(Duration::from_secs(3));
    for effect in [Effect::Silence, Effect::Status(503), Effect::Close, Effect::Throttle, Effect::Drip(1000)] {
        scene.aws.inject(FaultRule::new(effect.clone()).on(Operation::Decrypt));
        let asked = Instant::now();
        let refused = client.decrypt(&sealed, UID).await.unwrap_err();
        assert!(asked.elapsed() < Duration::from_secs(3), "{effect:?}: {:?}", asked.elapsed());
        let expected = match effect {
            Effect::Throttle => [Code::ResourceExhausted; 2],
            Effect::Status(_) | Effect::Close => [Code::Unavailable; 2],
            _ => [Code::DeadlineExceeded, Code::Unavailable],
        };
        assert!(expected.contains(&refused.code()), "{effect:?}: {refused}");
        scene.aws.clear_faults();
    }
    assert_eq!(client.decrypt(&sealed, UID).await.unwrap(), b"a seed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_serves_what_its_primary_cannot() {
    let scene = Scene::new();
    let key = scene.aws.kms().create_multi_region_key(&["us-east-1", "eu-west-1"]);
    let scene = Scene { key, ..scene };
    let sealed = scene.direct().start().client().encrypt(b"a seed", UID).await.unwrap();
    let plugin = scene.configured(&["replicas: [eu-west-1]"]).start();
    until_ok(&plugin).await;
    scene.aws.inject(FaultRule::new(Effect::Status(503)).in_region("us-east-1"));
    assert_eq!(plugin.client().decrypt(&sealed, UID).await.unwrap(), b"a seed");
    assert!(plugin.client().encrypt(b"new", UID).await.is_err(), "Encrypt fails over only if it may");

    let plugin = scene.configured(&["replicas: [eu-west-1]", "encryptFailover: true"]).start();
    let sealed = plugin.client().encrypt(b"new", UID).await.unwrap();
    scene.aws.clear_faults();
    scene.aws.inject(FaultRule::new(Effect::Status(503)).in_region("eu-west-1"));
    assert_eq!(scene.direct().start().client().decrypt(&sealed, UID).await.unwrap(), b"new");
}
