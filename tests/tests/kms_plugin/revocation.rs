//! A key that is disabled, and enabled again.

use std::time::Duration;

use sealkit_rig::{KeyState, Operation};
use tonic::Code;

use crate::scene::{Scene, UID, eventually, healthz, until_ok};

/// Beyond what is promised, for a busy machine.
const SLACK: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes two minutes"]
async fn a_disabled_key_stops_writes_and_an_enabled_one_resumes_them() {
    for plan in [Scene::direct, Scene::local_kek] {
        let scene = Scene::new();
        let plugin = plan(&scene).start();
        until_ok(&plugin).await;
        let client = &plugin.client();
        client.encrypt(b"known", UID).await.unwrap();
        scene.aws.kms().set_state(&scene.key, KeyState::Disabled);
        let took = eventually("Status is an error", async || healthz(client).await == "FailedPrecondition").await;
        assert!(took < Duration::from_secs(60) + SLACK, "promised are 60 s: {took:?}");
        assert_eq!(plugin.get("/livez").unwrap().0, 200, "the process is well");
        assert_eq!(plugin.get("/readyz").unwrap().0, 503);

        scene.aws.kms().set_state(&scene.key, KeyState::Enabled);
        let took = until_ok(&plugin).await;
        assert!(took < Duration::from_secs(30) + SLACK, "promised are 30 s: {took:?}");
        client.encrypt(b"again", UID).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute"]
async fn what_was_unwrapped_under_a_disabled_key_is_flushed() {
    for socket in [&["flushAfter: 1s"][..], &["flushAfter: 1s", "localKek: true"]] {
        let scene = Scene::new();
        let plugin = scene.configured(socket).start();
        until_ok(&plugin).await;
        let client = &plugin.client();
        let known = &client.encrypt(b"known", UID).await.unwrap();
        scene.aws.kms().set_state(&scene.key, KeyState::PendingDeletion);
        eventually("Decrypt refuses", async || {
            client.decrypt(known, UID).await.is_err_and(|refused| refused.code() == Code::FailedPrecondition)
        })
        .await;
        scene.aws.kms().set_state(&scene.key, KeyState::Enabled);
        until_ok(&plugin).await;
        assert_eq!(client.decrypt(known, UID).await.unwrap(), b"known");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute"]
async fn where_only_encrypt_is_refused_nothing_is_flushed() {
    let scene = Scene::new();
    let plugin = scene.configured(&["flushAfter: 1s"]).start();
    until_ok(&plugin).await;
    let client = &plugin.client();
    let known = client.encrypt(b"known", UID).await.unwrap();
    scene.aws.kms().deny(Operation::Encrypt, Some(&scene.key));
    eventually("the metrics tell of the denial", async || {
        plugin.metric("seal_kms_plugin_state", &[("state", "denied")]) == Some(1.0)
    })
    .await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(client.decrypt(&known, UID).await.unwrap(), b"known");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_describe_key_that_is_refused_never_counts() {
    let scene = Scene::new();
    scene.aws.kms().deny(Operation::DescribeKey, None);
    let plugin = scene.direct().start();
    until_ok(&plugin).await;
    assert_eq!(scene.calls(Operation::DescribeKey), 0, "it is not even asked");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute"]
async fn a_revoked_read_key_leaves_status_alone() {
    let scene = Scene::new();
    let old = Scene { key: scene.aws.kms().create_key("us-east-1"), aws: scene.aws };
    let sealed = old.direct().start().client().encrypt(b"old", UID).await.unwrap();
    let scene = Scene { key: old.aws.kms().create_key("us-east-1"), aws: old.aws };
    let read_keys = format!("readKeys: [{{ key: '{}' }}]", old.key);
    let plugin = scene.configured(&[&read_keys, "flushAfter: 1s"]).start();
    until_ok(&plugin).await;
    let client = &plugin.client();
    let new = client.encrypt(b"new", UID).await.unwrap();
    scene.aws.kms().set_state(&old.key, KeyState::Disabled);
    eventually("reads under it are refused", async || {
        client.decrypt(&sealed, UID).await.is_err_and(|refused| refused.code() == Code::FailedPrecondition)
    })
    .await;
    for _ in 0..20 {
        assert!(client.decrypt(&sealed, UID).await.is_err());
        assert_eq!(healthz(client).await, "ok");
        assert_eq!(client.decrypt(&new, UID).await.unwrap(), b"new");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
