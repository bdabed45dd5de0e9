//! What a refresh keeps, and what it lets go.

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

/// Paths of which only one can be published.
const COLLIDING: [(&str, &str); 5] = [("a", "a"), ("a", "a/b"), ("a/b", "a"), ("a/b/c", "a/b"), ("a/b", "a/b/c/d")];

#[test]
fn what_is_gone_gives_way_to_a_new_file_of_another_unit() {
    for (old, new) in COLLIDING {
        // Whichever stands first in the specification.
        for is_first in [true, false] {
            let target = Target::new();
            let mut publisher = target.publisher(KEEP);
            switch(&mut publisher, &[of("old", &[(old, b"1"), ("rest", b"1")])]);
            let (came, stays) = (refreshed("new", &[(new, b"2")]), refreshed("old", &[("moved", b"2")]));
            let wishes = if is_first { [came, stays] } else { [stays, came] };
            switch(&mut publisher, &wishes);
            assert_texts(&target, &[(new, "2"), ("moved", "2"), ("rest", "1")]);
            let published = target.published();
            assert!(published.unit("old").unwrap().files.iter().all(|file| file.path != old), "{old} {new}");
            assert_eq!(publish(&mut publisher, &wishes).unwrap(), Outcome::Unchanged);
        }
    }
}

#[test]
fn last_good_bytes_give_way_to_nothing() {
    for (old, new) in COLLIDING {
        let target = Target::new();
        let mut publisher = target.publisher(KEEP);
        switch(&mut publisher, &[of("old", &[(old, b"1")])]);
        let collision = publish(&mut publisher, &[refreshed("new", &[(new, b"2")]), kept("old")]);
        assert!(matches!(collision, Err(PublishError::Collision { .. })), "{old} {new}");
        assert_texts(&target, &[(old, "1")]);
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
