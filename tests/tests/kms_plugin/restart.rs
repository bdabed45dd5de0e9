//! The plugin is killed and started again.

use std::path::PathBuf;
use std::time::Duration;

use sealkit_rig::{Effect, FaultRule, KmsPlugin, Operation};

use crate::scene::{Scene, UID, eventually, healthz, until_ok};

/// The state file, once it is there: it is written beside the calls, not before they are answered.
async fn state_file(plugin: &KmsPlugin) -> PathBuf {
    let path = plugin.dir().join("state");
    eventually("the state file is there", async || path.exists()).await;
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_plugin_starts_over_its_dead_socket_and_clients_come_back() {
    let scene = Scene::new();
    for plan in [scene.direct(), scene.local_kek()] {
        let plugin = plan.start();
        let client = plugin.client();
        let v1 = client.v1_encrypt(b"a DEK").await.unwrap();
        let v2 = client.encrypt(b"a seed", UID).await.unwrap();
        let plugin = plugin.restart();
        let client = &client;
        eventually("the client is connected again", async || client.status().await.is_ok()).await;
        assert_eq!(client.v1_decrypt(&v1).await.unwrap(), b"a DEK");
        assert_eq!(client.decrypt(&v2, UID).await.unwrap(), b"a seed");
        drop(plugin);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn restarts_do_not_multiply_keks() {
    let scene = Scene::new();
    let mut plugin = scene.local_kek().start();
    until_ok(&plugin).await;
    let first = plugin.client().encrypt(b"a seed", UID).await.unwrap();
    for _ in 0..3 {
        state_file(&plugin).await;
        plugin = plugin.restart();
        until_ok(&plugin).await;
        let again = plugin.client().encrypt(b"a seed", UID).await.unwrap();
        assert_eq!(again.annotations, first.annotations, "the wrapped KEK is the same");
    }
    assert_eq!(scene.calls(Operation::GenerateDataKey), 1);
}

/// Without KMS a restarted plugin knows its wrapped KEKs and can use none: it says so, and recovers by itself.
async fn restarted_in_an_outage_of(lasts: Duration) {
    let scene = Scene::new();
    let plugin = scene.local_kek().start();
    until_ok(&plugin).await;
    let sealed = plugin.client().encrypt(b"a seed", UID).await.unwrap();
    state_file(&plugin).await;
    scene.aws.inject(FaultRule::new(Effect::Status(503)));
    let plugin = plugin.restart();
    let client = &plugin.client();
    eventually("Status has a reason", async || healthz(client).await.contains("kms-")).await;
    assert!(client.decrypt(&sealed, UID).await.is_err());
    tokio::time::sleep(lasts).await;
    scene.aws.clear_faults();
    let took = until_ok(&plugin).await;
    assert!(took < Duration::from_secs(10 + 10), "promised are 10 s: {took:?}");
    assert_eq!(client.decrypt(&sealed, UID).await.unwrap(), b"a seed");
    client.encrypt(b"another", UID).await.unwrap();
    assert_eq!(scene.calls(Operation::GenerateDataKey), 1, "the KEK is the one before");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_restarted_in_an_outage_waits_for_kms() {
    restarted_in_an_outage_of(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes two minutes"]
async fn so_does_one_restarted_in_a_long_outage() {
    restarted_in_an_outage_of(Duration::from_secs(75)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_state_file_loses_no_object() {
    let scene = Scene::new();
    let plugin = scene.local_kek().start();
    until_ok(&plugin).await;
    let v1 = plugin.client().v1_encrypt(b"a DEK").await.unwrap();
    let v2 = plugin.client().encrypt(b"a seed", UID).await.unwrap();
    std::fs::remove_file(state_file(&plugin).await).unwrap();
    let plugin = plugin.restart();
    assert_eq!(plugin.client().v1_decrypt(&v1).await.unwrap(), b"a DEK");
    assert_eq!(plugin.client().decrypt(&v2, UID).await.unwrap(), b"a seed");
}
