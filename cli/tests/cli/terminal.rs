//! What a terminal is spared.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::process::Stdio;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::rig::{Dir, KEY, noise};

/// Both sides of a terminal.
fn terminal() -> (OwnedFd, File) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("there are pseudo-terminals");
    grantpt(&master).and_then(|()| unlockpt(&master)).expect("it is ours");
    let name = ptsname(&master, Vec::new()).expect("it has a name");
    let slave = File::options().read(true).write(true).open(name.to_str().expect("a path")).expect("it is ours");
    (master, slave)
}

/// Runs with standard output (and, if asked, standard input) on a terminal; gives the code, what the terminal got, and
/// standard error.
fn on_terminal(dir: &Dir, args: &[&str], stdin_too: bool) -> (Option<i32>, String, String) {
    let (master, slave) = terminal();
    let stdin = if stdin_too { Stdio::from(slave.try_clone().expect("descriptors are left")) } else { Stdio::null() };
    let mut command = dir.sealctl(args);
    command.stdin(stdin).stdout(slave).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    // The command holds the other side too; a terminal ends once all of them are closed.
    drop(command);
    let mut seen = Vec::new();
    // At the end Linux says EIO in place of the end of the file.
    let _ended = File::from(master).read_to_end(&mut seen);
    let mut stderr = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut stderr).expect("messages are UTF-8");
    (child.wait().expect("it ends").code(), String::from_utf8_lossy(&seen).into_owned(), stderr)
}

#[test]
fn a_message_goes_to_a_terminal_in_base64_only() {
    let dir = Dir::new().with_key();
    dir.write("x", "secret");
    let (code, seen, stderr) = on_terminal(&dir, &["encrypt", "-k", KEY, "-o", "-", "x"], false);
    assert_eq!((code, seen.as_str()), (Some(2), ""));
    assert!(stderr.contains("--armor"), "{stderr}");
    let (code, seen, _) = on_terminal(&dir, &["encrypt", "-k", KEY, "-o", "-", "--armor", "x"], false);
    assert_eq!(code, Some(0));
    assert!(seen.starts_with("AgR4"));
}

#[test]
fn plaintext_goes_to_a_terminal_if_it_is_text() {
    let dir = Dir::new().with_key();
    dir.write("text", "Grüße\n");
    dir.write("escape", "\u{1b}[2J");
    dir.write("binary", noise(100_000));
    dir.run(["encrypt", "-k", KEY, "text", "escape", "binary"]).ok();
    assert_eq!(on_terminal(&dir, &["decrypt", "text.sealed"], false).1, "Grüße\r\n");
    for name in ["escape.sealed", "binary.sealed"] {
        let (code, seen, stderr) = on_terminal(&dir, &["decrypt", name], false);
        assert_eq!((code, seen.as_str()), (Some(2), ""));
        assert!(stderr.contains("it is not text"), "{stderr}");
    }
}

#[test]
fn a_terminal_that_is_named_as_output_is_spared_too() {
    let dir = Dir::new().with_key();
    dir.write("x", "\u{1b}[2J");
    dir.write("text", "text\n");
    dir.run(["encrypt", "-k", KEY, "x", "text"]).ok();
    let named = "/proc/self/fd/1";
    let (code, seen, stderr) = on_terminal(&dir, &["decrypt", "-o", named, "x.sealed"], false);
    assert_eq!((code, seen.as_str()), (Some(2), ""), "{stderr}");
    let (code, seen, stderr) = on_terminal(&dir, &["encrypt", "-k", KEY, "-o", named, "x"], false);
    assert_eq!((code, seen.as_str()), (Some(2), ""), "{stderr}");
    assert_eq!(on_terminal(&dir, &["decrypt", "-o", named, "text.sealed"], false).1, "text\r\n");
}

#[test]
fn nothing_waits_for_a_terminal_unasked() {
    let dir = Dir::new().with_key();
    for command in ["encrypt", "decrypt", "verify", "inspect"] {
        let (code, _, stderr) = on_terminal(&dir, &[command], true);
        assert_eq!(code, Some(2), "{stderr}");
        assert!(stderr.contains("no file is named"), "{stderr}");
    }
}

#[test]
fn a_bar_is_drawn_after_a_second_and_only_on_a_terminal() {
    let dir = Dir::new().with_key();
    let fifo = dir.mkfifo("fifo");
    for (stderr_too, flags, bar) in [(true, "-f", true), (true, "-fq", false), (false, "-f", false)] {
        let feeder = std::thread::spawn({
            let fifo = fifo.clone();
            move || {
                let mut fifo = File::create(fifo).expect("somebody reads");
                std::io::Write::write_all(&mut fifo, &noise(100_000)).expect("somebody reads");
                std::thread::sleep(std::time::Duration::from_millis(1100));
                std::io::Write::write_all(&mut fifo, &noise(600_000)).expect("somebody reads");
            }
        });
        let (master, slave) = terminal();
        let mut command = dir.sealctl(["encrypt", "-k", KEY, flags, "-o", "out", "fifo"]);
        command.env("TERM", "xterm").stderr(if stderr_too { Stdio::from(slave) } else { Stdio::piped() });
        let mut child = command.spawn().expect("it starts");
        drop(command);
        let mut seen = Vec::new();
        if stderr_too {
            let _ended = File::from(master).read_to_end(&mut seen);
        } else {
            child.stderr.take().expect("piped").read_to_end(&mut seen).expect("a pipe");
        }
        assert!(child.wait().is_ok_and(|status| status.success()) && feeder.join().is_ok());
        assert_eq!(!seen.is_empty(), bar, "{:?}", String::from_utf8_lossy(&seen));
    }
}
