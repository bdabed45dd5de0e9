//! Denials, absences, and which of them stops a pod.

use sealkit_rig::{KeyState, NewSecret, Operation, Parameters};

use crate::scene::{HERE, Scene, csi_pod, native_pod, parameter};

#[test]
fn absent_is_fine_where_it_is_optional_and_denied_never_is() {
    let spec = "secrets:\n  db: {secret: db}\n  extra: {secret: extra, optional: true}\n  \
                token: {parameter: /token, optional: true}\n  old: {secret: db, versionStage: AWSPREVIOUS, optional: true}\n";
    let scene = Scene::of(spec);
    scene.fetcher.init().expect(0);
    assert_eq!(scene.fetcher.files().into_keys().collect::<Vec<_>>(), ["db"]);

    let arn = scene.aws.secrets().create(HERE, "extra", "x");
    scene.aws.secrets().deny(Operation::GetSecretValue, Some(&arn));
    for batch in ["auto", "never"] {
        let ended = scene.fetcher.init_with(["--batch", batch]);
        ended.expect_failure(4, &["extra", "secretsmanager:GetSecretValue", "AccessDeniedException"]);
    }
    scene.aws.secrets().allow_all();
    scene.aws.parameters().put(HERE, "/token", "t");
    scene.aws.parameters().deny(Operation::GetParameters, Some(&Parameters::arn(HERE, "/token")));
    scene.fetcher.init().expect_failure(4, &["token", "ssm:GetParameters"]);
    assert_eq!(scene.fetcher.files().into_keys().collect::<Vec<_>>(), ["db"], "the first run's files stay");
}

#[test]
fn nothing_is_published_when_anything_is_missing() {
    let scene = Scene::pod(&csi_pod());
    scene.aws.secrets().remove(&scene.arns[46]);
    scene.aws.secrets().deny(Operation::GetSecretValue, Some(&scene.arns[3]));
    scene.aws.parameters().remove(HERE, &parameter(22));
    let ended = scene.fetcher.init();
    // All failures are told, and the code is the one that a person must act on first.
    let denied = &scene.arns[3];
    ended.expect_failure(4, &["pod/s03", denied, "pod/s46", "ResourceNotFoundException", "/pod/p22", "us-east-1"]);
    assert_eq!(scene.fetcher.names(), [""; 0], "a failed first run leaves nothing");
}

#[test]
fn denied_parameters_are_told_from_granted_ones() {
    let scene = Scene::pod(&native_pod());
    for n in [3, 14, 15] {
        scene.aws.parameters().deny(Operation::GetParameters, Some(&Parameters::arn(HERE, &parameter(n))));
    }
    let ended = scene.fetcher.init();
    ended.expect_failure(4, &["p03", "p14", "p15", "ssm:GetParameters"]);
    assert!(!ended.err().contains("p04:"), "{ended}");
    // Tens, and each name of the two that were denied alone; never GetParameter, which policies lack.
    assert_eq!((scene.calls(Operation::GetParameters), scene.calls(Operation::GetParameter)), (3 + 20, 0));
}

#[test]
fn a_key_that_cannot_be_used_is_named() {
    let scene = Scene::of("secrets:\n  a: {secret: a}\n  b: {secret: b}\n");
    let key = scene.aws.kms().create_key(HERE);
    for name in ["a", "b"] {
        let with = NewSecret { kms_key: Some(key.clone()), ..NewSecret::default() };
        scene.aws.secrets().create_with(HERE, name, "x", with);
    }
    scene.aws.kms().deny(Operation::Decrypt, Some(&key));
    for batch in ["auto", "never"] {
        scene.fetcher.init_with(["--batch", batch]).expect_failure(4, &["a", "kms:Decrypt"]);
    }
    scene.aws.kms().allow_all();
    scene.aws.kms().set_state(&key, KeyState::Disabled);
    for batch in ["auto", "never"] {
        let ended = scene.fetcher.init_with(["--batch", batch]);
        assert_ne!(ended.code(), Some(0), "{ended}");
        assert!(ended.err().contains("is disabled"), "{ended}");
    }
    scene.aws.kms().set_state(&key, KeyState::Enabled);
    scene.fetcher.init().expect(0);
}

#[test]
fn a_secret_marked_for_deletion_is_told() {
    let scene = Scene::of("secrets: {db: {secret: db}}");
    scene.aws.secrets().set_deleted(&scene.arns[0], true);
    for batch in ["auto", "never"] {
        let ended = scene.fetcher.init_with(["--batch", batch]);
        assert_ne!(ended.code(), Some(0));
        assert!(ended.err().contains("marked for deletion"), "{ended}");
    }
}
