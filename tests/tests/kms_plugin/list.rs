//! A LIST of many v1 objects after an apiserver restart, with a KMS that is slow and has a limit.

use std::sync::Arc;
use std::time::Duration;

use sealkit_rig::{KmsClient, KmsPlugin, Operation};

use crate::scene::{Scene, is_long, until_ok};

/// The KMS of the story: 10 ms, 100 requests a second.
fn limit(scene: &Scene) {
    scene.aws.set_latency(None, Duration::from_millis(10));
    for operation in [Operation::Encrypt, Operation::Decrypt, Operation::GenerateDataKey] {
        scene.aws.set_rate_limit(operation, Some(100));
    }
}

fn plaintext(number: usize) -> Vec<u8> {
    format!("the DEK of object {number:08}").into_bytes()
}

/// v1 objects, written by some callers at one time.
async fn written(client: &KmsClient, objects: usize) -> Vec<Vec<u8>> {
    let tasks: Vec<_> = (0..8)
        .map(|first| {
            let client = client.clone();
            tokio::spawn(async move {
                let mut part = Vec::new();
                for number in (first..objects).step_by(8) {
                    part.push((number, client.v1_encrypt(&plaintext(number)).await.unwrap()));
                }
                part
            })
        })
        .collect();
    let mut all = vec![Vec::new(); objects];
    for task in tasks {
        for (number, ciphertext) in task.await.unwrap() {
            all[number] = ciphertext;
        }
    }
    all
}

/// Reads all, one after the other, as the v1 transformer does.
async fn read_serially(plugin: &KmsPlugin, objects: &[Vec<u8>]) {
    let client = plugin.client();
    for (number, ciphertext) in objects.iter().enumerate() {
        assert_eq!(client.v1_decrypt(ciphertext).await.unwrap(), plaintext(number), "object {number}");
    }
}

/// Ten KEKs at most are known of 10,000 objects that one run wrote.
async fn cold_list_under_a_local_kek(objects: usize) {
    let scene = Scene::new();
    let plugin = scene.local_kek().start();
    let written = written(&plugin.client(), objects).await;
    // A cold plugin that has not even the state file.
    drop(plugin);
    limit(&scene);
    scene.aws.calls().reset();
    let plugin = scene.local_kek().start();
    read_serially(&plugin, &written).await;
    let calls = scene.decrypts_apart_from_probes() + scene.calls(Operation::GenerateDataKey);
    assert!(calls <= 10, "{calls} calls to KMS");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cold_list_under_a_local_kek_costs_a_handful_of_calls() {
    cold_list_under_a_local_kek(1000).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute"]
async fn so_does_one_of_10_000() {
    cold_list_under_a_local_kek(10_000).await;
}

/// KMS is the limit; no object is asked for more often than KMS refuses it, and none fails.
async fn cold_list_in_direct_mode(objects: usize, readers: usize) {
    let scene = Scene::new();
    let written = Arc::new(written(&scene.direct().start().client(), objects).await);
    limit(&scene);
    let plugin = scene.direct().start();
    until_ok(&plugin).await;
    scene.aws.calls().reset();
    let mut tasks = Vec::new();
    for first in 0..readers {
        let (client, written) = (plugin.client(), Arc::clone(&written));
        tasks.push(tokio::spawn(async move {
            for number in (first..written.len()).step_by(readers) {
                assert_eq!(client.v1_decrypt(&written[number]).await.unwrap(), plaintext(number), "object {number}");
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let cold = scene.decrypts_apart_from_probes();
    assert!(cold >= objects as u64);
    // One reader stays below the limit. Many feel their way to it: what KMS throttles is sent again.
    let most = objects as u64 * if readers == 1 { 5 } else { 8 } / 4;
    assert!(cold <= most, "{cold} calls for {objects} objects");

    scene.aws.calls().reset();
    read_serially(&plugin, &written).await;
    assert_eq!(scene.decrypts_apart_from_probes(), 0, "what is warm needs no call at the next restart");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cold_list_in_direct_mode_costs_one_call_an_object_and_the_next_none() {
    cold_list_in_direct_mode(300, 1).await;
}

/// From 1.37 on, kube-apiserver decodes what it watches with many readers.
#[tokio::test(flavor = "multi_thread")]
async fn many_readers_at_once_are_all_served_at_the_pace_of_kms() {
    cold_list_in_direct_mode(500, 10).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute"]
async fn so_does_one_of_thousands_in_direct_mode() {
    cold_list_in_direct_mode(if is_long() { 10_000 } else { 3000 }, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_wrote_itself_is_never_decrypted_by_kms() {
    let scene = Scene::new();
    let plugin = scene.direct().start();
    until_ok(&plugin).await;
    let written = written(&plugin.client(), 500).await;
    scene.aws.calls().reset();
    // The apiserver restarts: new connections, an empty cache of its own.
    read_serially(&plugin, &written).await;
    read_serially(&plugin, &written).await;
    assert_eq!(scene.decrypts_apart_from_probes(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_object_asked_for_by_many_at_once_is_one_call() {
    let scene = Scene::new();
    let sealed = scene.direct().start().client().v1_encrypt(b"a DEK").await.unwrap();
    let plugin = scene.direct().start();
    until_ok(&plugin).await;
    scene.aws.calls().reset();
    scene.aws.set_latency(None, Duration::from_millis(300));
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let (client, sealed) = (plugin.client(), sealed.clone());
            tokio::spawn(async move { client.v1_decrypt(&sealed).await.unwrap() })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), b"a DEK");
    }
    assert!(scene.decrypts_apart_from_probes() <= 1, "{:?}", scene.aws.calls().counts());
}
