//! What somebody else put into the target.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use rustix::fs::{CWD, Mode};

use super::rig::{Target, kept, of, one, publish, switch, visible};
use crate::publish::{Outcome, PublishError, Published, Publisher};

const KEEP: Duration = Duration::from_secs(30);

fn refused(target: &Target) -> String {
    let error = Publisher::new(target.open(), KEEP).expect_err("it is not ours");
    let read = Published::read(&target.open()).expect_err("it is not ours");
    assert_eq!(error.to_string(), read.to_string());
    assert!(matches!(error, PublishError::Foreign { .. }), "{error:?}");
    error.to_string()
}

#[test]
fn names_that_are_taken_are_told_at_once_and_left_alone() {
    let target = Target::new();
    let outside = Target::new();
    fs::write(outside.at("file"), "theirs").unwrap();
    fs::write(target.at("a"), "theirs").unwrap();
    symlink(outside.at("file"), target.at("b")).unwrap();
    fs::create_dir(target.at("c")).unwrap();
    symlink("..data/other", target.at("d")).unwrap();
    symlink("nowhere", target.at("not wanted")).unwrap();
    let before = target.names();
    let mut publisher = target.publisher(KEEP);
    let wishes = [one("a", "ours"), one("b", "ours"), one("c/c", "ours"), one("d", "ours"), one("e", "ours")];
    let error = publish(&mut publisher, &wishes).expect_err("four names are taken");
    let text = error.to_string();
    for taken in ["a was not made", "b was not made", "c was not made", "d was not made"] {
        assert!(text.contains(taken), "{text}");
    }
    assert_eq!(target.names(), before);
    assert_eq!(target.read("a"), "theirs");
    assert_eq!(fs::read_to_string(outside.at("file")).unwrap(), "theirs");
    // Names that nobody wants are nobody's business.
    switch(&mut publisher, &[one("e", "ours")]);
    assert!(target.at("not wanted").is_symlink());
}

#[test]
fn a_data_link_that_leads_elsewhere_is_refused() {
    let outside = Target::new();
    fs::write(outside.at("..manifest.json"), "{}").unwrap();
    let outside = outside.path().to_str().unwrap();
    for text in [outside, "..", "../x", ".", "a/b", "..2026_11_25_10_15_00.123456789/..", "..data"] {
        let target = Target::new();
        symlink(text, target.at("..data")).unwrap();
        assert!(refused(&target).contains("no generation"), "{text}");
        assert_eq!(target.names(), ["..data"]);
    }
    let target = Target::new();
    fs::create_dir(target.at("..data")).unwrap();
    assert!(refused(&target).contains("no symbolic link"));
}

#[test]
fn a_generation_that_is_a_link_or_was_made_by_another_writer_is_refused() {
    const NAME: &str = "..2026_11_25_10_15_00.123456789";
    let outside = Target::new();
    switch(&mut outside.publisher(KEEP), &[one("a", "theirs")]);
    let target = Target::new();
    symlink(NAME, target.at("..data")).unwrap();
    symlink(outside.at("..data"), target.at(NAME)).unwrap();
    assert!(refused(&target).contains("no directory"));
    fs::remove_file(target.at(NAME)).unwrap();
    fs::create_dir(target.at(NAME)).unwrap();
    assert!(refused(&target).contains("holds no ..manifest.json"));
}

#[test]
fn a_generation_that_is_gone_is_replaced() {
    let target = Target::new();
    switch(&mut target.publisher(KEEP), &[one("a", "1")]);
    fs::remove_dir_all(target.path().join(target.published().generation.as_str())).unwrap();
    let mut publisher = target.publisher(KEEP);
    assert_eq!(publisher.current().unwrap(), None);
    switch(&mut publisher, &[one("a", "1")]);
    assert_eq!(target.read("a"), "1");
}

#[test]
fn sweeping_follows_no_link() {
    const ORPHAN: &str = "..2020_01_01_00_00_00.000000000";
    const LINK: &str = "..2020_01_01_00_00_00.000000001";
    let outside = Target::new();
    fs::create_dir(outside.at("dir")).unwrap();
    fs::write(outside.at("dir/file"), "theirs").unwrap();
    let target = Target::new();
    fs::create_dir_all(target.at(ORPHAN).join("a/b")).unwrap();
    symlink(outside.at("dir"), target.at(ORPHAN).join("a/link")).unwrap();
    symlink(outside.at("dir"), target.at(LINK)).unwrap();
    drop(target.publisher(KEEP));
    assert!(!target.at(ORPHAN).exists());
    assert!(target.at(LINK).is_symlink());
    assert_eq!(fs::read_to_string(outside.at("dir/file")).unwrap(), "theirs");
}

#[test]
fn files_that_were_exchanged_in_the_current_generation_are_written_anew() {
    let target = Target::new();
    let mut publisher = target.publisher(KEEP);
    let wishes = [one("a", "1"), one("b", "2"), one("c", "3"), one("d/d", "4")];
    switch(&mut publisher, &wishes);
    let outside = Target::new();
    fs::write(outside.at("file"), "1").unwrap();
    fs::create_dir(outside.at("d")).unwrap();
    fs::write(outside.at("d/d"), "4").unwrap();
    let current = target.at("..data/");
    for name in ["a", "b", "c"] {
        fs::remove_file(current.join(name)).unwrap();
    }
    symlink(outside.at("file"), current.join("a")).unwrap();
    // A FIFO without a writer: whoever opens it without care waits for ever.
    rustix::fs::mkfifoat(CWD, current.join("b"), Mode::from_raw_mode(0o400)).unwrap();
    fs::remove_dir_all(current.join("d")).unwrap();
    symlink(outside.at("d"), current.join("d")).unwrap();
    switch(&mut publisher, &wishes);
    let expected = [("a", "1"), ("b", "2"), ("c", "3"), ("d/d", "4")];
    assert_eq!(visible(target.path()), expected.map(|(path, text)| (path.to_owned(), text.into())).into());
    assert_eq!(publish(&mut publisher, &wishes).unwrap(), Outcome::Unchanged);
}

#[test]
fn what_was_exchanged_is_not_kept() {
    let target = Target::new();
    let mut publisher = target.publisher(KEEP);
    switch(&mut publisher, &[one("a", "1"), one("b", "1")]);
    fs::remove_file(target.at("..data/a")).unwrap();
    symlink("/etc/hostname", target.at("..data/a")).unwrap();
    let error = publish(&mut publisher, &[kept("a"), one("b", "2")]).expect_err("it is no file of ours");
    assert!(matches!(error, PublishError::Failed { .. }), "{error}");
    assert_eq!(target.read("b"), "1");
}

#[test]
fn a_manifest_is_not_trusted() {
    let file = |path: &str| format!(r#"{{"path":"{path}","mode":"0400","uid":0,"gid":0,"origins":[]}}"#);
    let manifest = |path: &str| {
        let fetched = "2026-11-25T10:15:00Z";
        format!(r#"{{"schema":1,"units":[{{"unit":"a","fetched":"{fetched}","files":[{}]}}]}}"#, file(path))
    };
    let huge = format!("{}{}", manifest("a"), " ".repeat(5 << 20));
    let twice = manifest("a").replace(&file("a"), &format!("{},{}", file("a"), file("a")));
    let nested = manifest("a").replace(&file("a"), &format!("{},{}", file("a"), file("a/b")));
    for text in [
        &manifest("../../etc/hostname"),
        &manifest("/etc/hostname"),
        &manifest("..data"),
        &twice,
        &nested,
        &huge,
        "{",
        "",
        "[[[[[[[",
    ] {
        let target = Target::new();
        let mut publisher = target.publisher(KEEP);
        switch(&mut publisher, &[one("a", "1")]);
        let path = target.at("..data/..manifest.json");
        fs::remove_file(&path).unwrap();
        fs::write(&path, text).unwrap();
        assert_eq!(Published::read(&target.open()).unwrap(), None, "{:.80}", text);
        assert!(matches!(publish(&mut publisher, &[kept("a")]), Err(PublishError::NothingKept { .. })));
        switch(&mut publisher, &[one("a", "1")]);
        assert_eq!(target.read("a"), "1");
    }
    // Neither a link nor a FIFO in its place is opened.
    for plant in [
        |path: &std::path::Path| symlink("/etc/hostname", path).unwrap(),
        |path: &std::path::Path| {
            rustix::fs::mkfifoat(CWD, path, Mode::from_raw_mode(0o400)).unwrap();
        },
    ] {
        let target = Target::new();
        let mut publisher = target.publisher(KEEP);
        switch(&mut publisher, &[one("a", "1")]);
        fs::remove_file(target.at("..data/..manifest.json")).unwrap();
        plant(&target.at("..data/..manifest.json"));
        assert_eq!(publisher.current().unwrap(), None);
        switch(&mut publisher, &[one("a", "1")]);
    }
}

#[test]
fn paths_that_lead_elsewhere_or_collide_are_refused_here_too() {
    let target = Target::new();
    let mut publisher = target.publisher(KEEP);
    for path in ["../a", "/a", "a/../b", "..a", "", "a//b", "a/.", &"x".repeat(256)] {
        let error = publish(&mut publisher, &[one(path, "1")]).expect_err(path);
        assert!(matches!(error, PublishError::Path { .. }), "{path}: {error}");
    }
    for paths in [["a", "a"], ["a", "a/b"], ["a/b/c", "a"], ["a/b", "a/b/c/d"]] {
        let error = publish(&mut publisher, &[one(paths[0], "1"), of("other", &[(paths[1], b"2")])]);
        assert!(matches!(error, Err(PublishError::Collision { .. })), "{paths:?}");
    }
    assert_eq!(target.names(), Vec::<String>::new());
}

#[test]
fn the_longest_names_and_deep_paths_are_published_and_swept() {
    let target = Target::new();
    let mut publisher = target.publisher(Duration::ZERO);
    let long = "x".repeat(255);
    let deep = vec!["d"; 300].join("/");
    let nested = vec!["y".repeat(255); 15].join("/");
    switch(&mut publisher, &[one(&long, "long"), one(&deep, "deep"), one(&nested, "nested")]);
    assert_eq!(target.read(&long), "long");
    assert_eq!(target.read(&deep), "deep");
    switch(&mut publisher, &[one("a", "1")]);
    std::thread::sleep(Duration::from_millis(5));
    publisher.sweep().unwrap();
    assert_eq!(target.names(), ["..data", "GENERATION", "a"]);
}
