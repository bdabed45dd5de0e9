//! `watch` over a long time: credentials end, batches stay denied, and a second writer comes.

use std::time::Duration;

use sealkit_rig::{Effect, Expired, FaultRule, Operation};

use crate::logins::pod_identity;
use crate::scene::Scene;

const TWO: &str = "secrets:\n  db: {secret: db}\n  other: {secret: other}\n";

fn two() -> (Scene, String) {
    let scene = Scene::of(TWO);
    let other = scene.aws.secrets().create("us-east-1", "other", "o1");
    (scene, other)
}

fn has(scene: &Scene, name: &str, value: &str) -> bool {
    std::fs::read(scene.fetcher.target().join(name)).is_ok_and(|bytes| bytes == value.as_bytes())
}

#[test]
fn what_fails_keeps_its_last_good_bytes_and_the_rest_moves_on() {
    for trouble in ["denied", "removed", "deleted", "out"] {
        let (scene, other) = two();
        let mut watch = scene.fetcher.watch(["--interval", "1s", "--deadline", "2s"]);
        watch.wait_until("the first generation", |_| has(&scene, "other", "o1"));
        let db = &scene.arns[0];
        match trouble {
            "denied" => scene.aws.secrets().deny(Operation::GetSecretValue, Some(db)),
            "removed" => scene.aws.secrets().remove(db),
            "deleted" => scene.aws.secrets().set_deleted(db, true),
            _ => {
                scene.aws.secrets().fail_in_batches(db, "InternalServiceError", "x", 1000);
                scene.aws.inject(FaultRule::new(Effect::Status(503)).on(Operation::GetSecretValue).for_key("db"));
            }
        }
        scene.aws.secrets().put(&other, "o2");
        watch.wait_until("the other secret's refresh", |_| has(&scene, "other", "o2"));
        assert!(has(&scene, "db", "hunter2"), "{trouble}");
        watch.terminate().expect(0);
    }
}

#[test]
fn a_denied_batch_is_remembered_for_the_life_of_the_process() {
    let (scene, other) = two();
    scene.aws.secrets().deny(Operation::BatchGetSecretValue, None);
    let mut watch = scene.fetcher.watch(["--interval", "1s"]);
    watch.wait_until("the first generation", |_| has(&scene, "other", "o1"));
    scene.aws.secrets().put(&other, "o2");
    watch.wait_until("the refresh", |_| has(&scene, "other", "o2"));
    watch.terminate().expect(0);
    assert_eq!(scene.calls(Operation::BatchGetSecretValue), 1);
}

#[test]
fn two_writers_of_one_target_are_refused() {
    let (scene, _) = two();
    let mut watch = scene.fetcher.watch(["--interval", "1h"]);
    watch.wait_until("the first generation", |_| has(&scene, "db", "hunter2"));
    let second = scene.fetcher.init();
    assert_ne!(second.code(), Some(0), "{second}");
    watch.terminate().expect(0);
    scene.fetcher.init().expect(0);
}

#[test]
fn credentials_that_end_in_mid_run_are_found_anew() {
    let scene = pod_identity(Scene::of("secrets: {db: {secret: db}}"));
    scene.aws.container().set_lifetime(Duration::from_secs(2));
    let mut watch = scene.fetcher.watch(["--interval", "1s"]);
    watch.wait_until("the first generation", |_| scene.fetcher.names().contains(&"db".to_owned()));
    // kubelet has rotated the token.
    scene.fetcher.write("pod-identity", "pod-two");
    scene.aws.container().require_tokens(["pod-two"]);
    scene.aws.secrets().put(&scene.arns[0], "correct horse");
    watch.wait_until("the new value", |_| scene.fetcher.file("db") == b"correct horse");
    watch.terminate().expect(0);
}

#[test]
fn credentials_that_are_refused_as_expired_are_fetched_again() {
    let scene = pod_identity(Scene::of("secrets: {db: {secret: db}}"));
    let mut watch = scene.fetcher.watch(["--interval", "1s"]);
    watch.wait_until("the first generation", |_| scene.fetcher.names().contains(&"db".to_owned()));
    let used = scene.aws.calls().log().into_iter().rev().find(|call| !call.access_key_id.is_empty()).unwrap();
    // Revoked before their time, as with a role whose sessions were revoked.
    scene.aws.set_expired(Expired::AccessKeys([used.access_key_id].into()));
    scene.aws.secrets().put(&scene.arns[0], "correct horse");
    watch.wait_until("the new value", |_| scene.fetcher.file("db") == b"correct horse");
    watch.terminate().expect(0);
}
