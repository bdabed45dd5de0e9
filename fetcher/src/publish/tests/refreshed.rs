//! What a refresh keeps, and what it lets go.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, SystemTime};

use super::rig::{Target, kept, of, one, publish, publish_at, refreshed, switch, visible};
use crate::publish::{Outcome, PublishError};

const KEEP: Duration = Duration::from_secs(30);

fn texts(target: &Target) -> Vec<(String, String)> {
    let files = visible(target.path()).into_iter();
    files.map(|(path, bytes)| (path, String::from_utf8(bytes).unwrap())).collect()
}

fn assert_texts(target: &Target, expected: &[(&str, &str)]) {
    let expected: Vec<_> = expected.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    assert_eq!(texts(target), expected);
}

#[test]
fn what_is_gone_stays_beside_what_came() {
    let target = Target::new();
    let mut publisher = target.publisher(KEEP);
    switch(&mut publisher, &[refreshed("all", &[("d/a", b"1"), ("d/gone", b"1")]), one("other", "1")]);
    let gone = target.inode("d/gone");
    switch(&mut publisher, &[refreshed("all", &[("d/a", b"2"), ("d/new", b"2")])]);
    assert_texts(&target, &[("d/a", "2"), ("d/gone", "1"), ("d/new", "2")]);
    assert_eq!(target.inode("d/gone"), gone, "it takes no memory");
    // It is of the unit still, and stays as often as that is refreshed, also when nothing comes any more.
    let wish = [refreshed("all", &[])];
    assert_eq!(publish(&mut publisher, &wish).unwrap(), Outcome::Unchanged);
    assert_eq!(target.published().unit("all").unwrap().files.len(), 3);
    // A new run of `init` wants what it has and nothing else.
    switch(&mut publisher, &[of("all", &[("d/a", b"2")])]);
    assert_texts(&target, &[("d/a", "2")]);
}

#[test]
fn a_first_refresh_keeps_nothing() {
    let target = Target::new();
    let mut publisher = target.publisher(KEEP);
    switch(&mut publisher, &[refreshed("a", &[("a", b"1")]), refreshed("b", &[])]);
    assert_texts(&target, &[("a", "1")]);
}

#[test]
fn a_kept_file_gives_way_to_a_new_one_of_another_unit() {
    for (old, new) in [("a", "a"), ("a", "a/b"), ("a/b", "a"), ("a/b/c", "a/b"), ("a/b", "a/b/c/d")] {
        for stays in [refreshed("old", &[("moved", b"2")]), kept("old")] {
            // Whichever stands first in the specification.
            for is_first in [true, false] {
                let target = Target::new();
                let mut publisher = target.publisher(KEEP);
                switch(&mut publisher, &[of("old", &[(old, b"1"), ("rest", b"1")])]);
                let came = refreshed("new", &[(new, b"2")]);
                let wishes = if is_first { [came, stays.clone()] } else { [stays.clone(), came] };
                switch(&mut publisher, &wishes);
                assert_eq!(target.read(new), "2", "{old} {new}");
                assert_eq!(target.read("rest"), "1", "{old} {new}");
                let published = target.published();
                assert!(published.unit("old").unwrap().files.iter().all(|file| file.path != old), "{old} {new}");
                assert_eq!(publish(&mut publisher, &wishes).unwrap(), Outcome::Unchanged);
            }
        }
    }
}

#[test]
fn only_what_was_fetched_is_young() {
    let target = Target::new();
    let mut publisher = target.publisher(KEEP);
    let early = SystemTime::now() - Duration::from_secs(3600);
    publish_at(&mut publisher, &[one("a", "1"), one("b", "1")], early).unwrap();
    switch(&mut publisher, &[refreshed("a", &[("a", b"2")]), kept("b")]);
    let published = target.published();
    let age = |unit| published.unit(unit).unwrap().age(SystemTime::now()).as_secs();
    assert!(age("a") < 60 && age("b") > 3000);
}

#[test]
fn new_files_of_a_refresh_may_not_collide() {
    let target = Target::new();
    let mut publisher = target.publisher(KEEP);
    let collision = publish(&mut publisher, &[refreshed("a", &[("a", b"1")]), refreshed("b", &[("a/b", b"1")])]);
    assert!(matches!(collision, Err(PublishError::Collision { .. })));
    let path = publish(&mut publisher, &[refreshed("a", &[("../a", b"1")])]);
    assert!(matches!(path, Err(PublishError::Path { .. })));
    assert_eq!(target.names(), Vec::<String>::new());
}

#[test]
fn a_manifest_that_collides_with_itself_stops_no_refresh() {
    let target = Target::new();
    let mut publisher = target.publisher(KEEP);
    switch(&mut publisher, &[of("a", &[("a", b"1"), ("d/b", b"1")]), one("c", "1")]);
    let path = target.at("..data/..manifest.json");
    let mut manifest: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let files = manifest["units"][0]["files"].as_array_mut().unwrap();
    let mut nested = files[0].clone();
    nested["path"] = "a/below".into();
    files.extend([files[0].clone(), nested]);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&path, manifest.to_string()).unwrap();
    switch(&mut publisher, &[refreshed("a", &[("d/b", b"2")]), refreshed("c", &[("c", b"2")])]);
    assert_texts(&target, &[("a", "1"), ("c", "2"), ("d/b", "2")]);
}
