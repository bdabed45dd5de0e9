//! Start, drain and end.

use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use sealkit_rig::aws_double::closed_address;
use sealkit_rig::kms_plugin::{Plan, program};
use sealkit_rig::{Effect, FaultRule};

use crate::scene::{Scene, UID, healthz, until_ok};

#[tokio::test(flavor = "multi_thread")]
async fn it_serves_at_once_whatever_kms_does() {
    let scene = Scene::new();
    scene.aws.inject(FaultRule::new(Effect::Silence));
    let plugin = scene.direct().start();
    // Promised are 100 ms, which the load generator measures.
    assert!(plugin.accepted_after() < Duration::from_secs(10), "{:?}", plugin.accepted_after());
    let asked = Instant::now();
    let said = healthz(&plugin.client()).await;
    assert!(said.contains("starting"), "{said}");
    assert!(asked.elapsed() < Duration::from_millis(2900), "within the apiserver's deadline: {:?}", asked.elapsed());
    assert_eq!(plugin.get("/livez").unwrap().0, 200);
    assert_eq!(plugin.get("/healthz").unwrap().0, 200);
    assert_eq!(plugin.get("/readyz").unwrap().0, 503);
    scene.aws.clear_faults();
    until_ok(&plugin).await;
    assert_eq!(plugin.get("/readyz").unwrap().0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn unreachable_at_start_it_recovers_by_itself() {
    let nowhere = format!("http://{}", closed_address());
    let key = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let plugin = Plan::of(program(), &nowhere, key).start();
    let said = healthz(&plugin.client()).await;
    assert!(said.contains("kms-unreachable") || said.contains("starting"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_in_flight_is_answered_before_it_ends() {
    let scene = Scene::new();
    let mut plugin = scene.direct().start();
    until_ok(&plugin).await;
    // Less than the second of silence after which an attempt is given up.
    scene.aws.set_latency(None, Duration::from_millis(700));
    let client = plugin.client();
    // The connection stands before the signal.
    client.status().await.unwrap();
    let call = tokio::spawn(async move { client.encrypt(b"a seed", UID).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    plugin.signal(Signal::TERM);
    let sealed = call.await.unwrap().expect("it is answered");
    assert_eq!(sealed.key_id, scene.key);
    let status = tokio::task::block_in_place(|| plugin.wait());
    assert!(status.code() == Some(0) || status.signal() == Some(15) || status.code() == Some(143), "{status:?}");
    assert!(!plugin.socket().exists(), "its socket is removed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_config_with_mistakes_changes_nothing_and_all_are_told() {
    let scene = Scene::new();
    let plugin = scene.configured(&[]).start();
    until_ok(&plugin).await;
    let config = plugin.dir().join("config.yaml");
    let good = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, good.replace("key: ", "kee: ").replace("region: us-east-1", "region: [1]")).unwrap();
    plugin.signal(Signal::HUP);
    let plugin_ = &plugin;
    crate::scene::eventually("the mistakes are logged", async || {
        let log = plugin_.log();
        log.contains("kee") && log.contains("region")
    })
    .await;
    assert_eq!(healthz(&plugin.client()).await, "ok");
    plugin.client().encrypt(b"a seed", UID).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_config_takes_over_without_a_gap() {
    let scene = Scene::new();
    let other = scene.aws.kms().create_key("us-east-1");
    let plugin = scene.configured(&[]).start();
    until_ok(&plugin).await;
    let old = plugin.client().encrypt(b"old", UID).await.unwrap();
    let config = plugin.dir().join("config.yaml");
    let now = std::fs::read_to_string(&config).unwrap();
    let lines = format!("key: '{other}'\n    readKeys: [{{ key: '{}' }}]", scene.key);
    std::fs::write(&config, now.replace(&format!("key: '{}'", scene.key), &lines)).unwrap();
    plugin.signal(Signal::HUP);
    let client = &plugin.client();
    crate::scene::eventually("Status names the new key", async || {
        client.status().await.is_ok_and(|status| status.key_id == other)
    })
    .await;
    let new = client.encrypt(b"new", UID).await.unwrap();
    assert_eq!(new.key_id, other);
    assert_eq!(client.decrypt(&new, UID).await.unwrap(), b"new");
    assert_eq!(client.decrypt(&old, UID).await.unwrap(), b"old");
}

#[test]
fn every_mistake_is_told_at_once_with_the_exit_code_of_a_config() {
    let scene = Scene::new();
    let plan = scene.direct().with_only(["--key", "no key at all", "--source-arn", "no ARN", "--health-port", "x"]);
    let mut plugin = plan.spawn();
    assert_eq!(plugin.wait().code(), Some(3), "{}", plugin.log());
    let log = plugin.log();
    for mistake in ["no key at all", "no ARN", "health-port"] {
        assert!(log.contains(mistake), "{mistake} is not in:\n{log}");
    }
}
