//! Signals, `kill -9`, limits: the target is as it was or complete, and nothing else is left.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::rig::{Dir, KEY, Run, noise};

/// An encryption that has taken some input from a FIFO and waits for more.
fn waiting(dir: &Dir) -> (Child, File) {
    let fifo = dir.mkfifo("fifo");
    dir.write("target", "as it was");
    // Signals that the tests' own caller ignores stay ignored: a shell's background job, for example.
    let script = format!("exec env --default-signal \"$SEALCTL\" encrypt -k {KEY} --force -o target fifo");
    let child = dir.shell(&script).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut writer = OpenOptions::new().write(true).open(fifo).expect("the child reads");
    // Longer than a pipe holds: once this is written, the child has begun to encrypt.
    writer.write_all(&noise(900_000)).expect("the child reads");
    (child, writer)
}

fn send(child: &Child, signal: Signal) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a child has a pid");
    kill_process(pid, signal).expect("it is ours");
}

#[test]
fn a_signal_leaves_the_target_as_it_was() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let dir = Dir::new().with_key();
        let (child, writer) = waiting(&dir);
        let begun = Instant::now();
        send(&child, signal);
        let run = Run::of(child.wait_with_output());
        assert_eq!(run.code, Some(code), "{}", run.stderr);
        assert!(begun.elapsed() < Duration::from_secs(10));
        drop(writer);
        assert_eq!(dir.read("target"), b"as it was");
        assert_eq!(dir.names(), ["fifo", "target"]);
    }
}

#[test]
fn kill_9_leaves_the_target_as_it_was() {
    let dir = Dir::new().with_key();
    let (mut child, writer) = waiting(&dir);
    send(&child, Signal::KILL);
    assert_eq!(child.wait().ok().and_then(|status| status.signal()), Some(9));
    drop(writer);
    assert_eq!(dir.read("target"), b"as it was");
    assert_eq!(dir.names(), ["fifo", "target"]);
}

#[test]
fn a_busy_run_stops_between_two_reads() {
    let dir = Dir::new().with_key();
    let big = File::create(dir.path("big")).expect("the directory is ours");
    big.set_len(64 << 30).expect("the file system has holes");
    let script = format!("exec env --default-signal \"$SEALCTL\" encrypt -k {KEY} -o /dev/null big");
    let child = dir.shell(&script).stderr(Stdio::piped()).spawn().expect("it starts");
    std::thread::sleep(Duration::from_millis(300));
    send(&child, Signal::INT);
    Run::of(child.wait_with_output()).failed(130, "interrupted");
}

#[test]
fn a_file_too_large_is_told_and_leaves_the_target_as_it_was() {
    let dir = Dir::new().with_key();
    dir.write("x", noise(2_000_000));
    dir.write("target", "as it was");
    // Shells count the limit in blocks of 512 or 1024 bytes.
    for ignored in ["", "trap '' XFSZ; "] {
        let script = format!("{ignored}ulimit -f 500; exec \"$SEALCTL\" encrypt -k {KEY} --force -o target x");
        Run::of(dir.shell(&script).output()).failed(9, "target: file too large");
        assert_eq!(dir.read("target"), b"as it was");
        assert_eq!(dir.names(), ["target", "x"]);
    }
}

#[test]
fn an_input_that_changes_and_says_it_did_not_is_kept() {
    let dir = Dir::new().with_key();
    let mut big = File::create(dir.path("big")).expect("the directory is ours");
    big.set_len(400 << 20).expect("the file system has holes");
    let modified = big.metadata().and_then(|found| found.modified()).expect("the file is ours");
    let child = dir.sealctl(["encrypt", "-k", KEY, "--rm", "big"]).stderr(Stdio::piped()).spawn().expect("it starts");
    std::thread::sleep(Duration::from_millis(50));
    big.write_all(b"late").and_then(|()| big.set_modified(modified)).expect("the file is ours");
    Run::of(child.wait_with_output()).failed(9, "changed while it was read");
    assert_eq!(dir.names(), ["big"]);
}

#[test]
fn an_input_that_changes_is_not_linked() {
    let dir = Dir::new().with_key();
    let big = File::create(dir.path("big")).expect("the directory is ours");
    big.set_len(400 << 20).expect("the file system has holes");
    let child = dir.sealctl(["encrypt", "-k", KEY, "--rm", "big"]).stderr(Stdio::piped()).spawn().expect("it starts");
    std::thread::sleep(Duration::from_millis(50));
    big.set_len(100 << 20).expect("the file is ours");
    let run = Run::of(child.wait_with_output());
    assert_eq!(run.code, Some(9), "{}", run.stderr);
    assert!(run.stderr.contains("changed while it was read"), "{}", run.stderr);
    assert_eq!(dir.names(), ["big"]);
}
