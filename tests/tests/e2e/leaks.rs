//! Nothing secret reaches a disk or a message, whatever goes wrong.
//!
//! The marker is the plaintext; the needles are searched in all files below the user's home, which also holds the
//! temporary directory and the audit log, and in all that the program printed.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use sealkit_rig::{AwsDouble, Canary, Effect, FaultRule, Operation, Sealctl};

/// Several frames, so that some are verified and released before a later one fails.
const PLAINTEXT: usize = 4 << 20;

struct Scene {
    aws: AwsDouble,
    key: String,
    sealctl: Sealctl,
    canary: Canary,
}

impl Scene {
    /// A user whose only copy of the plaintext is `f.sealed`.
    fn new() -> Self {
        let aws = AwsDouble::start();
        let key = aws.kms().create_key("us-east-1");
        let sealctl = Sealctl::new().with_endpoint(aws.url());
        let scene = Self { aws, key, sealctl, canary: Canary::random() };
        let mut plaintext = vec![b'.'; PLAINTEXT];
        scene.canary.reveal(|secret| {
            for chunk in plaintext.chunks_exact_mut(4096) {
                chunk[..secret.len()].copy_from_slice(secret);
            }
        });
        fs::write(scene.path("f"), plaintext).unwrap();
        fs::create_dir(scene.path("tmp")).unwrap();
        let output = scene.run(&["encrypt", "--key", &scene.key, "--context", "app=demo", "--rm", "f"]);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(scene.found_on_disk(), Vec::<PathBuf>::new(), "after encrypt --rm");
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.sealctl.home().join(name)
    }

    /// A run with everything on that might print or write too much.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.sealctl.command(arguments.iter().copied());
        command
            .args(["--audit", "audit.jsonl", "--json"])
            .env("TMPDIR", self.path("tmp"))
            .env("RUST_LOG", "trace")
            .env("RUST_BACKTRACE", "full")
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn found_on_disk(&self) -> Vec<PathBuf> {
        self.canary.files_below(self.sealctl.home()).unwrap()
    }

    /// Decrypts to a file, which must fail and leave no plaintext anywhere.
    fn fails_without_a_trace(&self, case: &str) {
        let output = self.run(&["decrypt", "--key", &self.key, "--context", "app=demo", "-o", "opened", "f.sealed"]);
        assert!(!output.status.success(), "{case}: it succeeded");
        assert!(!self.path("opened").exists(), "{case}: there is a target");
        assert!(!self.canary.is_in(&output.stdout) && !self.canary.is_in(&output.stderr), "{case}: it was printed");
        assert_eq!(self.found_on_disk(), Vec::<PathBuf>::new(), "{case}");
    }
}

#[test]
fn damaged_messages_leave_no_plaintext() {
    let scene = Scene::new();
    let whole = fs::read(scene.path("f.sealed")).unwrap();
    for (case, damage) in [
        ("the last byte changed", |message: &mut Vec<u8>| *message.last_mut().unwrap() ^= 1),
        ("the last byte missing", |message| message.truncate(message.len() - 1)),
        ("half of it missing", |message| message.truncate(message.len() / 2)),
        ("a byte appended", |message| message.push(0)),
    ] as [(&str, fn(&mut Vec<u8>)); 4]
    {
        let mut message = whole.clone();
        damage(&mut message);
        fs::write(scene.path("f.sealed"), message).unwrap();
        scene.fails_without_a_trace(case);
    }
}

#[test]
fn refusals_and_wrong_answers_of_kms_leave_no_plaintext_and_no_data_key() {
    let scene = Scene::new();
    for effect in [
        Effect::Error(400, "AccessDeniedException".into(), "no".into()),
        Effect::WrongKeyId("arn:aws:kms:us-east-1:111122223333:key/other".into()),
        Effect::ShortKey(16),
        Effect::WrongKey,
        Effect::CutOff,
        Effect::Empty,
    ] {
        let case = format!("{effect:?}");
        scene.aws.inject(FaultRule::new(effect).on(Operation::Decrypt));
        scene.fails_without_a_trace(&case);
        scene.aws.clear_faults();
    }
}

/// The program dies while its target is written: unnamed, the target dies with it.
#[test]
fn a_killed_decryption_leaves_no_plaintext() {
    let scene = Scene::new();
    let message = fs::read(scene.path("f.sealed")).unwrap();
    let mut process = scene
        .command(&["decrypt", "--key", &scene.key, "--context", "app=demo", "-o", "opened", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = process.stdin.take().unwrap();
    // All frames but the last are read, verified and written by the time the pipe is empty.
    std::io::Write::write_all(&mut stdin, &message[..message.len() - 100]).unwrap();
    process.kill().unwrap();
    process.wait().unwrap();
    drop(stdin);
    assert!(!scene.path("opened").exists());
    assert_eq!(scene.found_on_disk(), Vec::<PathBuf>::new());
}

/// The control: the search finds the plaintext once it is decrypted to a file.
#[test]
fn what_is_decrypted_is_found() {
    let scene = Scene::new();
    let output = scene.run(&["decrypt", "--key", &scene.key, "--context", "app=demo", "-o", "opened", "f.sealed"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(scene.found_on_disk(), [scene.path("opened")]);
}

#[test]
fn a_local_key_is_in_its_file_and_nowhere_else() {
    let sealctl = Sealctl::new();
    fs::write(sealctl.home().join("f"), "x").unwrap();
    let arguments = ["encrypt", "--key", "local:demo", "--audit", "audit.jsonl", "--json", "f"];
    let output = sealctl.command(arguments).env("RUST_LOG", "trace").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let file = sealctl.local_key_file();
    let content = fs::read_to_string(&file).unwrap();
    let key = Canary::of(content.lines().find_map(|line| line.strip_prefix("key: ")).unwrap().as_bytes());
    assert_eq!(key.files_below(sealctl.home()).unwrap(), [file]);
    assert!(!key.is_in(&output.stdout) && !key.is_in(&output.stderr));
}
