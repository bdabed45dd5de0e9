//! Canaries: a secret is in its file, and nowhere else.

use sealkit_rig::{Canary, Effect, FaultRule, Fetcher, NewSecret, SecretValue};
use serde_json::json;

use crate::scene::{HERE, Scene};

/// The container's directory holds the target too, so the canary is searched in everything else.
pub(crate) fn elsewhere(fetcher: &Fetcher, canary: &Canary) -> Vec<std::path::PathBuf> {
    let mut found = canary.files_below(fetcher.dir()).unwrap();
    found.retain(|path| !path.starts_with(fetcher.target()));
    found
}

pub(crate) fn planted(spec: &str, value: impl FnOnce(String) -> SecretValue) -> (Scene, Canary) {
    let scene = Scene::of(spec);
    let canary = Canary::random();
    let text = canary.reveal(|secret| String::from_utf8(secret.to_vec()).unwrap());
    scene.aws.secrets().create_with(HERE, "canary", value(text), NewSecret::default());
    (scene, canary)
}

const LOUD: [&str; 8] =
    ["--log-level", "debug", "--report", "report.json", "--audit", "audit.jsonl", "--termination-message", "message"];

fn loud(scene: Scene) -> Scene {
    let fetcher = scene.fetcher.with_variable("RUST_LOG", "trace").with_variable("RUST_BACKTRACE", "full");
    Scene { fetcher, ..scene }
}

#[test]
fn values_are_in_no_log_report_audit_line_or_message() {
    let json = |secret: String| json!({ "password": secret, "n": 1 }).to_string().into();
    // What is wanted of the value fails after it was fetched, in every way that quotes might follow from.
    for output in [
        "files: [{path: a, key: password}]",
        "files: [{path: a, key: absent}]",
        "files: [{path: a, jmespath: n}]",
        "files: [{path: a, jmespath: 'password[0].x'}]",
        "files: [{path: a, key: password, decode: base64}]",
        "env: {A: {key: password}}",
        "files: [{directory: all, keys: all}]",
    ] {
        let (scene, canary) = planted(&format!("secrets: {{canary: {{secret: canary, {output}}}}}"), json);
        let scene = loud(scene);
        let ended = scene.fetcher.init_with(LOUD);
        assert!(matches!(ended.code(), Some(0 | 7)), "{output}: it ended with {:?}", ended.code());
        assert!(!canary.is_in(&ended.stdout) && !canary.is_in(&ended.stderr), "{output}: it was printed");
        assert!(elsewhere(&scene.fetcher, &canary).is_empty(), "{output}");
    }
}

#[test]
fn values_that_cannot_be_parsed_are_not_quoted() {
    let spec = "secrets:\n  canary: {secret: canary, files: [{path: a, key: x}]}\nfiles:\n  - path: b\n    template: \
                \"{{ canary.x + 1 }}\"\n  - tls: {certificate: {from: canary}, key: {from: canary}}\n    directory: tls\n";
    let texts: [fn(String) -> SecretValue; 3] = [
        |secret| secret.into(),
        |secret| format!("{{\"x\": {secret}}}").into(),
        |secret| format!("-----BEGIN CERTIFICATE-----\n{secret}\n-----END CERTIFICATE-----\n").into(),
    ];
    for text in texts {
        let (scene, canary) = planted(spec, text);
        let scene = loud(scene);
        let ended = scene.fetcher.init_with(LOUD);
        ended.expect_failure(7, &["canary"]);
        assert!(!canary.is_in(&ended.stdout) && !canary.is_in(&ended.stderr), "it was printed");
        assert!(elsewhere(&scene.fetcher, &canary).is_empty());
        assert_eq!(scene.fetcher.names(), [""; 0]);
    }
}

#[test]
fn answers_that_break_off_are_not_quoted() {
    for effect in [Effect::CutOff, Effect::Drip(1), Effect::Close, Effect::Reset] {
        let (scene, canary) = planted("secrets: {canary: {secret: canary}}", Into::into);
        let scene = loud(scene);
        scene.aws.inject(FaultRule::new(effect));
        let ended = scene.fetcher.init_with(LOUD.into_iter().chain(["--deadline", "2s"]));
        assert!(!canary.is_in(&ended.stdout) && !canary.is_in(&ended.stderr), "it was printed");
        assert!(elsewhere(&scene.fetcher, &canary).is_empty());
    }
}

/// Whether the environment or the arguments of any process hold it. They are read here and shown nowhere, for they are
/// those of whoever runs the tests too.
fn is_in_a_process(canary: &Canary) -> bool {
    let mut processes = std::fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    // Those of other users, and those that have ended meanwhile, have none for us.
    processes.any(|path| {
        ["environ", "cmdline"].iter().any(|it| canary.is_in(&std::fs::read(path.join(it)).unwrap_or_default()))
    })
}

#[test]
fn the_environment_of_the_application_holds_only_what_it_asked_for() {
    for (delivery, is_there) in [(&[][..], false), (&["--watch"], false), (&["--memfd"], false), (&["--env"], true)] {
        let (scene, canary) = planted("secrets: {canary: {secret: canary, env: {CANARY: {}}}}", Into::into);
        let application = ["--", "sh", "-c", "echo runs; exec sleep 120"];
        let mut running = scene.fetcher.start([&["exec", "--spec", "spec.yaml"], delivery, &application].concat());
        running.wait_until("the application runs", |it| it.out().contains("runs"));
        assert_eq!(is_in_a_process(&canary), is_there, "{delivery:?}");
        _ = running.terminate();
    }
}

#[test]
fn no_environment_holds_what_a_watch_published() {
    let (scene, canary) = planted("secrets: {canary: {secret: canary}}", Into::into);
    let mut watch = scene.fetcher.watch([]);
    watch.wait_until("published", |_| !scene.fetcher.files().is_empty());
    assert!(!is_in_a_process(&canary));
    watch.terminate().expect(0);
}
