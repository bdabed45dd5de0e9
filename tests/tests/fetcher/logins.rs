//! Where credentials come from in a pod and in a task, and what happens when they end.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use sealkit_rig::{AwsDouble, Effect, FaultRule, Fetcher, Operation};

use crate::scene::{HERE, Scene, THERE};

const SPEC: &str = "secrets: {db: {secret: db}}";
const ROLE: &str = "arn:aws:iam::111122223333:role/shop";

/// A pod with IRSA.
fn irsa(scene: Scene) -> Scene {
    let token = scene.fetcher.path("web-identity").to_str().unwrap().to_owned();
    let fetcher = scene
        .fetcher
        .without_keys()
        .with_file("web-identity", "jwt-one")
        .with_variable("AWS_ROLE_ARN", ROLE)
        .with_variable("AWS_WEB_IDENTITY_TOKEN_FILE", &token);
    scene.aws.sts().trust("jwt-one");
    Scene { fetcher, ..scene }
}

/// A pod with EKS Pod Identity.
pub(crate) fn pod_identity(scene: Scene) -> Scene {
    let token = scene.fetcher.path("pod-identity").to_str().unwrap().to_owned();
    let uri = format!("{}/v1/credentials", scene.aws.url());
    let fetcher = scene
        .fetcher
        .without_keys()
        .with_file("pod-identity", "pod-one")
        .with_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI", &uri)
        .with_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &token);
    scene.aws.container().require_tokens(["pod-one"]);
    Scene { fetcher, ..scene }
}

fn caller(scene: &Scene) -> String {
    let log = scene.aws.calls().log();
    log.iter().rev().find(|call| call.region == HERE && !call.caller.is_empty()).unwrap().caller.clone()
}

#[test]
fn a_service_account_token_becomes_a_role() {
    let scene = irsa(Scene::of(SPEC));
    scene.fetcher.init().expect(0);
    assert!(caller(&scene).contains(":assumed-role/shop/"), "{}", caller(&scene));
    scene.aws.sts().expire("jwt-one");
    scene.fetcher.init_with(["--deadline", "5s"]).expect_failure(4, &["ExpiredTokenException"]);
    scene.fetcher.write("web-identity", "jwt-nobody");
    let ended = scene.fetcher.init_with(["--deadline", "5s"]);
    ended.expect_failure(4, &["InvalidIdentityToken", "sts:AssumeRoleWithWebIdentity"]);
    assert!(!ended.err().contains("jwt-nobody"), "a token is shown");
}

#[test]
fn pod_identity_and_tasks_have_an_endpoint() {
    let scene = pod_identity(Scene::of(SPEC));
    scene.fetcher.init().expect(0);
    assert!(caller(&scene).contains(":assumed-role/task/"), "{}", caller(&scene));
    scene.aws.container().require_tokens(["pod-two"]);
    let ended = scene.fetcher.init_with(["--deadline", "5s"]);
    assert_ne!(ended.code(), Some(0), "{ended}");
    scene.fetcher.write("pod-identity", "pod-two");
    scene.fetcher.init().expect(0);
}

#[test]
fn pod_identity_is_asked_for_on_ipv6() {
    let scene = pod_identity(Scene::at(AwsDouble::builder().ipv6().start(), SPEC));
    assert!(scene.aws.url().starts_with("http://[::1]:"), "{}", scene.aws.url());
    scene.fetcher.init().expect(0);
    assert!(caller(&scene).contains(":assumed-role/task/"), "{}", caller(&scene));
}

#[test]
fn a_login_is_asked_for_in_the_region_of_the_first_arn() {
    let scene = irsa(Scene::of(""));
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", proxy.local_addr().unwrap());
    let there = scene.aws.secrets().create(THERE, "db", "there");
    let fetcher = scene
        .fetcher
        .with_spec(&format!("secrets: {{db: {{secret: \"{there}\"}}}}"))
        .without_variable("AWS_REGION")
        .without_variable("AWS_ENDPOINT_URL")
        .with_variable("HTTPS_PROXY", &url);
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let mut asked = String::new();
        BufReader::new(proxy.accept().unwrap().0).read_line(&mut asked).unwrap();
        tell.send(asked)
    });
    let _running = fetcher.start(["init", "--spec", "spec.yaml", "--target", "target"]);
    let asked = told.recv_timeout(Duration::from_secs(60)).expect("STS is asked");
    assert!(asked.starts_with("CONNECT sts.eu-west-1.amazonaws.com:443 "), "{asked}");
}

#[test]
fn the_region_of_the_instance_is_asked_for_with_its_flag_only() {
    let scene = Scene::of(SPEC);
    scene.aws.instance().set_region(THERE);
    scene.aws.secrets().create(THERE, "db", "over there");
    let fetcher = scene.fetcher.without_variable("AWS_REGION");
    let ended = fetcher.init();
    assert!(ended.code() != Some(0) && ended.err().contains("--imds-region"), "{ended}");
    assert_eq!(scene.aws.calls().count(Operation::InstanceMetadata), 0);
    fetcher.init_with(["--imds-region"]).expect(0);
    assert_eq!(fetcher.file("db"), b"over there");
}

#[test]
fn irsa_is_not_taken_where_pod_identity_is_asked_for() {
    let csi = |flag| {
        format!(
            "usePodIdentity: \"{flag}\"\nregion: us-east-1\nobjects: |\n  - {{objectName: db, objectType: secretsmanager}}\n"
        )
    };
    for (flag, role) in [("true", ":assumed-role/task/"), ("false", ":assumed-role/shop/")] {
        let scene = pod_identity(irsa(Scene::of(&csi(flag))));
        scene.fetcher.init().expect(0);
        assert!(caller(&scene).contains(role), "{flag}: {}", caller(&scene));
    }
}

#[test]
fn a_role_is_assumed_with_the_name_of_the_pod() {
    let other = "arn:aws:iam::111122223333:role/other";
    let spec = format!("role: {ROLE}\nsecrets:\n  db: {{secret: db}}\n  more: {{secret: db, role: {other}}}\n");
    let scene = Scene::of(&spec);
    let fetcher = Fetcher::new(&scene.aws).with_spec(&spec).with_variable("POD_NAME", "shop-7f9c");
    fetcher.init_with(["--batch", "never"]).expect(0);
    let mut callers: Vec<String> = scene
        .aws
        .calls()
        .log()
        .into_iter()
        .filter(|call| call.operation == Operation::GetSecretValue)
        .map(|call| call.caller)
        .collect();
    callers.sort();
    let session = |role| format!("arn:aws:sts::111122223333:assumed-role/{role}/shop-7f9c");
    assert_eq!(callers, [session("other"), session("shop")]);
    scene.aws.sts().deny(Operation::AssumeRole, Some(other));
    let ended = fetcher.init_with(["--deadline", "5s"]);
    ended.expect_failure(4, &["more", "sts:AssumeRole", other]);
}

#[test]
fn a_pod_without_credentials_is_told_quickly_and_clearly() {
    let scene = Scene::of(SPEC);
    scene.aws.inject(FaultRule::new(Effect::Silence).on(Operation::InstanceMetadata));
    let fetcher = Fetcher::new(&scene.aws).with_spec(SPEC).without_keys().without_variable("AWS_REGION");
    let ended = fetcher.init_with(["--deadline", "20s"]);
    assert_ne!(ended.code(), Some(0), "{ended}");
    assert!(ended.err().contains("Region"), "{ended}");
    assert!(ended.took < Duration::from_secs(10), "{:?}", ended.took);
}

#[test]
fn what_is_missing_for_all_is_told_once() {
    let spec = format!(
        "role: {ROLE}\nsecrets:\n  a: {{secret: a}}\n  b: {{secret: b}}\n  c: {{parameter: /c}}\n  d: {{parametersByPath: /d, files: [{{directory: d}}]}}\n"
    );
    let scene = Scene::of(&spec);
    let options = ["--deadline", "5s", "--batch", "never", "--audit", "audit.jsonl", "--report", "report.json"];
    let read = |file| std::fs::read_to_string(scene.fetcher.path(file)).unwrap();
    scene.aws.sts().deny(Operation::AssumeRole, Some(ROLE));
    let ended = scene.fetcher.init_with(options);
    ended.expect_failure(4, &["a, b, c, d: no credentials, for sts:AssumeRole failed: AccessDenied", "request id"]);
    assert!(scene.aws.calls().count(Operation::AssumeRole) <= 2, "one is asked for all");
    let audit = read("audit.jsonl");
    for line in audit.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        if line["operation"] != "publish" {
            let told = [&line["operation"], &line["class"], &line["code"]];
            assert_eq!(told, ["sts:AssumeRole", "denied", "AccessDenied"], "{audit}");
            assert!(line["request_id"].is_string() && line.get("resource").is_none(), "{audit}");
        }
    }
    assert!(audit.contains("sts:AssumeRole"), "{audit}");
    let report: serde_json::Value = serde_json::from_str(&read("report.json")).unwrap();
    let failures = report["failures"].as_array().unwrap();
    assert_eq!((failures.len(), &failures[0]["action"]), (1, &"sts:AssumeRole".into()), "{report}");
    let without = Fetcher::new(&scene.aws).with_spec(&spec).without_keys().with_variable("AWS_REGION", HERE);
    let without = without.with_variable("AWS_EC2_METADATA_DISABLED", "true");
    without
        .init_with(["--deadline", "5s", "--batch", "never"])
        .expect_failure(4, &["a, b, c, d: no AWS credentials were found; "]);
}
