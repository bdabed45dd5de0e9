use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Barrier;

use super::*;

fn store() -> (tempfile::TempDir, KeyStore) {
    let root = tempfile::tempdir().expect("a temporary directory");
    let store = KeyStore::new(&UserDirs::below(root.path()));
    (root, store)
}

fn name(text: &str) -> LocalKeyName {
    text.parse().expect("a valid name")
}

fn error<T>(result: Result<T, CliError>) -> CliError {
    result.err().expect("an error")
}

#[test]
fn a_missing_key_is_made_once_and_is_private() {
    let (_root, store) = store();
    let demo = name("demo");
    let made = store.obtain(&demo).expect("a key");
    let again = store.obtain(&demo).expect("a key");
    assert!(made.is_new && !again.is_new);
    assert_eq!(made.key.key_name(), again.key.key_name());
    let mode = |path: &Path| fs::metadata(path).expect("metadata").permissions().mode() & 0o777;
    assert_eq!(mode(&made.path), 0o600);
    assert_eq!(mode(&store.directory), 0o700);
}

#[test]
fn those_who_make_a_key_at_once_get_the_same_one() {
    let (_root, store) = store();
    let demo = name("demo");
    let barrier = Barrier::new(8);
    let obtained: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    let obtained = store.obtain(&demo).expect("a key");
                    (obtained.is_new, obtained.key.key_name())
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert_eq!(obtained.iter().filter(|(is_new, _)| *is_new).count(), 1);
    assert!(obtained.iter().all(|(_, key_name)| *key_name == obtained[0].1));
    assert_eq!(fs::read_dir(&store.directory).expect("a directory").count(), 1, "nothing else is left");
}

#[test]
fn keygen_never_replaces_a_key() {
    let (_root, store) = store();
    let first = store.create(&name("demo")).expect("a key");
    assert_eq!(error(store.create(&name("demo"))).exit, Exit::Io);
    let kept = store.read(&name("demo")).expect("the key");
    assert_eq!(kept.fingerprint(), first.key.fingerprint());
}

#[test]
fn a_key_that_others_can_read_or_change_is_refused_with_the_remedy() {
    let (_root, store) = store();
    let path = store.obtain(&name("demo")).expect("a key").path;
    for mode in [0o640, 0o604, 0o660, 0o602] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("permissions");
        let error = error(store.read(&name("demo")));
        assert_eq!(error.exit, Exit::Config);
        assert!(error.hint.is_some_and(|hint| hint.starts_with("chmod ")), "{mode:o}");
    }
}

#[test]
fn a_directory_that_others_can_write_to_gets_no_key() {
    let (_root, store) = store();
    fs::create_dir_all(&store.directory).expect("a directory");
    fs::set_permissions(&store.directory, fs::Permissions::from_mode(0o777)).expect("permissions");
    let error = error(store.obtain(&name("demo")));
    assert!(error.message.contains("can be written by others"), "{error}");
}

#[test]
fn a_cut_or_changed_key_file_is_told_apart_from_a_missing_one() {
    let (_root, store) = store();
    let path = store.obtain(&name("demo")).expect("a key").path;
    let whole = fs::read(&path).expect("the key file");
    for length in [0, 1, 20, whole.len() - 1] {
        fs::write(&path, &whole[..length]).expect("a write");
        let error = error(store.read(&name("demo")));
        assert_eq!(error.exit, Exit::Config, "{length}");
        assert!(error.message.contains("is not a local key"), "{error}");
    }
    fs::write(&path, [&whole[..], &[b'x'; 1000]].concat()).expect("a write");
    assert_eq!(error(store.read(&name("demo"))).exit, Exit::Config);
    fs::remove_file(&path).expect("a removal");
    assert_eq!(error(store.read(&name("demo"))).exit, Exit::NotFound);
}

#[test]
fn no_error_shows_key_material() {
    let (_root, store) = store();
    let path = store.obtain(&name("demo")).expect("a key").path;
    let text = fs::read_to_string(&path).expect("the key file");
    let key = text.lines().find_map(|line| line.strip_prefix("key: ")).expect("a key line").to_owned();
    fs::write(&path, text.replacen("sealkit-local-key-v1", &key, 1)).expect("a write");
    let error = error(store.read(&name("demo")));
    assert!(!format!("{error} {:?}", error.hint).contains(&key[..8]));
}

#[test]
fn a_renamed_key_file_says_whose_it_is() {
    let (_root, store) = store();
    let path = store.obtain(&name("demo")).expect("a key").path;
    fs::rename(path, store.path_of(&name("other"))).expect("a rename");
    let error = error(store.read(&name("other")));
    assert!(error.message.contains("holds the local key \"demo\""), "{error}");
}

#[test]
fn a_message_finds_its_key_by_name_and_fingerprint() {
    let (_root, store) = store();
    let key = store.obtain(&name("my-demo")).expect("a key").key;
    let found = store.read_named_in_message(&key.key_name()).expect("the key");
    assert_eq!(found.fingerprint(), key.fingerprint());

    let other = error(store.read_named_in_message("my-demo-0000000000000000").map(drop));
    assert!(other.message.contains("is another, with fingerprint"), "{other}");
    let absent = error(store.read_named_in_message("none-0000000000000000").map(drop));
    assert_eq!(absent.exit, Exit::NotFound);
    let hostile = error(store.read_named_in_message("../../etc/passwd\u{1b}-0000000000000000").map(drop));
    assert!(!hostile.object.contains('\u{1b}'));
}
