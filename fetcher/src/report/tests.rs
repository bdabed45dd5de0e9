//! What is grouped, what decides, and the schema.

use sealkit_aws::{Fault, FaultClass};
use sealkit_rig::schema::assert_valid;

use super::*;

const SCHEMA_TEXT: &str = include_str!("../../../docs/fetcher-report.schema.json");

fn denied(resource: &str) -> Fault {
    Fault::new("secretsmanager:GetSecretValue", resource, Some("eu-central-1"), FaultClass::Denied, "access denied")
        .with_request_id(Some("7f9a1b9e-0c1d-4b5e-9a57-2f0e6b6f0d11"))
}

fn mixed() -> Report {
    Report::new("init", "spec.yaml").failed([
        Failure::aws("token", Fault::new("ssm:GetParameters", "/t", None, FaultClass::Outage, "no answer")),
        Failure::aws("db", denied("prod/db")),
        Failure::content("tls", "the certificate has expired", "renew it"),
        Failure::aws("db-port", denied("prod/db")),
        Failure::aws("db", denied("prod/db")),
        Failure::other("", audit::Failure::Io, "no room", ""),
    ])
}

fn json(report: &Report) -> serde_json::Value {
    let value = serde_json::from_slice(&json::to_json(report, std::time::UNIX_EPOCH)).expect("it is JSON");
    assert_valid(SCHEMA_TEXT, &value);
    value
}

#[test]
fn a_cause_is_told_once_with_all_its_objects_and_what_decides_comes_first() {
    let report = mixed();
    let lines: Vec<_> = report.problems().iter().map(ToString::to_string).collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[0], "tls: the certificate has expired; renew it");
    assert!(lines[1].starts_with("db, db-port: secretsmanager:GetSecretValue on prod/db in eu-central-1 failed: "));
    assert_eq!(lines[2], "no room");
    assert!(lines[3].starts_with("token: "));
    assert_eq!(report.exit(), Exit::Refused);
}

#[test]
fn text_from_outside_stays_on_its_line() {
    let failure = Failure::content("a\nb", "no member \u{1b}[2J\u{202e}", "");
    let report = Report::new("init", "").failed([failure]);
    assert_eq!(report.problems()[0].to_string(), r"a\nb: no member \u{1b}[2J\u{202e}");
}

#[test]
fn failures_have_the_form_of_the_schema() {
    let json = json(&mixed());
    assert_eq!(json["exit"], serde_json::json!({"code": 7, "name": "refused", "retry_helps": false}));
    let aws = &json["failures"][1];
    assert_eq!(aws["objects"], serde_json::json!(["db", "db-port"]));
    for (field, value) in [
        ("class", "denied"),
        ("action", "secretsmanager:GetSecretValue"),
        ("resource", "prod/db"),
        ("region", "eu-central-1"),
        ("request_id", "7f9a1b9e-0c1d-4b5e-9a57-2f0e6b6f0d11"),
    ] {
        assert_eq!(aws[field], value, "{field}");
    }
    assert!(json["failures"][2].get("objects").is_none());
}

#[test]
fn what_was_published_has_the_form_of_the_schema() {
    let mut report = Report::new("exec", "env:SECRET_");
    report.published = Some(Published {
        target: Some("/secrets".into()),
        generation: Some("..2026_11_25_10_15_00.123456789".to_owned()),
        is_changed: true,
        outputs: vec![PublishedOutput {
            kind: OutputKind::File,
            name: "db.json".to_owned(),
            origins: vec![Origin {
                object: "prod/db".to_owned(),
                version: "1234".to_owned(),
                region: Some("eu-central-1".to_owned()),
                is_fallback: false,
            }],
        }],
    });
    let json = json(&report);
    assert_eq!((json["outcome"].as_str(), json["exit"]["code"].as_u64()), (Some("ok"), Some(0)));
    assert_eq!(json["published"]["outputs"][0]["versions"][0]["version"], "1234");
}

#[test]
fn the_file_is_replaced_as_a_whole() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("report.json");
    std::fs::write(&path, "x".repeat(100_000)).expect("a file");
    write_json(&mixed(), &path).expect("it can be written");
    let text = std::fs::read(&path).expect("there");
    assert_valid(SCHEMA_TEXT, &serde_json::from_slice(&text).expect("it is JSON"));
    assert_eq!(std::fs::read_dir(dir.path()).expect("ours").count(), 1, "and nothing else is left");
}

#[test]
fn a_report_that_cannot_be_written_is_a_failure() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut report = Report::new("init", "");
    assert_eq!(report.tell(Some(dir.path()), None), Exit::Io);
    assert_eq!(report.tell(Some(&dir.path().join("missing/report")), None), Exit::Io);
}
