//! Expired credentials: an outage with its own reason, and what is cached goes on being served.

use sealkit_rig::Expired;
use tonic::Code;

use crate::scene::{Scene, UID, eventually, healthz, until_ok};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute"]
async fn what_is_cached_outlives_credentials_in_direct_mode() {
    let scene = Scene::new();
    let unknown = scene.direct().start().client().encrypt(b"unknown", UID).await;
    let other = scene.direct().start();
    let unknown = match unknown {
        Ok(sealed) => sealed,
        Err(_) => other.client().encrypt(b"unknown", UID).await.unwrap(),
    };
    let plugin = scene.direct().start();
    until_ok(&plugin).await;
    let client = plugin.client();
    let known = client.encrypt(b"known", UID).await.unwrap();
    scene.aws.set_expired(Expired::Everybody);
    assert_eq!(client.decrypt(&unknown, UID).await.unwrap_err().code(), Code::Unauthenticated);
    let client = &client;
    eventually("Status names the reason", async || healthz(client).await.contains("credentials-expired")).await;
    assert_eq!(client.decrypt(&known, UID).await.unwrap(), b"known");
    assert_eq!(client.encrypt(b"new", UID).await.unwrap_err().code(), Code::Unauthenticated);

    scene.aws.set_expired(Expired::Nobody);
    until_ok(&plugin).await;
    assert_eq!(client.decrypt(&unknown, UID).await.unwrap(), b"unknown");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute"]
async fn a_local_kek_outlives_credentials() {
    let scene = Scene::new();
    let plugin = scene.local_kek().start();
    until_ok(&plugin).await;
    let client = &plugin.client();
    scene.aws.set_expired(Expired::Everybody);
    eventually("the metric says it", async || plugin.metric("seal_kms_plugin_state", &[("state", "out")]) == Some(1.0))
        .await;
    assert_eq!(healthz(client).await, "ok");
    let sealed = client.encrypt(b"new", UID).await.unwrap();
    assert_eq!(client.decrypt(&sealed, UID).await.unwrap(), b"new");
    assert_eq!(plugin.get("/livez").unwrap().0, 200);
    assert_eq!(plugin.get("/healthz").unwrap().0, 200);
}
