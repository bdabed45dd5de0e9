//! Directories: mirrored, without links, and never twice.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::rig::{Dir, KEY, noise};

fn tree() -> Dir {
    let dir = Dir::new().with_key();
    dir.write("tree/a", "a");
    dir.write("tree/sub/deep/b", noise(600_000));
    dir.write("outside/c", "c");
    symlink("../outside", dir.path("tree/link")).expect("the directory is ours");
    symlink("a", dir.path("tree/sub/a")).expect("the directory is ours");
    dir
}

#[test]
fn a_tree_is_mirrored_there_and_back() {
    let dir = tree();
    let run = dir.run(["encrypt", "-k", KEY, "-o", "out", "tree"]).ok();
    assert!(run.stderr.contains("encrypt: 2 files"), "{}", run.stderr);
    assert!(run.stderr.contains("left out: 2 symbolic links"), "{}", run.stderr);
    dir.run(["decrypt", "-o", "back", "out"]).ok();
    assert_eq!(dir.read("back/a"), b"a");
    assert_eq!(dir.read("back/sub/deep/b"), dir.read("tree/sub/deep/b"));
    let names = dir.names();
    let out: Vec<_> = names.iter().filter(|name| name.starts_with("out/")).collect();
    assert_eq!(out, ["out/", "out/a.sealed", "out/sub/", "out/sub/deep/", "out/sub/deep/b.sealed"]);
    let mode = |name: &str| fs::metadata(dir.path(name)).map(|found| found.permissions().mode() & 0o777).ok();
    assert_eq!((mode("out"), mode("out/a.sealed")), (Some(0o700), Some(0o600)));
}

#[test]
fn in_place_a_second_run_seals_nothing_twice() {
    let dir = tree();
    dir.run(["encrypt", "-k", KEY, "--rm", "tree"]).ok();
    let names = dir.names();
    assert!(names.contains(&"tree/a.sealed".to_owned()) && !names.contains(&"tree/a".to_owned()), "{names:?}");
    let run = dir.run(["encrypt", "-k", KEY, "tree"]).ok();
    assert!(run.stderr.contains("encrypt: 0 files") && run.stderr.contains("2 already sealed"), "{}", run.stderr);
    assert_eq!(dir.names(), names);
    dir.run(["decrypt", "--beside", "tree"]).ok();
    assert_eq!(dir.read("tree/a"), b"a");
}

#[test]
fn a_target_inside_the_tree_is_not_sealed_again() {
    let dir = tree();
    dir.run(["encrypt", "-k", KEY, "-o", "tree/out", "tree"]).ok();
    dir.run(["encrypt", "-k", KEY, "--force", "-o", "tree/out", "tree"]).ok();
    assert!(!dir.names().iter().any(|name| name.starts_with("tree/out/out")), "{:?}", dir.names());
}

#[test]
fn a_tree_that_is_its_own_target_is_sealed_and_opened_in_place() {
    let dir = tree();
    let run = dir.run(["encrypt", "-k", KEY, "-o", "tree", "tree"]).ok();
    assert!(run.stderr.contains("encrypt: 2 files"), "{}", run.stderr);
    assert!(dir.path("tree/a.sealed").exists() && dir.path("tree/sub/deep/b.sealed").exists());
    fs::remove_file(dir.path("tree/a")).expect("the directory is ours");
    let run = dir.run(["decrypt", "--force", "-o", "tree/.", "tree"]).ok();
    assert!(run.stderr.contains("decrypt: 2 files"), "{}", run.stderr);
    assert_eq!(dir.read("tree/a"), b"a");
}

#[test]
fn what_a_run_wrote_is_not_replaced_by_it_where_links_lead_two_inputs_to_one_place() {
    let dir = Dir::new().with_key();
    dir.write("tree/a/x", "one");
    dir.write("tree/b/x", "two");
    fs::create_dir_all(dir.path("out/a")).expect("the directory is ours");
    symlink("a", dir.path("out/b")).expect("the directory is ours");
    dir.run(["encrypt", "-k", KEY, "--force", "--rm", "--jobs", "1", "-o", "out", "tree"])
        .failed(8, "another input of this run was written there");
    assert_eq!(dir.run(["decrypt", "out/a/x.sealed"]).ok().stdout, b"one");
    assert!(!dir.path("tree/a/x").exists());
    assert_eq!(dir.read("tree/b/x"), b"two");
}

#[test]
fn several_inputs_keep_their_names_below_the_target() {
    let dir = tree();
    dir.run(["encrypt", "-k", KEY, "-o", "out", "tree", "outside/c"]).ok();
    assert!(dir.path("out/tree/sub/deep/b.sealed").exists() && dir.path("out/c.sealed").exists());
    dir.run(["encrypt", "-k", KEY, "-o", "out2", "tree/a", "outside/../tree/a"]).failed(2, "would be written there");
    assert!(!dir.path("out2").exists());
    dir.run(["encrypt", "-k", KEY, "-o", "outside/c", "tree"]).failed(2, "this is a file");
    dir.run(["decrypt", "out"]).failed(2, "several inputs cannot share standard output");
}
