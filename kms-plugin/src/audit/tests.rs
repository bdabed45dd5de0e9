//! Over real files, each line held against the schema.

#![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use sealkit_aws::{Fault, FaultClass};
use sealkit_rig::schema::assert_valid;
use serde_json::Value;
use tempfile::TempDir;

use super::{Audit, QUEUE, Served};
use crate::keys::{Api, KmsCall, KmsOperation, Malformed, Refusal, Source};

const SCHEMA: &str = include_str!("../../../docs/audit.schema.json");
const ARN: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

struct Scratch {
    dir: TempDir,
    audit: Audit,
}

impl Scratch {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let audit = Audit::start(&dir.path().join("audit.jsonl"), Duration::from_secs(3_600)).unwrap();
        Self { dir, audit }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("audit.jsonl")
    }

    /// All lines, after the end.
    fn lines(self) -> Vec<Value> {
        self.audit.close();
        lines(&self.path())
    }
}

fn lines(path: &std::path::Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    lines.iter().for_each(|line| assert_valid(SCHEMA, line));
    lines
}

fn call<'a>(key: &'a str, answered_by: Option<&'a str>, outcome: Result<(), &'a Fault>) -> KmsCall<'a> {
    KmsCall {
        key,
        answered_by,
        speaks_for_key: true,
        operation: KmsOperation::Decrypt,
        source: Source::Traffic(Api::V2),
        uid: Some("uid-1"),
        region: "eu-central-1",
        home: Some("eu-central-1"),
        request_id: Some("req-1"),
        latency: Duration::ZERO,
        outcome,
    }
}

#[test]
fn a_call_joins_uid_key_and_request_id() {
    let scratch = Scratch::new();
    scratch.audit.kms_call(&call(ARN, Some(ARN), Ok(())));
    scratch.audit.kms_call(&call("alias/app", Some(ARN), Ok(())));
    let fault = Fault::new("kms:Decrypt", "alias/app", Some("eu-central-1"), FaultClass::Revoked, "canary");
    scratch.audit.kms_call(&call("alias/app", None, Err(&fault)));
    let lines = scratch.lines();
    for (line, key, resource) in [(0, Some(ARN), None), (1, Some(ARN), Some("alias/app")), (2, None, Some("alias/app"))]
    {
        let line = &lines[line];
        assert_eq!((line["key"].as_str(), line["resource"].as_str()), (key, resource));
        assert_eq!((&line["object"], &line["request_id"]), (&"uid-1".into(), &"req-1".into()));
        assert_eq!((&line["operation"], &line["binary"]), (&"kms:Decrypt".into(), &"seal-kms-plugin".into()));
    }
    assert_eq!((&lines[2]["outcome"], &lines[2]["class"]), (&"failed".into(), &"revoked".into()));
    assert!(!lines[2].to_string().contains("canary"), "no texts of errors");
}

#[test]
fn every_refusal_has_its_class() {
    let fault = |class| Refusal::Kms(Box::new(Fault::new("kms:Decrypt", ARN, None, class, "x")));
    let cases = [
        (Refusal::Malformed(Malformed::EmptyCiphertext), "refused"),
        (Refusal::Deadline, "outage"),
        (Refusal::Busy { region: "r".into() }, "throttled"),
        (Refusal::Revoked { key: ARN.into() }, "revoked"),
        (Refusal::StaleMaterial { key: ARN.into() }, "outage"),
        (Refusal::Internal("x"), "internal"),
        (fault(FaultClass::Outage), "outage"),
        (fault(FaultClass::Denied), "denied"),
        (fault(FaultClass::Absent), "not-found"),
        (fault(FaultClass::NoCredentials), "expired-login"),
        (fault(FaultClass::Misconfigured), "config"),
    ];
    let scratch = Scratch::new();
    for (refusal, _) in &cases {
        scratch.audit.rpc_failed(Served::Decrypt, Some("uid-1"), ARN, refusal);
    }
    let lines = scratch.lines();
    assert_eq!(lines.len(), cases.len());
    for (line, (refusal, class)) in lines.iter().zip(cases) {
        assert_eq!((&line["class"], &line["key"]), (&class.into(), &ARN.into()), "{refusal}");
        assert_eq!((&line["operation"], &line["object"]), (&"decrypt".into(), &"uid-1".into()));
    }
}

#[test]
fn uses_of_memory_are_counted_by_operation_key_and_call() {
    let scratch = Scratch::new();
    for _ in 0..1_000 {
        scratch.audit.served_from_memory(Served::Decrypt, ARN, Some("req-1"));
    }
    scratch.audit.served_from_memory(Served::Decrypt, ARN, Some("req-2"));
    scratch.audit.served_from_memory(Served::Encrypt, ARN, Some("req-1"));
    scratch.audit.served_from_memory(Served::Decrypt, "local:test-0a1b", None);
    let mut found: Vec<_> = scratch
        .lines()
        .iter()
        .map(|line| {
            assert!(line["cached"] == true && line["since"].is_string());
            (
                line["operation"].as_str().unwrap().to_owned(),
                line["key"].as_str().unwrap().to_owned(),
                line["request_id"].as_str().map(str::to_owned),
                line["count"].as_u64().unwrap(),
            )
        })
        .collect();
    found.sort();
    let id = |id: &str| Some(id.to_owned());
    assert_eq!(
        found,
        [
            ("decrypt".to_owned(), ARN.to_owned(), id("req-1"), 1_000),
            ("decrypt".to_owned(), ARN.to_owned(), id("req-2"), 1),
            ("decrypt".to_owned(), "local:test-0a1b".to_owned(), None, 1),
            ("encrypt".to_owned(), ARN.to_owned(), id("req-1"), 1),
        ]
    );
}

#[test]
fn counts_are_written_each_interval_and_the_file_is_opened_again() {
    let dir = TempDir::new().unwrap();
    let (path, rotated) = (dir.path().join("audit.jsonl"), dir.path().join("audit.jsonl.1"));
    let audit = Audit::start(&path, Duration::from_millis(20)).unwrap();
    let wait_for = |path: &PathBuf, expected: usize| {
        for _ in 0..500 {
            if path.exists() && lines(path).len() == expected {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("{} never had {expected} lines", path.display());
    };
    audit.served_from_memory(Served::Decrypt, ARN, None);
    wait_for(&path, 1);
    fs::rename(&path, &rotated).unwrap();
    audit.reopen();
    audit.kms_call(&call(ARN, Some(ARN), Ok(())));
    wait_for(&path, 1);
    assert_eq!(lines(&rotated).len(), 1);
    drop(audit);
}

#[test]
fn lost_lines_are_counted_and_told_by_the_first_line_that_can_be_written() {
    // A FIFO that is not read is a disk that does not answer: the pipe fills, then the queue.
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("fifo");
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
    let reader =
        rustix::fs::open(&path, rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::NONBLOCK, rustix::fs::Mode::empty());
    let mut reader = fs::File::from(reader.unwrap());
    let audit = Audit::start(&path, Duration::from_secs(3_600)).unwrap();
    let mut told = 0;
    while audit.lost() < 10 {
        audit.kms_call(&call(ARN, Some(ARN), Ok(())));
        told += 1;
        assert!(told < QUEUE + 10_000, "nothing is lost");
    }
    let lost = audit.lost();
    let reading = std::thread::spawn(move || {
        rustix::io::ioctl_fionbio(&reader, false).unwrap();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut reader, &mut text).unwrap();
        text
    });
    drop(audit);
    let text = reading.join().unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let notices: Vec<_> = lines.iter().filter(|line| line["operation"] == "audit-lost").collect();
    assert_eq!(notices.len(), 1);
    assert_valid(SCHEMA, notices[0]);
    assert_eq!((notices[0]["count"].as_u64(), &notices[0]["class"]), (Some(lost), &"io".into()));
    assert_eq!(lines.len() - 1, told - usize::try_from(lost).unwrap());
}

#[test]
fn a_full_disk_loses_lines_and_nothing_else() {
    let audit = Audit::open("/dev/full".as_ref()).unwrap();
    for _ in 0..3 {
        audit.kms_call(&call(ARN, Some(ARN), Ok(())));
    }
    audit.served_from_memory(Served::Decrypt, ARN, None);
    audit.close();
    assert_eq!(audit.lost(), 4);
    audit.kms_call(&call(ARN, Some(ARN), Ok(())));
    assert_eq!(audit.lost(), 5, "after the end");
}
