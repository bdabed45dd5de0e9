//! What an operator is told: standard error, the report, the termination message, audit lines, exit codes.

use std::fs;

use sealkit_rig::Operation;
use serde_json::Value;

use crate::scene::{SECRETS, Scene, csi_pod};

#[test]
fn all_failures_are_in_one_report() {
    let scene = Scene::pod(&csi_pod());
    scene.aws.secrets().deny(Operation::GetSecretValue, None);
    let ended = scene.fetcher.init_with(["--report", "report.json", "--termination-message", "message"]);
    ended.expect(4);
    let report: Value = serde_json::from_slice(&fs::read(scene.fetcher.path("report.json")).unwrap()).unwrap();
    let failures = report["failures"].as_array().unwrap_or_else(|| panic!("{report}"));
    assert_eq!(failures.len(), SECRETS, "{report}");
    let text = failures[0].to_string();
    for part in ["AccessDeniedException", "secretsmanager:GetSecretValue", "us-east-1", "pod/s"] {
        assert!(text.contains(part), "no {part} in {text}");
    }
    let request = scene.aws.calls().log().into_iter().find(|call| call.operation == Operation::GetSecretValue).unwrap();
    assert!(report.to_string().contains(&request.request_id), "request ids are told");

    let message = fs::read_to_string(scene.fetcher.path("message")).unwrap();
    assert!(message.len() <= 4096 && message.len() > 1000, "{} bytes", message.len());
    assert!(message.ends_with('\n') || message.lines().last().unwrap().len() < 400, "cut at a line:\n{message}");
    assert!(message.contains("pod/s"), "{message}");
}

#[test]
fn success_is_reported_without_values() {
    let scene = Scene::of("secrets: {db: {secret: db}}");
    let ended = scene.fetcher.init_with(["--report", "report.json", "--audit", "audit.jsonl"]);
    ended.expect(0);
    let report = fs::read_to_string(scene.fetcher.path("report.json")).unwrap();
    let audit = fs::read_to_string(scene.fetcher.path("audit.jsonl")).unwrap();
    for text in [&report, &audit, &ended.err(), &ended.out()] {
        assert!(!text.contains("hunter2"), "{text}");
    }
    assert!(report.contains("db"), "{report}");
    for line in audit.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(line.is_object(), "{line}");
    }
    assert!(audit.contains("GetSecretValue"), "{audit}");
    // The next run replaces it.
    scene.fetcher.init_with(["--report", "report.json"]).expect(0);
    let next = fs::read_to_string(scene.fetcher.path("report.json")).unwrap();
    assert!(next != report && next.contains("db"), "{next}");
}

#[test]
fn mistakes_are_told_all_at_once_with_their_places() {
    let scene = Scene::of(
        "secrets:\n  a: {secrt: db}\n  b: {secret: db, versionStages: X}\n  c: {parameter: /x, label: a, version: 1}\n",
    );
    let ended = scene.fetcher.init();
    ended.expect_failure(3, &["spec.yaml:2", "secrt", "spec.yaml:3", "versionStages", "spec.yaml:4"]);
    assert_eq!(scene.aws.calls().total(), 0);
}

#[test]
fn nobody_is_waited_for_at_a_pipe() {
    let scene = Scene::of("secrets: {db: {secret: db}}");
    let pipe = scene.fetcher.path("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();
    scene.fetcher.init_with(["--report", "pipe"]).expect_failure(9, &["report", "pipe"]);
    let target = scene.fetcher.target();
    let mut running = scene.fetcher.start(["init", "--spec", "pipe", "--target", target.to_str().unwrap()]);
    running.wait_until("it heeds SIGTERM", |it| {
        let status = fs::read_to_string(format!("/proc/{}/status", it.pid())).unwrap_or_default();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        caught.and_then(|it| u64::from_str_radix(it.trim(), 16).ok()).is_some_and(|it| it & (1 << 14) != 0)
    });
    running.terminate().expect_failure(143, &["SIGTERM"]);
}
