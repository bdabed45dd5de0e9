//! The sources beside plain secrets and parameters: versions, references, sealed files, other forms.

use rustix::process::Signal;
use sealkit_rig::{Effect, FaultRule, Operation, Sealctl};

use crate::scene::{HERE, Scene};

#[test]
fn versions_stand_side_by_side() {
    let spec = "secrets:\n  now: {secret: db}\n  before: {secret: db, versionStage: AWSPREVIOUS}\n  \
                third: {parameter: /p, version: 3}\n  live: {parameter: /p, label: live}\n  newest: {parameter: /p}\n";
    let scene = Scene::of(spec);
    scene.aws.secrets().put(&scene.arns[0], "correct horse");
    for n in 1..=4 {
        scene.aws.parameters().put(HERE, "/p", &format!("p{n}"));
    }
    scene.aws.parameters().label(HERE, "/p", 2, "live");
    scene.fetcher.init().expect(0);
    let files = scene.fetcher.files();
    assert_eq!((&*files["now"], &*files["before"]), (&b"correct horse"[..], &b"hunter2"[..]));
    assert_eq!([&*files["third"], &*files["live"], &*files["newest"]], [b"p3", b"p2", b"p4"]);
    // A name is in one call once only, for an answer is found by its name.
    assert_eq!(scene.calls(Operation::GetParameters), 3);
}

#[test]
fn parameter_store_refers_to_secrets() {
    let spec = "secrets: {db: {parameter: /aws/reference/secretsmanager/db}}";
    let scene = Scene::of(spec);
    scene.fetcher.init().expect(0);
    assert_eq!(scene.fetcher.file("db"), b"hunter2");
}

/// A sealed file `licence.sealed`, and the key that opens it.
fn sealed(scene: &Scene) -> String {
    let key = scene.aws.kms().create_key(HERE);
    let sealctl = Sealctl::new().with_endpoint(scene.aws.url());
    std::fs::write(sealctl.home().join("plain"), "sealed value").unwrap();
    let sealed = scene.fetcher.path("licence.sealed");
    let arguments = ["encrypt", "--key", &key, "--context", "app=shop", "-o", sealed.to_str().unwrap(), "plain"];
    let output = sealctl.command(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    key
}

/// `db`, for which that file stands in.
fn with_fallback(key: &str) -> String {
    format!(
        "secrets: {{db: {{secret: db, fallback: {{sealed: licence.sealed, context: {{app: shop}}, keys: [\"{key}\"]}}}}}}"
    )
}

fn take_out(scene: &Scene) {
    scene.aws.inject(FaultRule::new(Effect::Status(503)).on(Operation::GetSecretValue));
    scene.aws.inject(FaultRule::new(Effect::Status(503)).on(Operation::BatchGetSecretValue));
}

#[test]
fn sealed_files_are_opened_with_the_pods_role() {
    let scene = Scene::of("");
    let key = sealed(&scene);
    let spec = |context: &str| {
        format!("secrets:\n  licence: {{sealed: licence.sealed, context: {{app: {context}}}, keys: [\"{key}\"]}}\n")
    };
    scene.fetcher.write("spec.yaml", spec("shop"));
    scene.fetcher.init().expect(0);
    assert_eq!(scene.fetcher.file("licence"), b"sealed value");
    scene.fetcher.write("spec.yaml", spec("bank"));
    scene.fetcher.init().expect_failure(7, &["licence"]);

    scene.fetcher.write("spec.yaml", with_fallback(&key));
    scene.fetcher.init().expect(0);
    assert_eq!(scene.fetcher.file("db"), b"hunter2");
    take_out(&scene);
    scene.fetcher.init_with(["--deadline", "5s", "--audit", "audit.jsonl", "--report", "report.json"]).expect(0);
    assert_eq!(scene.fetcher.file("db"), b"hunter2", "what is published is newer");
    let told = |name| std::fs::read_to_string(scene.fetcher.path(name)).unwrap();
    assert!(!told("audit.jsonl").contains("\"publish\""), "{}", told("audit.jsonl"));
    assert!(!told("report.json").contains("licence.sealed"), "{}", told("report.json"));
    for entry in std::fs::read_dir(scene.fetcher.target()).unwrap() {
        let path = entry.unwrap().path();
        let is_directory = path.symlink_metadata().unwrap().is_dir();
        if is_directory { std::fs::remove_dir_all(path).unwrap() } else { std::fs::remove_file(path).unwrap() }
    }
    let ended = scene.fetcher.init_with(["--deadline", "5s"]);
    ended.expect(0);
    assert_eq!(scene.fetcher.file("db"), b"sealed value");
    let manifest: serde_json::Value = serde_json::from_slice(&scene.fetcher.file("..data/..manifest.json")).unwrap();
    assert_eq!(manifest["units"][0]["files"][0]["origins"][0]["isFallback"], true, "{manifest}");
}

#[test]
fn last_good_bytes_are_newer_than_a_sealed_file() {
    let scene = Scene::of("");
    scene.fetcher.write("spec.yaml", with_fallback(&sealed(&scene)));
    // Nothing of the service is published: the sealed file it is, until there is.
    take_out(&scene);
    let mut watch = scene.fetcher.watch(["--interval", "1h", "--deadline", "2s"]);
    watch.wait_until("the sealed file stands in", |_| scene.fetcher.files().contains_key("db"));
    assert_eq!(scene.fetcher.file("db"), b"sealed value", "{}", watch.err());
    scene.aws.clear_faults();
    watch.signal(Signal::HUP);
    watch.wait_until("the service is back", |_| scene.fetcher.file("db") == b"hunter2");
    take_out(&scene);
    watch.signal(Signal::HUP);
    watch.wait_until("it is out again", |it| it.err().contains("the last good bytes stay: db: "));
    assert_eq!(scene.fetcher.file("db"), b"hunter2", "{}", watch.err());
    watch.terminate().expect(0);
    scene.aws.clear_faults();

    let script = "trap 'exit 0' TERM; echo \"has $(cat \"$SEALKIT_SECRETS/db\")\"; while :; do sleep 0.05; done";
    let flags = ["exec", "--spec", "spec.yaml", "--watch", "--interval", "1s", "--deadline", "2s", "--"];
    let mut supervised = scene.fetcher.start(flags.into_iter().chain(["sh", "-c", script]));
    supervised.wait_until("the first start", |it| it.out().contains("has hunter2"));
    take_out(&scene);
    supervised.wait_until("it goes on", |it| it.err().contains("the command goes on with what it has: db: "));
    supervised.signal(Signal::TERM);
    let ended = supervised.wait();
    ended.expect(0);
    assert_eq!(ended.out(), "has hunter2\n", "{ended}");
}

#[test]
fn an_ecs_task_definition_is_read_as_ecs_reads_it() {
    let scene = Scene::of("");
    let arn = scene.aws.secrets().create(HERE, "app", r#"{"password":"p@ss","port":5432}"#);
    scene.aws.parameters().put(HERE, "plain", "text");
    let spec = format!(
        r#"{{"containerDefinitions":[{{"name":"app","secrets":[
            {{"name":"PASSWORD","valueFrom":"{arn}:password::"}},
            {{"name":"PORT","valueFrom":"{arn}:port:AWSCURRENT:"}},
            {{"name":"WHOLE","valueFrom":"{arn}"}},
            {{"name":"PLAIN","valueFrom":"plain"}}]}}]}}"#
    );
    scene.fetcher.write("spec.yaml", spec);
    scene.fetcher.init().expect(0);
    let files = scene.fetcher.files();
    assert_eq!((&*files["PASSWORD"], &*files["PORT"], &*files["PLAIN"]), (&b"p@ss"[..], &b"5432"[..], &b"text"[..]));
    assert_eq!(scene.calls(Operation::GetSecretValue), 1);
}
