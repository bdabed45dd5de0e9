//! Key material that AWS rotates, and aliases that move, while Status and Encrypt are asked all the time.

use std::collections::BTreeSet;

use sealkit_rig::{Effect, FaultRule, Operation};

use crate::scene::{Scene, UID, eventually, until_ok};

/// kube-apiserver throws away a seed whose key_id is not Status', and becomes unhealthy.
#[tokio::test(flavor = "multi_thread")]
async fn an_alias_that_moves_changes_no_key_id() {
    let scene = Scene::new();
    let kms = scene.aws.kms();
    kms.set_alias("alias/cluster", &scene.key);
    let other = kms.create_key("us-east-1");
    let scene = Scene { key: "alias/cluster".to_owned(), aws: scene.aws };
    let plugin = scene.direct().start();
    until_ok(&plugin).await;
    let client = plugin.client();
    let mut sealed = Vec::new();
    for number in 0..1000 {
        if number == 500 {
            scene.aws.kms().set_alias("alias/cluster", &other);
        }
        let status = client.status().await.unwrap();
        let fresh = client.encrypt(b"a seed", UID).await.unwrap();
        assert_eq!((status.healthz.as_str(), status.key_id), ("ok", fresh.key_id.clone()), "call {number}");
        if number % 100 == 99 {
            sealed.push(fresh);
        }
    }
    let cold = scene.direct().start();
    for sealed in sealed {
        assert_eq!(cold.client().decrypt(&sealed, UID).await.unwrap(), b"a seed");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes two minutes"]
async fn the_key_id_follows_the_material_and_never_goes_back() {
    let scene = Scene::new();
    let follow = ["followKeyMaterial: true", "stateFile: '{dir}/state'"];
    let plugin = scene.configured(&follow).start();
    until_ok(&plugin).await;
    let client = plugin.client();
    let first = client.status().await.unwrap().key_id;
    let mut seen = vec![first.clone()];
    let rotated = scene.aws.kms().rotate(&scene.key);
    let announced = format!("{}#{rotated}", scene.key);
    let begin = std::time::Instant::now();
    let mut encrypted = 0_u32;
    while seen.last() != Some(&announced) || encrypted < 1000 {
        assert!(begin.elapsed().as_secs() < 240, "seen so far: {seen:?}");
        let status = client.status().await.unwrap();
        assert_eq!(status.healthz, "ok");
        if seen.last() != Some(&status.key_id) {
            seen.push(status.key_id.clone());
        }
        match client.encrypt(b"a seed", UID).await {
            Ok(sealed) => {
                encrypted += 1;
                assert!(seen.last() == Some(&sealed.key_id) || sealed.key_id == announced, "{}", sealed.key_id);
                assert_eq!(client.decrypt(&sealed, UID).await.unwrap(), b"a seed");
            }
            // Between AWS' rotation and its announcement a blob of the new material is not handed out as the old.
            Err(refused) => assert_eq!(refused.code(), tonic::Code::Unavailable, "{refused}"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(seen, [first, announced.clone()], "it changed once");

    // After a restart it is known from the state file, even while the list is not to be had.
    scene.aws.inject(FaultRule::new(Effect::Status(503)).on(Operation::ListKeyRotations));
    let plugin = plugin.restart();
    let client = &plugin.client();
    let known = BTreeSet::from([String::new(), announced.clone()]);
    eventually("Status names the material again", async || {
        let key_id = client.status().await.map(|status| status.key_id).unwrap_or_default();
        assert!(known.contains(&key_id), "{key_id}");
        key_id == announced
    })
    .await;
}
