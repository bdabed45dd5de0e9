//! One bad file stops no other.

use crate::rig::{Dir, KEY};

#[test]
fn the_good_ones_are_done_and_the_bad_ones_named() {
    let dir = Dir::new().with_key();
    let names: Vec<String> = (0..20).map(|n| format!("f{n}")).collect();
    names.iter().for_each(|name| drop(dir.write(name, name)));
    let mut args = vec!["encrypt", "-k", KEY, "missing"];
    args.extend(names.iter().map(String::as_str));
    let run = dir.run(&args).failed(8, "missing: no such file or directory");
    assert!(run.stderr.contains("20 files") && run.stderr.contains("1 failed"), "{}", run.stderr);
    assert!(run.stderr.contains("0 KMS calls"), "{}", run.stderr);
    dir.write("f7.sealed", "no message");
    let sealed: Vec<String> = names.iter().map(|name| format!("{name}.sealed")).collect();
    let mut args = vec!["decrypt", "-o", "back", "--jobs", "3"];
    args.extend(sealed.iter().map(String::as_str));
    dir.run(&args).failed(8, "f7.sealed: not an AWS Encryption SDK message");
    for name in names.iter().filter(|name| *name != "f7") {
        assert_eq!(dir.read(&format!("back/{name}")), name.as_bytes());
    }
    assert!(!dir.path("back/f7").exists());
}

#[test]
fn when_all_fail_the_code_is_theirs() {
    let dir = Dir::new().with_key();
    dir.run(["encrypt", "-k", KEY, "one", "two"]).failed(5, "two: no such file");
    dir.run(["verify", "one", "two"]).failed(5, "one: no such file");
}

#[test]
fn a_dry_run_does_nothing() {
    let dir = Dir::new();
    dir.write("x", "secret");
    let run = dir.run(["encrypt", "-k", KEY, "--dry-run", "x"]).ok();
    assert!(run.stderr.contains("would encrypt x to x.sealed with local:test"), "{}", run.stderr);
    dir.run(["encrypt", "-k", KEY, "--dry-run", "missing"]).failed(5, "missing: no such file");
    let run = dir
        .run(["encrypt", "-k", KEY, "--dry-run", "x", "missing"])
        .failed(8, "dry run, nothing done: encrypt: 1 file");
    assert!(run.stderr.contains("would encrypt x"), "{}", run.stderr);
    dir.run(["encrypt", "-k", KEY, "-o", "no/such/y", "x"]).failed(9, "make the directory first");
    assert_eq!(dir.names(), ["x"]);
    dir.run(["encrypt", "-k", KEY, "x"]).ok();
    let run = dir.run(["decrypt", "--dry-run", "-o", "y", "x.sealed"]).ok();
    assert!(run.stderr.contains("would decrypt x.sealed to y with local:test-"), "{}", run.stderr);
    assert_eq!(dir.names(), ["x", "x.sealed"]);
}
