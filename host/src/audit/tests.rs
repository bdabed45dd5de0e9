#![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use sealkit_rig::schema::assert_valid;
use serde_json::Value;
use tempfile::TempDir;

use super::{AuditError, AuditEvent, AuditLog, Failure, Program};
use crate::exit::Exit;
use crate::testing;

const SCHEMA: &str = include_str!("../../../docs/audit.schema.json");
const PROGRAM: Program = Program { name: "sealctl", version: "0.1.0" };
const ARN: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const FAILURES: [Failure; 12] = [
    Failure::Outage,
    Failure::Throttled,
    Failure::Denied,
    Failure::Revoked,
    Failure::ExpiredLogin,
    Failure::NotFound,
    Failure::Refused,
    Failure::NotAuthentic,
    Failure::Config,
    Failure::Io,
    Failure::Interrupted(2),
    Failure::Internal,
];

/// A log in a directory of its own.
struct Scratch {
    _dir: TempDir,
    path: PathBuf,
    log: AuditLog,
}

impl Scratch {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("audit.jsonl");
        let log = AuditLog::open(&path, PROGRAM).unwrap();
        Self { _dir: dir, path, log }
    }

    /// Appends `event`; its line, checked against the schema.
    fn line(&self, event: &AuditEvent) -> Value {
        self.log.append(event).unwrap();
        self.lines().pop().unwrap()
    }

    fn lines(&self) -> Vec<Value> {
        let text = fs::read_to_string(&self.path).unwrap();
        assert!(text.ends_with('\n'));
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        lines.iter().for_each(|line| assert_valid(SCHEMA, line));
        lines
    }
}

#[test]
fn a_line_says_who_did_what_under_which_key() {
    let scratch = Scratch::new();
    let event = AuditEvent::ok("kms:Decrypt").key(ARN).region("eu-central-1").request_id("7f9a1b9e").object("-");
    let line = scratch.line(&event);
    for (field, expected) in [
        ("binary", "sealctl"),
        ("version", "0.1.0"),
        ("operation", "kms:Decrypt"),
        ("key", ARN),
        ("request_id", "7f9a1b9e"),
        ("outcome", "ok"),
    ] {
        assert_eq!(line[field], expected);
    }
    assert_eq!(line["pid"], std::process::id());
    let now = SystemTime::now();
    let time = humantime::parse_rfc3339(line["time"].as_str().unwrap()).unwrap();
    assert!(now.duration_since(time).unwrap() < Duration::from_secs(60));
}

#[test]
fn the_documented_examples_are_lines_that_would_be_written() {
    let docs = include_str!("../../../docs/audit.md");
    let examples: Vec<_> = docs.lines().filter(|line| line.starts_with("{\"schema\"")).collect();
    assert_eq!(examples.len(), 2);
    let dir = TempDir::new().unwrap();
    let log = AuditLog::open(&dir.path().join("a"), PROGRAM).unwrap();
    for example in examples {
        let value: Value = serde_json::from_str(example).unwrap();
        assert_valid(SCHEMA, &value);
        let text = |field: &str| value[field].as_str().unwrap_or_default();
        let operation = if text("operation") == "decrypt" { "decrypt" } else { "kms:Decrypt" };
        let event = AuditEvent::ok(operation).object(text("object")).resource(text("resource")).key(text("key"));
        let event = event.region(text("region")).request_id(text("request_id"));
        let line = log.line(&event, humantime::parse_rfc3339(text("time")).unwrap());
        let (pid, uid) = (std::process::id(), rustix::process::geteuid().as_raw());
        let expected = example.replace("\"pid\":4242,\"uid\":1000", &format!("\"pid\":{pid},\"uid\":{uid}"));
        assert_eq!(String::from_utf8(line).unwrap().trim_end(), expected);
    }
}

#[test]
fn the_documented_classes_are_these_failures() {
    let docs = include_str!("../../../docs/audit.md");
    let ours = FAILURES.map(|failure| {
        let exit = match Exit::from(failure) {
            Exit::Signal(_) => "128 + n",
            exit => exit.name(),
        };
        (format!("`{}`", failure.class()), exit)
    });
    let documented: Vec<_> = docs
        .lines()
        .skip_while(|line| *line != "### Classes")
        .filter(|line| line.starts_with("| `") && !line.starts_with("| `class`"))
        .map(|line| {
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            (cells[1].to_owned(), cells[3])
        })
        .collect();
    assert_eq!(documented, ours);
}

#[test]
fn every_failure_has_a_class_and_only_failures_have() {
    let scratch = Scratch::new();
    for failure in FAILURES {
        let line = scratch.line(&AuditEvent::failed("decrypt", failure).code("AccessDeniedException"));
        assert_eq!((&line["class"], &line["code"]), (&failure.class().into(), &"AccessDeniedException".into()));
    }
    let line = scratch.line(&AuditEvent::ok("decrypt").code("ignored"));
    assert_eq!((line.get("class"), line.get("code")), (None, None));
}

#[test]
fn cache_hits_are_told_together() {
    let scratch = Scratch::new();
    let since = SystemTime::UNIX_EPOCH + Duration::from_millis(1_764_000_000_123);
    let line = scratch.line(&AuditEvent::ok("decrypt").cached().aggregate(250, since).request_id("filled"));
    assert_eq!((&line["cached"], &line["count"]), (&true.into(), &250.into()));
    assert_eq!(line["since"], "2025-11-24T16:00:00.123Z");
}

#[test]
fn empty_text_is_absent() {
    let line = Scratch::new().line(&AuditEvent::ok("decrypt").object("").key("").request_id(""));
    assert_eq!((line.get("object"), line.get("key"), line.get("request_id")), (None, None, None));
}

#[test]
fn names_can_neither_break_a_line_nor_act_on_a_terminal() {
    let scratch = Scratch::new();
    let hostile = OsStr::from_bytes(b"a\n{\"schema\":1}\x1b[2J\xff\\\xe2\x80\xae");
    let line = scratch.line(&AuditEvent::ok("decrypt").object(hostile));
    assert_eq!(line["object"], r#"a\n{"schema":1}\u{1b}[2J\xff\\\u{202e}"#);
    let text = fs::read_to_string(&scratch.path).unwrap();
    assert_eq!(text.lines().count(), 1);
    assert!(!text.trim_end().chars().any(char::is_control));
}

#[test]
fn the_longest_line_fits_a_pipe_and_says_what_was_cut() {
    // Backslashes and quotes double in JSON; the others are cut within a character.
    for filler in ["\\", "\"", "x", "ä", "日", "\u{202e}", "\n"] {
        let scratch = Scratch::new();
        let long = filler.repeat(5000);
        let event = AuditEvent::failed("secretsmanager:BatchGetSecretValue", Failure::ExpiredLogin);
        let event = event.object(&long).resource(&long).key(&long).region(&long).request_id(&long).code(&long);
        let line = scratch.line(&event.cached().aggregate(u64::MAX, SystemTime::now()));
        let length = fs::metadata(&scratch.path).unwrap().len();
        assert!(length <= 4096, "{length} with {filler:?}");
        assert_eq!(line["truncated"].as_array().unwrap().len(), 6);
        assert!(line["object"].as_str().unwrap().ends_with('…'));
    }
}

#[test]
fn text_at_the_limit_is_not_cut() {
    let scratch = Scratch::new();
    let line = scratch.line(&AuditEvent::ok("decrypt").object(&"x".repeat(1400)));
    assert_eq!((line["object"].as_str().unwrap().len(), line.get("truncated")), (1400, None));
    let line = scratch.line(&AuditEvent::ok("decrypt").object(&"x".repeat(1401)));
    assert_eq!(line["object"].as_str().unwrap().len(), 1400);
}

#[test]
fn lines_of_many_threads_and_handles_never_mix() {
    let scratch = Scratch::new();
    let other = AuditLog::open(&scratch.path, PROGRAM).unwrap();
    thread::scope(|scope| {
        for log in [&scratch.log, &other, &scratch.log, &other] {
            scope.spawn(move || {
                (0..200).for_each(|_| log.append(&AuditEvent::ok("decrypt").object(&"x".repeat(900))).unwrap())
            });
        }
    });
    assert_eq!(scratch.lines().len(), 800);
}

#[test]
fn the_file_is_made_private_and_appended_to() {
    let scratch = Scratch::new();
    assert_eq!(fs::metadata(&scratch.path).unwrap().permissions().mode() & 0o777, 0o600);
    scratch.line(&AuditEvent::ok("decrypt"));
    AuditLog::open(&scratch.path, PROGRAM).unwrap().append(&AuditEvent::ok("encrypt")).unwrap();
    assert_eq!(scratch.lines().len(), 2);
}

#[test]
fn a_file_that_others_can_write_is_refused_and_untouched() {
    let scratch = Scratch::new();
    fs::set_permissions(&scratch.path, Permissions::from_mode(0o620)).unwrap();
    assert!(matches!(AuditLog::open(&scratch.path, PROGRAM), Err(AuditError::Unsafe(_))));
    // Others may read it, for log shippers do.
    fs::set_permissions(&scratch.path, Permissions::from_mode(0o644)).unwrap();
    assert!(AuditLog::open(&scratch.path, PROGRAM).is_ok());
}

#[test]
fn what_cannot_be_opened_is_known_before_any_work() {
    let dir = TempDir::new().unwrap();
    let fifo = dir.path().join("fifo");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
    // A FIFO without a reader does not hang.
    for path in [dir.path(), &dir.path().join("missing/audit"), &fifo] {
        assert!(matches!(AuditLog::open(path, PROGRAM), Err(AuditError::Open { .. })), "{}", path.display());
    }
}

#[test]
fn a_line_that_a_full_disk_refuses_is_an_error() {
    let log = AuditLog::open(Path::new("/dev/full"), PROGRAM).unwrap();
    let error = log.append(&AuditEvent::ok("decrypt")).unwrap_err();
    assert_eq!(error.to_string(), "can't write to the audit file /dev/full");
}

#[test]
#[ignore = "needs root, to mount a small file system"]
fn a_line_cut_by_a_full_disk_spoils_no_other() {
    let disk = testing::SmallDisk::mount();
    let path = disk.path().join("audit");
    let log = AuditLog::open(&path, PROGRAM).unwrap();
    let event = AuditEvent::ok("decrypt").object(&"x".repeat(1000));
    let filler = disk.path().join("filler");
    fs::write(&filler, vec![0; (1 << 20) - (8 << 10)]).unwrap();
    let whole = (0..).take_while(|_| log.append(&event).is_ok()).count();
    assert!(log.append(&event).is_err(), "still full");
    fs::remove_file(filler).unwrap();
    // A child that another test forks meanwhile holds its descriptor until it executes.
    while rustix::fs::statvfs(disk.path()).unwrap().f_bfree < 16 {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    log.append(&AuditEvent::ok("encrypt")).unwrap();

    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<_> = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).collect();
    assert_eq!(lines.len(), whole + 1);
    assert_eq!(lines.last().unwrap()["operation"], "encrypt");
}

#[test]
fn a_class_is_found_by_its_word() {
    for failure in [
        Failure::Outage,
        Failure::Throttled,
        Failure::Denied,
        Failure::Revoked,
        Failure::ExpiredLogin,
        Failure::NotFound,
        Failure::Refused,
        Failure::NotAuthentic,
        Failure::Config,
        Failure::Io,
        Failure::Internal,
    ] {
        assert_eq!(Failure::of_class(failure.class()), failure);
    }
    assert_eq!(Failure::of_class("interrupted"), Failure::Internal);
    assert_eq!(Failure::of_class("unheard of"), Failure::Internal);
}
