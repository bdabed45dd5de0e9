//! What a publication changes, and what it leaves.

use std::time::{Duration, SystemTime};

use super::rig::{Target, kept, of, one, publish, publish_at, switch, visible};
use crate::publish::{Outcome, PublishError};

const KEEP: Duration = Duration::from_secs(30);

#[test]
fn files_and_directories_are_published_behind_one_link_each() {
    let target = Target::new();
    switch(&mut target.publisher(KEEP), &[one("password", "secret"), of("db", &[("db/user", b"me"), ("db/a/b", b"")])]);
    assert_eq!(target.names(), ["..data", "GENERATION", "db", "password"]);
    assert_eq!(target.read("password"), "secret");
    assert_eq!(target.read("db/user"), "me");
    assert_eq!(target.read("db/a/b"), "");
    for (path, mode) in [("password", 0o400), ("db", 0o755), ("db/a", 0o755), ("..data/", 0o755)] {
        assert_eq!(target.mode(path), mode, "{path}");
    }
}

#[test]
fn unchanged_content_is_not_published_again_but_confirmed() {
    let target = Target::new();
    let mut publisher = target.publisher(KEEP);
    let early = SystemTime::now() - Duration::from_secs(3600);
    let wishes = [one("a", "1"), one("b/c", "2")];
    publish_at(&mut publisher, &wishes, early).unwrap();
    let before = target.published();
    assert_eq!(publish(&mut publisher, &wishes).unwrap(), Outcome::Unchanged);
    let after = target.published();
    assert_eq!(after.generation, before.generation);
    assert!(after.units[0].age(SystemTime::now()) < Duration::from_secs(60));
    assert!(before.units[0].age(SystemTime::now()) > Duration::from_secs(3000));
}

#[test]
fn bytes_modes_and_names_are_changes() {
    let target = Target::new();
    let mut publisher = target.publisher(KEEP);
    switch(&mut publisher, &[one("a", "1")]);
    switch(&mut publisher, &[one("a", "2")]);
    switch(&mut publisher, &[one("a", "22")]);
    switch(&mut publisher, &[one("a", "22").rights(0o440, None, None)]);
    assert_eq!(target.mode("a"), 0o440);
    switch(&mut publisher, &[one("b", "22").rights(0o440, None, None)]);
    assert_eq!(target.read("b"), "22");
    assert!(!target.names().contains(&"a".to_owned()));
    switch(&mut publisher, &[one("a", ""), one("b", "22")]);
}

#[test]
fn equal_files_are_shared_with_the_generation_before() {
    let target = Target::new();
    let mut publisher = target.publisher(KEEP);
    switch(&mut publisher, &[one("same", "1"), one("other", "1"), one("d/kept", "k")]);
    let (same, other, d) = (target.inode("same"), target.inode("other"), target.inode("d/kept"));
    switch(&mut publisher, &[one("same", "1"), one("other", "2"), kept("d/kept")]);
    assert_eq!(target.inode("same"), same);
    assert_ne!(target.inode("other"), other);
    assert_eq!(target.inode("d/kept"), d);
    assert_eq!(target.read("d/kept"), "k");
}

#[test]
fn what_was_never_published_cant_be_kept() {
    let target = Target::new();
    let mut publisher = target.publisher(KEEP);
    assert!(matches!(publish(&mut publisher, &[kept("a")]), Err(PublishError::NothingKept { .. })));
    assert_eq!(target.names(), Vec::<String>::new());
    switch(&mut publisher, &[one("a", "1")]);
    assert!(matches!(publish(&mut publisher, &[kept("a"), kept("b")]), Err(PublishError::NothingKept { .. })));
}

#[test]
fn a_generation_stays_as_long_as_it_is_kept() {
    let target = Target::new();
    let mut publisher = target.publisher(KEEP);
    for bytes in ["1", "2", "3"] {
        switch(&mut publisher, &[one("a", bytes)]);
    }
    publisher.sweep().unwrap();
    assert_eq!(target.names(), ["..data", "GENERATION", "GENERATION", "GENERATION", "a"]);
    drop(publisher);
    // The next process knows what the last one has promised.
    let publisher = target.publisher(KEEP);
    assert_eq!(target.names(), ["..data", "GENERATION", "GENERATION", "GENERATION", "a"]);
    assert_eq!(visible(target.path()).len(), 1);
    drop(publisher);
}

#[test]
fn a_second_writer_is_refused_until_the_first_is_gone() {
    let target = Target::new();
    let first = target.publisher(KEEP);
    let second = crate::publish::Publisher::new(target.open(), KEEP);
    assert!(matches!(second, Err(PublishError::InUse { .. })), "{second:?}");
    drop(first);
    drop(target.publisher(KEEP));
    assert_eq!(target.names(), Vec::<String>::new());
}
