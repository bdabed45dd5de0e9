//! The state file: what is read back, what is refused, and what becomes of a file that is not as it should be.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::os::unix::fs::PermissionsExt as _;

use tempfile::TempDir;

use super::*;
use crate::keys::kek::form::{KekId, MAX_WRAPPED_KEK_LEN};

const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1";

struct Rig {
    directory: TempDir,
}

impl Rig {
    fn new() -> Self {
        Self { directory: TempDir::new().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("state.json")
    }

    fn with(text: &str) -> Self {
        let rig = Self::new();
        fs::write(rig.path(), text).unwrap();
        rig
    }

    fn open(&self) -> Arc<StateFile> {
        StateFile::open(&self.path())
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }
}

fn record(byte: u8) -> KekRecord {
    KekRecord { wrapped: vec![1, byte, byte], key: KEY.to_owned(), writing: None }
}

fn wrapped(state: &State) -> Vec<u8> {
    state.keks.iter().map(|record| record.wrapped[1]).collect()
}

#[test]
fn what_is_written_is_read_by_the_next_start() {
    let rig = Rig::new();
    let file = rig.open();
    assert_eq!((file.state(), file.health()), (State::default(), StateFileHealth::Ok));
    file.update(|state| state.remember(vec![record(1), record(2)])).unwrap();
    let block = file.update(|state| state.reserve(&record(2), 1_700_000_000, 0, 100)).unwrap();
    assert_eq!(block, 0..100);
    drop(file);

    let file = rig.open();
    assert_eq!(wrapped(&file.state()), [2, 1]);
    let state = file.state();
    let (record, writing) = state.writing().unwrap();
    assert_eq!((record.wrapped[1], writing.created, writing.reserved_uses), (2, 1_700_000_000, 100));
    let block = file.update(|state| state.reserve(&self::record(2), 1_700_000_000, 0, 50)).unwrap();
    assert_eq!(block, 100..150, "blocks follow each other");
    assert_eq!(fs::metadata(rig.path()).unwrap().permissions().mode() & 0o7777, 0o600);
}

#[test]
fn the_format_is_as_documented() {
    let rig = Rig::new();
    let file = rig.open();
    file.update(|state| {
        state.remember(vec![record(1)]);
        state.reserve(&record(2), 1_700_000_000, 0, 16384)
    })
    .unwrap();
    let expected = r#"{
  "format": "sealkit-kms-plugin-state",
  "version": 1,
  "keks": [
    {
      "wrapped": "AQIC",
      "key": "arn:aws:kms:eu-west-1:111122223333:key/1",
      "writing": {
        "created": 1700000000,
        "reservedUses": 16384
      }
    },
    {
      "wrapped": "AQEB",
      "key": "arn:aws:kms:eu-west-1:111122223333:key/1"
    }
  ]
}
"#;
    assert_eq!(rig.text(), expected);
}

#[test]
fn a_damaged_file_of_ours_is_set_aside() {
    let whole = {
        let rig = Rig::new();
        rig.open().update(|state| state.remember(vec![record(1)])).unwrap();
        rig.text()
    };
    let twice = whole.replace("  \"keks\": [", "  \"keks\": [ {\"wrapped\": \"AQEB\", \"key\": \"k\"},");
    let damaged = [
        whole[..whole.len() / 2].to_owned(),
        whole[..50].to_owned(),
        whole.replace("AQEB", "?"),
        whole.replace("AQEB", ""),
        whole.replace("\"key\": \"arn", "\"other\": 1, \"key\": \"arn"),
        whole.replace("\"version\": 1", "\"version\": 0"),
        whole.replace("AQEB", &"A".repeat(MAX_WRAPPED_KEK_LEN.div_ceil(3) * 4 + 4)),
        twice,
    ];
    for text in damaged {
        let rig = Rig::with(&text);
        let file = rig.open();
        assert_eq!((file.state(), file.health()), (State::default(), StateFileHealth::Ok), "{text}");
        assert_eq!(fs::read_to_string(rig.path().with_extension("json.damaged")).unwrap(), text);
        file.update(|state| state.remember(vec![record(1)])).unwrap();
        assert_eq!(rig.text(), whole);
    }
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let foreign = ["root:x:0:0:root:/root:/bin/bash\n", "{}", "{\"format\": \"other\", \"version\": 1}", "[]", "\n"];
    let newer = ["{\"format\": \"sealkit-kms-plugin-state\", \"version\": 2, \"moons\": []}"];
    for text in foreign.into_iter().chain(newer) {
        let rig = Rig::with(text);
        let file = rig.open();
        assert_eq!((file.state(), file.health()), (State::default(), StateFileHealth::Refused), "{text}");
        assert!(matches!(file.update(|state| state.remember(vec![record(1)])), Err(StateError::Refused { .. })));
        assert!(!file.remove());
        assert_eq!(rig.text(), text);
        assert_eq!(file.health(), StateFileHealth::Refused);
    }
}

#[test]
fn an_empty_file_is_none() {
    let rig = Rig::with("");
    rig.open().update(|state| state.remember(vec![record(1)])).unwrap();
    assert!(rig.text().contains("AQEB"));
}

#[test]
fn a_file_that_others_can_write_is_refused() {
    let rig = Rig::new();
    rig.open().update(|state| state.remember(vec![record(1)])).unwrap();
    fs::set_permissions(rig.path(), fs::Permissions::from_mode(0o666)).unwrap();
    let file = rig.open();
    assert_eq!((file.state(), file.health()), (State::default(), StateFileHealth::Refused));
    drop(file);
    fs::set_permissions(rig.path(), fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(wrapped(&rig.open().state()), [1], "ciphertext may be read");
}

#[test]
fn a_directory_or_a_device_is_refused() {
    let rig = Rig::new();
    fs::create_dir(rig.path()).unwrap();
    assert_eq!(rig.open().health(), StateFileHealth::Refused);
    assert_eq!(StateFile::open(Path::new("/dev/null")).health(), StateFileHealth::Refused);
}

#[test]
fn a_file_that_another_process_replaced_is_left_alone() {
    let rig = Rig::new();
    let file = rig.open();
    file.update(|state| state.remember(vec![record(1)])).unwrap();
    let other = rig.text().replace("AQEB", "AQIC");
    fs::remove_file(rig.path()).unwrap();
    fs::write(rig.path(), &other).unwrap();
    assert!(matches!(file.update(|state| state.remember(vec![record(3)])), Err(StateError::Replaced { .. })));
    assert_eq!((rig.text(), file.health()), (other, StateFileHealth::Failing));
    assert_eq!(wrapped(&file.state()), [1], "a change that cannot be written is not made");
    assert!(!file.remove());
}

#[test]
fn a_file_that_was_lost_is_made_anew() {
    let rig = Rig::new();
    let file = rig.open();
    file.update(|state| state.remember(vec![record(1)])).unwrap();
    fs::remove_file(rig.path()).unwrap();
    file.update(|state| state.remember(vec![record(2)])).unwrap();
    drop(file);
    assert_eq!(wrapped(&rig.open().state()), [2, 1]);
}

#[test]
fn what_could_not_be_written_is_written_later() {
    let rig = Rig::new();
    let directory = rig.directory.path().join("later");
    let file = StateFile::open(&directory.join("state.json"));
    assert!(file.update(|state| state.remember(vec![record(1)])).is_err());
    assert_eq!((file.health(), file.state()), (StateFileHealth::Failing, State::default()));
    fs::create_dir(&directory).unwrap();
    file.update(|state| state.remember(vec![record(1)])).unwrap();
    assert_eq!((file.health(), wrapped(&file.state())), (StateFileHealth::Ok, vec![1]));
}

#[test]
fn within_a_process_a_path_is_one_file() {
    let rig = Rig::new();
    let (first, second) = (rig.open(), rig.open());
    assert!(Arc::ptr_eq(&first, &second));
    first.update(|state| state.remember(vec![record(1)])).unwrap();
    second.update(|state| state.remember(vec![record(2)])).unwrap();
    assert_eq!(wrapped(&first.state()), [2, 1]);
}

#[test]
fn the_least_recently_used_are_forgotten_but_never_the_one_written_under() {
    let numbered = |number: usize| {
        let wrapped = number.to_be_bytes().to_vec();
        KekRecord { wrapped, key: KEY.to_owned(), writing: None }
    };
    let mut state = State::default();
    state.reserve(&numbered(0), 1, 0, 10);
    for number in 1..=MAX_KEKS + 5 {
        state.remember(vec![numbered(number)]);
    }
    assert_eq!(state.keks.len(), MAX_KEKS);
    assert_eq!(state.writing().unwrap().0.kek_id(), KekId::of(&0_usize.to_be_bytes()));
    assert_eq!(state.keks[0].kek_id(), KekId::of(&(MAX_KEKS + 5).to_be_bytes()));
    state.reserve(&numbered(7), 1, 30, 10);
    assert_eq!(state.writing().unwrap().1.reserved_uses, 40);
    assert_eq!(state.keks.iter().filter(|record| record.writing.is_some()).count(), 1);
}

#[test]
fn a_full_file_is_within_the_length_that_is_read() {
    let longest = |number: usize| {
        let mut wrapped = vec![0; MAX_WRAPPED_KEK_LEN];
        wrapped[..8].copy_from_slice(&number.to_be_bytes());
        KekRecord { wrapped, key: "k".repeat(2048), writing: None }
    };
    let state = State { keks: (0..MAX_KEKS).map(longest).collect(), rotation: None };
    let text = state.serialize();
    assert!(text.len() as u64 <= MAX_LEN, "{}", text.len());
    assert_eq!(State::parse(&text).unwrap(), state);
}

/// A tmpfs of 64 KiB that is full.
#[test]
#[ignore = "needs root, to mount a tmpfs"]
fn a_full_disk_keeps_what_was_written_and_recovers() {
    let rig = Rig::new();
    let mount = Tmpfs::mount(rig.directory.path());
    let file = rig.open();
    file.update(|state| state.remember(vec![record(1)])).unwrap();
    let ballast = mount.fill();
    let error = file.update(|state| state.remember(vec![record(2)])).unwrap_err();
    assert!(!error.may_be_written());
    assert_eq!((file.health(), wrapped(&file.state())), (StateFileHealth::Failing, vec![1]));
    assert_eq!(State::parse(&rig.text()).unwrap(), file.state());
    fs::remove_file(ballast).unwrap();
    file.update(|state| state.remember(vec![record(2)])).unwrap();
    assert_eq!((file.health(), wrapped(&file.state())), (StateFileHealth::Ok, vec![2, 1]));
}

/// A small tmpfs, unmounted on drop.
pub(in crate::keys) struct Tmpfs(PathBuf);

impl Tmpfs {
    pub(in crate::keys) fn mount(at: &Path) -> Self {
        let status =
            std::process::Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "none"]).arg(at).status();
        assert!(status.unwrap().success(), "mount a tmpfs on {}", at.display());
        Self(at.to_owned())
    }

    /// Leaves no byte free; the file that takes them.
    pub(in crate::keys) fn fill(&self) -> PathBuf {
        let path = self.0.join("ballast");
        let mut ballast = fs::File::create(&path).unwrap();
        while ballast.write(&[0; 4096]).is_ok_and(|written| written > 0) {}
        path
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
