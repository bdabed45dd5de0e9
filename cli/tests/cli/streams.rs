//! Pipes, FIFOs and standard streams.

use std::fs;
use std::io::{Read, Write};
use std::process::Stdio;
use std::thread;

use crate::rig::{Dir, KEY, Run, noise};

#[test]
fn a_pipe_goes_through_and_back() {
    let dir = Dir::new().with_key();
    let plaintext = noise(1_500_000);
    dir.write("x", &plaintext);
    for flags in ["", "--armor", "--sign"] {
        let script = format!("\"$SEALCTL\" encrypt -k {KEY} {flags} < x | \"$SEALCTL\" decrypt - | cmp - x");
        Run::of(dir.shell(&script).output()).ok();
    }
    Run::of(dir.shell(&format!("\"$SEALCTL\" encrypt -k {KEY} -o /dev/stdout x > y")).output()).ok();
    assert_eq!(dir.run(["decrypt", "y"]).ok().stdout, plaintext);
}

#[test]
fn armor_is_plain_base64_that_any_tool_reads() {
    let dir = Dir::new().with_key();
    dir.write("x", noise(5_000));
    dir.run(["encrypt", "-k", KEY, "--armor", "x"]).ok();
    assert!(dir.read("x.sealed").starts_with(b"AgR4"));
    Run::of(dir.shell("base64 -d x.sealed > y && base64 -w 0 y > z && \"$SEALCTL\" decrypt z | cmp - x").output()).ok();
    assert_eq!(dir.run(["decrypt", "y"]).ok().stdout, dir.read("x"));
    dir.write("bad.sealed", "AgR4 not base64 !");
    dir.run(["verify", "bad.sealed"]).failed(7, "not base64");
}

#[test]
fn fifos_are_read_and_written_directly() {
    let dir = Dir::new().with_key();
    let plaintext = noise(700_000);
    let (from, to) = (dir.mkfifo("from"), dir.mkfifo("to"));
    let child = dir.sealctl(["encrypt", "-k", KEY, "-o", "to", "from"]).spawn();
    let writer = thread::spawn({
        let plaintext = plaintext.clone();
        move || fs::write(from, plaintext)
    });
    let mut message = Vec::new();
    fs::File::open(&to).and_then(|mut to| to.read_to_end(&mut message)).expect("the child writes");
    assert!(writer.join().is_ok_and(|written| written.is_ok()));
    assert!(child.and_then(|mut child| child.wait()).is_ok_and(|status| status.success()));
    dir.write("x.sealed", message);
    assert_eq!(dir.run(["decrypt", "x.sealed"]).ok().stdout, plaintext);
    assert_eq!(dir.names(), ["from", "to", "x.sealed"]);
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let dir = Dir::new().with_key();
    dir.write("x", noise(3_000_000));
    dir.run(["encrypt", "-k", KEY, "x"]).ok();
    let mut child =
        dir.sealctl(["decrypt", "x.sealed"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    let mut first = [0; 10];
    child.stdout.take().expect("piped").read_exact(&mut first).expect("the first frame is released");
    assert_eq!(first, noise(10)[..]);
    let run = Run::of(child.wait_with_output());
    assert_eq!((run.code, run.stderr.as_str()), (Some(141), ""));
}

#[test]
fn a_truncated_pipe_releases_verified_frames_and_fails() {
    let dir = Dir::new().with_key();
    let plaintext = noise(1_000_000);
    dir.write("x", &plaintext);
    dir.run(["encrypt", "-k", KEY, "x"]).ok();
    let mut child = dir
        .sealctl(["decrypt"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let message = dir.read("x.sealed");
    let mut stdin = child.stdin.take().expect("piped");
    thread::spawn(move || stdin.write_all(&message[..message.len() - 1]));
    let run = Run::of(child.wait_with_output()).failed(7, "standard input: truncated");
    assert!(!run.stdout.is_empty() && plaintext.starts_with(&run.stdout));
}
