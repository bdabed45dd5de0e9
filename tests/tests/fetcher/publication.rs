//! What is in the target, and what never gets there.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use sealkit_rig::NewSecret;
use serde_json::json;

use crate::scene::{HERE, Scene};

fn secret_of(value: impl Into<sealkit_rig::SecretValue>, spec: &str) -> Scene {
    let scene = Scene::of(spec);
    scene.aws.secrets().create_with(HERE, "odd", value, NewSecret::default());
    scene
}

#[test]
fn odd_values_are_published_byte_for_byte() {
    let binary: Vec<u8> = (0..=255).cycle().take(65_536).collect();
    let values: [Vec<u8>; 4] = [binary, b"\xff\xfe\x00".to_vec(), b"trailing\n".to_vec(), b"\x00".to_vec()];
    for value in values {
        let scene = secret_of(value.clone(), "secrets: {odd: {secret: odd}}");
        scene.fetcher.init().expect(0);
        assert!(scene.fetcher.file("odd") == value);
    }
    for text in ["ends with a newline\n", "12345678901234567890", "null", "\u{feff}bom", "größe"] {
        let scene = secret_of(text, "secrets: {odd: {secret: odd}}");
        scene.fetcher.init().expect(0);
        assert_eq!(scene.fetcher.file("odd"), text.as_bytes());
    }
}

#[test]
fn members_of_json_keep_their_text() {
    let spec = "secrets:\n  odd:\n    secret: odd\n    files:\n      - {path: port, key: port}\n      \
                - {path: big, key: big}\n      - {path: text, key: text}\n      - {directory: all, keys: all}\n";
    let value = r#"{"port": 5432, "big": 12345678901234567890.10, "text": "a\nb"}"#;
    let scene = secret_of(value, spec);
    scene.fetcher.init().expect(0);
    let files = scene.fetcher.files();
    assert_eq!(files["port"], b"5432");
    assert_eq!(files["big"], b"12345678901234567890.10", "a double would round it");
    assert_eq!(files["text"], b"a\nb");
    assert_eq!(files["all/port"], b"5432");
    let twice = secret_of(r#"{"port": 1, "port": 2}"#, spec);
    twice.fetcher.init().expect_failure(7, &["port"]);
}

#[test]
fn hostile_names_from_content_are_refused_before_anything_is_written() {
    let spec = "secrets: {odd: {secret: odd, files: [{directory: all, keys: all}]}}";
    let long = "x".repeat(256);
    for name in ["..", "../../etc/passwd", "..data", "", ".", "a\u{0}b", long.as_str()] {
        let scene = secret_of(json!({ name: "v", "good": "v" }).to_string(), spec);
        let ended = scene.fetcher.init();
        // A slash becomes `_`, and what is left is judged as any name is.
        if name.contains('/') && ended.code() == Some(0) {
            let files = scene.fetcher.files();
            assert!(files.keys().all(|path| path.starts_with("all/") && path.matches('/').count() == 1), "{files:?}");
            continue;
        }
        assert_eq!(ended.code(), Some(7), "{name:?}: {ended}");
        assert_eq!(scene.fetcher.names(), [""; 0], "{name:?}");
    }
    let collision = secret_of(json!({ "a/b": "1", "a_b": "2" }).to_string(), spec);
    collision.fetcher.init().expect_failure(7, &["a_b"]);
    let parameters = Scene::of("secrets: {tree: {parametersByPath: /x, recursive: true, files: [{directory: t}]}}");
    for name in ["/x/a/b", "/x/a_b"] {
        parameters.aws.parameters().put(HERE, name, "v");
    }
    parameters.fetcher.init().expect_failure(7, &["a_b"]);
}

#[test]
fn names_of_the_specification_are_refused_before_any_call() {
    for path in ["../up", "/abs", "..data", "a/../b", "a//b"] {
        let scene = Scene::of(&format!("secrets: {{db: {{secret: db, files: [{{path: \"{path}\"}}]}}}}"));
        scene.fetcher.init().expect_failure(3, &[path]);
        assert_eq!(scene.aws.calls().total(), 0, "{path}");
    }
    let collision =
        Scene::of("secrets:\n  a: {secret: db, files: [{path: x}]}\n  b: {secret: db, files: [{path: x/y}]}\n");
    collision.fetcher.init().expect_failure(3, &["x"]);
}

#[test]
fn planted_links_lead_nowhere() {
    let scene = Scene::of("secrets: {db: {secret: db, files: [{path: deep/db}]}}");
    let elsewhere = scene.fetcher.path("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let victim = scene.fetcher.path("victim");
    std::fs::write(&victim, "precious").unwrap();
    symlink(&elsewhere, scene.fetcher.target().join("deep")).unwrap();
    symlink(&victim, scene.fetcher.target().join("..data_tmp")).unwrap();
    let ended = scene.fetcher.init();
    assert_eq!(std::fs::read(&victim).unwrap(), b"precious", "{ended}");
    assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 0, "{ended}");
    if ended.code() == Some(0) {
        assert_eq!(scene.fetcher.file("deep/db"), b"hunter2");
    }
}

#[test]
fn rights_are_those_of_the_specification() {
    let spec =
        "defaults: {mode: \"0440\"}\nsecrets:\n  db: {secret: db, files: [{path: a}, {path: b/c, mode: \"0600\"}]}\n";
    let scene = Scene::of(spec);
    scene.fetcher.init().expect(0);
    let mode = |name: &str| std::fs::metadata(scene.fetcher.target().join(name)).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode("a"), mode("b/c")), (0o440, 0o600));
    // Links are relative, for the directory has another path in the application's container.
    let link = std::fs::read_link(scene.fetcher.target().join("a")).unwrap();
    assert_eq!(link, std::path::Path::new("..data/a"));
}

#[test]
fn unchanged_content_is_not_published_again() {
    let scene = Scene::of("secrets: {db: {secret: db}}");
    scene.fetcher.init().expect(0);
    let generation = || std::fs::read_link(scene.fetcher.target().join("..data")).unwrap();
    let first = generation();
    scene.fetcher.init().expect(0);
    assert_eq!(generation(), first);
    scene.aws.secrets().put(&scene.arns[0], "other");
    scene.fetcher.init().expect(0);
    assert_ne!(generation(), first);
    let inode = std::fs::metadata(scene.fetcher.target().join("db")).unwrap().ino();
    scene.fetcher.write("spec.yaml", "secrets: {db: {secret: db, files: [{path: db, mode: \"0600\"}]}}");
    scene.fetcher.init().expect(0);
    assert_ne!(std::fs::metadata(scene.fetcher.target().join("db")).unwrap().ino(), inode, "a change of rights counts");
}

#[test]
fn a_target_on_a_disk_is_refused_before_any_call() {
    let scene = Scene::of("secrets: {db: {secret: db}}");
    let disk = tempfile::TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = disk.path().to_str().unwrap();
    let run = |more: &[&str]| {
        scene.fetcher.run(["init", "--spec", "spec.yaml", "--target", path].into_iter().chain(more.iter().copied()))
    };
    run(&[]).expect_failure(9, &["tmpfs"]);
    assert_eq!(scene.aws.calls().total(), 0);
    assert_eq!(std::fs::read_dir(disk.path()).unwrap().count(), 0);
    run(&["--allow-disk"]).expect_failure(0, &["disk"]);
    assert_eq!(std::fs::read(disk.path().join("db")).unwrap(), b"hunter2");
}
