//! How many calls a pod costs.

use sealkit_rig::{Effect, FaultRule, NewSecret, Operation, Pages};

use crate::scene::{HERE, PARAMETERS, SECRETS, Scene, csi_pod, native_pod, value};

/// The name of the file of the secret, or parameter, with this number.
type Name = fn(usize) -> String;

fn native_names() -> (Name, Name) {
    (|n| format!("s{n:02}"), |n| format!("p{n:02}"))
}

fn csi_names() -> (Name, Name) {
    (|n| format!("pod_s{n:02}"), |n| format!("_pod_p{n:02}"))
}

#[test]
fn a_drop_in_pod_takes_singles_and_tens() {
    let scene = Scene::pod(&csi_pod());
    scene.fetcher.init().expect(0);
    assert_eq!(scene.counts(), (47, 0, 3));
    let (secrets, parameters) = csi_names();
    scene.assert_published(secrets, parameters);
    assert!(scene.aws.calls().peak_in_flight() <= 32 + 3, "{}", scene.aws.calls().peak_in_flight());
}

#[test]
fn a_pod_in_our_form_takes_batches() {
    let scene = Scene::pod(&native_pod());
    scene.fetcher.init().expect(0);
    assert_eq!(scene.counts(), (0, 3, 3));
    let (secrets, parameters) = native_names();
    scene.assert_published(secrets, parameters);
}

#[test]
fn a_flag_overrides_the_form() {
    let scene = Scene::pod(&csi_pod());
    scene.fetcher.init_with(["--batch", "always"]).expect(0);
    assert_eq!(scene.counts(), (0, 3, 3));
    let scene = Scene::pod(&native_pod());
    scene.fetcher.init_with(["--batch", "never"]).expect(0);
    assert_eq!(scene.counts(), (47, 0, 3));
}

#[test]
fn one_denied_batch_is_followed_by_singles() {
    let scene = Scene::pod(&native_pod());
    scene.aws.secrets().deny(Operation::BatchGetSecretValue, None);
    scene.fetcher.init().expect(0);
    let (singles, batches, _) = scene.counts();
    assert_eq!((singles, batches), (47, 1), "each denial is an event in CloudTrail");
    let (secrets, parameters) = native_names();
    scene.assert_published(secrets, parameters);

    let always = Scene::pod(&native_pod());
    always.aws.secrets().deny(Operation::BatchGetSecretValue, None);
    let ended = always.fetcher.init_with(["--batch", "always"]);
    ended.expect_failure(4, &["secretsmanager:BatchGetSecretValue"]);
    assert_eq!(always.counts().0, 0);
}

#[test]
fn a_throttled_batch_is_followed_by_singles() {
    let scene = Scene::pod(&native_pod());
    scene.aws.inject(FaultRule::new(Effect::Throttle).on(Operation::BatchGetSecretValue));
    scene.fetcher.init().expect(0);
    assert_eq!(scene.counts().0, 47);
    assert!(scene.counts().1 <= 3, "{:?}", scene.counts());
}

#[test]
fn equal_requests_are_made_once() {
    let spec = "secrets:\n  a: {secret: db}\n  b: {secret: db}\n  c: {secret: db, files: [{path: x/y}, {path: z}]}\n";
    let scene = Scene::of(spec);
    scene.fetcher.init_with(["--batch", "never"]).expect(0);
    assert_eq!(scene.counts(), (1, 0, 0));
    assert_eq!(scene.fetcher.files().len(), 4);
}

#[test]
fn empty_pages_are_followed_to_their_end() {
    let scene = Scene::pod(&format!(
        "{}  tree: {{parametersByPath: /pod, files: [{{directory: tree}}]}}\n  \
         team: {{secretsBy: {{namePrefix: pod/}}, files: [{{directory: team, stripPrefix: pod/}}]}}\n",
        native_pod()
    ));
    let pages = Pages { length: Some(7), empty: true };
    scene.aws.secrets().set_pages(pages);
    scene.aws.parameters().set_pages(pages);
    scene.fetcher.init().expect(0);
    let files = scene.fetcher.files();
    assert_eq!(files.len(), 2 * (SECRETS + PARAMETERS), "{:?}", files.keys());
    assert_eq!((&files["tree/p22"], &files["team/s46"]), (&value(22).into_bytes(), &value(46).into_bytes()));
}

#[test]
fn secrets_are_found_by_their_tags_exactly() {
    let spec = "secrets:\n  team: {secretsBy: {tags: {team: blue}}, files: [{directory: team}]}\n";
    let scene = Scene::of(spec);
    // The service's filters match prefixes, and keys and values apart from each other.
    for (name, tags) in [
        ("right", &[("team", "blue")][..]),
        ("prefix", &[("team", "bluegreen")]),
        ("crossed", &[("team", "red"), ("colour", "blue")]),
    ] {
        let tags = tags.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
        scene.aws.secrets().create_with(HERE, name, "x", NewSecret { tags, ..NewSecret::default() });
    }
    scene.fetcher.init().expect(0);
    assert_eq!(scene.fetcher.files().into_keys().collect::<Vec<_>>(), ["team/right"]);
}
