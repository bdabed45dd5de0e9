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

#[test]
fn the_environment_of_the_application_holds_only_what_it_asked_for() {
    // All processes, of which one is the fetcher's: it supervises.
    let script = "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null; echo ended";
    for (delivery, is_there) in [(&[][..], false), (&["--watch"], false), (&["--memfd"], false), (&["--env"], true)] {
        let (scene, canary) = planted("secrets: {canary: {secret: canary, env: {CANARY: {}}}}", Into::into);
        let ended =
            scene.fetcher.run([&["exec", "--spec", "spec.yaml"], delivery, &["--", "sh", "-c", script]].concat());
        ended.expect(0);
        assert!(ended.out().contains("AWS_ACCESS_KEY_ID=test"), "environments were read");
        assert_eq!(canary.is_in(&ended.stdout), is_there, "{delivery:?}");
    }
}

#[test]
fn no_environment_holds_what_a_watch_published() {
    let (scene, canary) = planted("secrets: {canary: {secret: canary}}", Into::into);
    let mut watch = scene.fetcher.watch([]);
    watch.wait_until("published", |_| !scene.fetcher.files().is_empty());
    for entry in std::fs::read_dir("/proc").unwrap() {
        // Those of other users, and those that have ended meanwhile, have none for us.
        let environment = std::fs::read(entry.unwrap().path().join("environ")).unwrap_or_default();
        assert!(!canary.is_in(&environment));
    }
    watch.terminate().expect(0);
}
