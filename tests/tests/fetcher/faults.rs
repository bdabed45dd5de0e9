//! A bad network and a service in trouble: what is retried, how often, and what is said in the end.

use std::time::Duration;

use sealkit_rig::{Effect, FaultRule, Operation};

use crate::scene::{Scene, csi_pod, native_pod};

/// Each fault that passes, a few times.
fn passing() -> Vec<Effect> {
    let error = |code: &str| Effect::Error(500, code.to_owned(), "We are sorry".to_owned());
    vec![
        Effect::Throttle,
        Effect::Status(500),
        Effect::Status(503),
        error("InternalServiceError"),
        Effect::Close,
        Effect::Reset,
        Effect::CutOff,
        Effect::Drip(1),
    ]
}

#[test]
fn faults_that_pass_are_outlived() {
    for effect in passing() {
        let scene = Scene::pod(&native_pod());
        scene.aws.inject(FaultRule::new(effect.clone()).on(Operation::BatchGetSecretValue).times(2));
        scene.aws.inject(FaultRule::new(effect.clone()).on(Operation::GetParameters).times(2));
        let ended = scene.fetcher.init_with(["--deadline", "60s"]);
        assert_eq!(ended.code(), Some(0), "{effect:?}: {ended}");
        assert_eq!(scene.fetcher.files().len(), 70, "{effect:?}");
    }
}

#[test]
fn a_hung_call_is_given_up_and_made_again() {
    let scene = Scene::pod(&csi_pod());
    scene.aws.inject(FaultRule::new(Effect::Silence).on(Operation::GetSecretValue).after(5).times(2));
    let ended = scene.fetcher.init_with(["--deadline", "60s"]);
    ended.expect(0);
    assert!(ended.took < Duration::from_secs(40), "{:?}", ended.took);
}

#[test]
fn what_does_not_pass_ends_with_the_deadline() {
    for (effect, parts) in [
        (Effect::Throttle, ["ThrottlingException", "db"]),
        (Effect::Status(503), ["503", "db"]),
        (Effect::Silence, ["secretsmanager", "db"]),
        (Effect::Close, ["secretsmanager", "db"]),
        (Effect::Reset, ["Connection reset by peer", "db"]),
    ] {
        let scene = Scene::of("secrets: {db: {secret: db}}");
        scene.aws.inject(FaultRule::new(effect.clone()));
        let ended = scene.fetcher.init_with(["--deadline", "2s"]);
        ended.expect_failure(6, &parts);
        assert!(ended.took < Duration::from_secs(5), "{effect:?}: {:?}", ended.took);
        assert_eq!(scene.fetcher.names(), [""; 0]);
    }
}

#[test]
fn an_error_of_one_secret_in_a_batch_is_asked_again_alone() {
    let scene = Scene::pod(&native_pod());
    for code in ["InternalServiceError", "ThrottlingException"] {
        scene.aws.secrets().fail_in_batches(&scene.arns[7], code, "An error occurred on the server side.", 1);
        scene.aws.calls().reset();
        scene.fetcher.init_with(["--deadline", "30s"]).expect(0);
        let (singles, batches, _) = scene.counts();
        assert!(singles + batches <= 3 + 2, "{code}: {singles} + {batches}");
    }
}

#[test]
fn a_secret_of_bad_news_does_not_take_the_batch_along() {
    let scene = Scene::pod(&native_pod());
    scene.aws.secrets().remove(&scene.arns[7]);
    let ended = scene.fetcher.init();
    ended.expect_failure(5, &["s07", "ResourceNotFoundException"]);
    assert!(!ended.err().contains("s08"), "{ended}");
}

#[test]
fn a_pod_among_many_waits_its_turn() {
    let scene = Scene::pod(&csi_pod());
    scene.aws.set_rate_limit(Operation::GetSecretValue, Some(20));
    scene.aws.set_rate_limit(Operation::GetParameters, Some(1));
    scene.fetcher.init_with(["--deadline", "60s"]).expect(0);
    let (singles, _, parameters) = scene.counts();
    assert!(singles <= 3 * 47 && parameters <= 5 * 3, "attempts: {singles} and {parameters}");
}

#[test]
fn an_answer_that_is_none_is_no_value() {
    for effect in [Effect::Empty, Effect::Oversized(50 << 20)] {
        let scene = Scene::of("secrets: {db: {secret: db}}");
        scene.aws.inject(FaultRule::new(effect));
        let ended = scene.fetcher.init_with(["--deadline", "2s", "--batch", "never"]);
        assert_ne!(ended.code(), Some(0), "{ended}");
        assert_eq!(scene.fetcher.names(), [""; 0]);
    }
}
