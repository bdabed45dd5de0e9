//! One file: where the result goes, what is replaced, what is removed.

use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};

use crate::rig::{Dir, KEY, noise};

#[test]
fn a_file_comes_back_and_the_original_stays() {
    let dir = Dir::new();
    for length in [0, 1, 262_143, 262_144, 262_145, 1_000_000] {
        let plaintext = noise(length);
        dir.write("x", &plaintext);
        dir.run(["encrypt", "--force", "--key", KEY, "x"]).ok();
        assert_eq!(dir.read("x"), plaintext);
        assert_eq!(dir.run(["decrypt", "x.sealed"]).ok().stdout, plaintext);
        dir.run(["decrypt", "--force", "-o", "y", "x.sealed"]).ok();
        assert_eq!(dir.read("y"), plaintext);
        dir.run(["verify", "x.sealed"]).ok();
    }
    for name in ["x.sealed", "y"] {
        assert_eq!(fs::metadata(dir.path(name)).map(|file| file.permissions().mode() & 0o7777).ok(), Some(0o600));
    }
}

#[test]
fn signed_and_short_frames_come_back() {
    let dir = Dir::new();
    let plaintext = noise(10_000);
    dir.write("x", &plaintext);
    for flags in [&["--sign"][..], &["--frame-length", "1"], &["--frame-length", "128", "--sign", "--armor"]] {
        dir.run(["encrypt", "-f", "-k", KEY, "x"].iter().chain(flags)).ok();
        assert_eq!(dir.run(["decrypt", "x.sealed"]).ok().stdout, plaintext);
        dir.run(["decrypt", "-f", "-o", "y", "x.sealed"]).ok();
        assert_eq!(dir.read("y"), plaintext);
    }
}

#[test]
fn nothing_is_replaced_without_force() {
    let dir = Dir::new().with_key();
    dir.write("x", "new");
    dir.write("x.sealed", "old");
    dir.run(["encrypt", "-k", KEY, "x"]).failed(9, "x.sealed: it exists already");
    assert_eq!(dir.read("x.sealed"), b"old");
    dir.run(["encrypt", "-k", KEY, "--force", "x"]).ok();
    dir.run(["decrypt", "--beside", "x.sealed"]).failed(9, "--force");
    dir.run(["decrypt", "--beside", "--force", "x.sealed"]).ok();
    assert_eq!(dir.names(), ["x", "x.sealed"]);
}

#[test]
fn rm_removes_only_what_is_safe_in_a_file() {
    let dir = Dir::new().with_key();
    dir.write("x", "secret");
    symlink("x", dir.path("link")).expect("the directory is ours");
    dir.run(["encrypt", "-k", KEY, "--rm", "link"]).failed(2, "--rm would remove the symbolic link");
    dir.run(["encrypt", "-k", KEY, "--rm", "-o", "/dev/null", "x"]).failed(2, "not kept in a file");
    dir.run(["encrypt", "-k", KEY, "--rm", "-o", "-", "x"]).failed(2, "not kept in a file");
    assert_eq!(dir.names(), ["link", "x"]);
    fs::hard_link(dir.path("x"), dir.path("y")).expect("the directory is ours");
    let run = dir.run(["encrypt", "-k", KEY, "--rm", "x"]).ok();
    assert!(run.stderr.contains("1 more hard link"), "{}", run.stderr);
    assert_eq!(dir.names(), ["link", "x.sealed", "y"]);
    assert_eq!(dir.run(["decrypt", "x.sealed"]).ok().stdout, b"secret");
}

#[test]
fn a_file_may_be_replaced_by_its_own_encryption_and_is_not_removed_then() {
    let dir = Dir::new().with_key();
    dir.write("x", "secret");
    dir.run(["encrypt", "-k", KEY, "--force", "--rm", "-o", "x", "x"]).failed(9, "not removed");
    assert_eq!(dir.run(["decrypt", "x"]).ok().stdout, b"secret");
}

#[test]
fn a_device_stays_a_device() {
    let dir = Dir::new().with_key();
    dir.write("x", noise(500_000));
    dir.run(["encrypt", "-k", KEY, "-o", "/dev/null", "x"]).ok();
    dir.run(["encrypt", "-k", KEY, "-o", "/dev/null", "--force", "x"]).ok();
    dir.run(["encrypt", "-k", KEY, "x"]).ok();
    dir.run(["decrypt", "-o", "/dev/null", "x.sealed"]).ok();
    assert!(fs::metadata("/dev/null").is_ok_and(|null| null.file_type().is_char_device()));
    dir.run(["decrypt", "-o", "/dev/full", "x.sealed"]).failed(9, "no space left");
}

#[test]
fn damage_leaves_the_target_as_it_was() {
    let dir = Dir::new();
    dir.write("x", noise(300_000));
    dir.run(["encrypt", "-k", KEY, "x"]).ok();
    let message = dir.read("x.sealed");
    dir.write("y", "as it was");
    let damaged = |at: usize| {
        let mut message = message.clone();
        message[at] ^= 1;
        message
    };
    let cases = [
        damaged(10),
        damaged(message.len() / 2),
        damaged(message.len() - 1),
        message[..message.len() - 1].to_vec(),
        message[..100].to_vec(),
        Vec::new(),
        [&message[..], b"x"].concat(),
    ];
    for case in cases {
        dir.write("bad.sealed", case);
        assert_eq!(dir.run(["decrypt", "--force", "-o", "y", "bad.sealed"]).code, Some(7));
        assert_eq!(dir.run(["verify", "bad.sealed"]).code, Some(7));
        assert_eq!(dir.read("y"), b"as it was");
    }
    assert_eq!(dir.names(), ["bad.sealed", "x", "x.sealed", "y"]);
}

#[test]
fn limits_are_named_with_their_flags() {
    let dir = Dir::new();
    dir.write("x", "secret");
    dir.run(["encrypt", "-k", KEY, "--frame-length", "16777217", "x"]).failed(7, "--max-frame-length 16777217");
    dir.run(["encrypt", "-k", KEY, "--frame-length", "16777217", "--max-frame-length", "16777217", "x"]).ok();
    dir.run(["decrypt", "x.sealed"]).failed(7, "--max-frame-length 16777217");
    dir.run(["inspect", "x.sealed"]).failed(7, "--max-frame-length 16777217");
    let run = dir.run(["decrypt", "--max-frame-length", "16777217", "x.sealed"]).ok();
    assert_eq!(run.stdout, b"secret");
}

#[test]
fn any_name_that_a_file_can_have_works_and_is_shown_harmless() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    let dir = Dir::new().with_key();
    let name = OsString::from_vec(b"a\xff\x1b[2J\n".to_vec());
    fs::write(dir.path("").join(&name), "secret").expect("the file system takes any name");
    let args = ["encrypt", "-k", KEY, "--rm", "--"].map(OsString::from).into_iter().chain([name.clone()]);
    dir.run(args).ok();
    let mut sealed = name.clone();
    sealed.push(".sealed");
    let run = dir.run([OsString::from("decrypt"), sealed.clone()]).ok();
    assert_eq!(run.stdout, b"secret");
    let args = ["encrypt", "-k", KEY, "-f", "--"].map(OsString::from).into_iter().chain([name]);
    dir.run(args).failed(5, r"a\xff\u{1b}[2J\n: no such file");
}

#[test]
fn hints_of_decrypt_lead_to_the_plaintext() {
    let dir = Dir::new();
    dir.write("a", b"x");
    dir.run(["encrypt", "--key", "local:demo", "a"]).ok();
    let run = dir.run(["decrypt", "--key", "local:other", "a.sealed"]).failed(5, "put the key file there");
    assert!(!run.stderr.contains("sealctl keygen"), "a new key opens nothing: {}", run.stderr);
    dir.run(["decrypt", "--context", "b=c", "a.sealed"]).failed(7, "under another encryption context");
    dir.run(["decrypt", "a"]).failed(7, "name a file that `sealctl encrypt`");
}
