#![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

use std::fs;
use std::io::Read as _;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;

use super::{GRACE, Termination};
use crate::atomic::{NewFile, Target};
use crate::testing;

fn exit_code(mut child: Child) -> Option<i32> {
    child.wait().unwrap().code()
}

#[test]
fn work_that_looks_at_the_flag_ends_in_its_own_way() {
    if testing::argument().is_some() {
        let termination = Termination::watch().unwrap();
        testing::ready();
        loop {
            if let Some(exit) = termination.requested() {
                std::process::exit(exit.code().into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let name = "signal::tests::work_that_looks_at_the_flag_ends_in_its_own_way";
        let child = testing::start(testing::rerun(name, "child"));
        testing::send(&child, signal);
        assert_eq!(exit_code(child), Some(code));
    }
}

#[test]
fn work_that_hangs_is_ended_and_its_temporary_removed() {
    if let Some(dir) = testing::argument() {
        let _termination = Termination::watch().unwrap();
        let Target::File(place) = Target::classify(&dir.join("f")).unwrap() else { panic!("a file") };
        let _new = NewFile::create_named(place).unwrap();
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 1);
        testing::ready();
        testing::hang();
    }
    let dir = TempDir::new().unwrap();
    let name = "signal::tests::work_that_hangs_is_ended_and_its_temporary_removed";
    let child = testing::start(testing::rerun(name, dir.path()));
    testing::send(&child, Signal::INT);
    assert_eq!(exit_code(child), Some(130));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_second_signal_does_not_wait() {
    if testing::argument().is_some() {
        let _termination = Termination::watch().unwrap();
        testing::ready();
        testing::hang();
    }
    let name = "signal::tests::a_second_signal_does_not_wait";
    // A busy machine can make any one try slow.
    let fast = (0..5).any(|_| {
        let child = testing::start(testing::rerun(name, "child"));
        let begin = Instant::now();
        testing::send(&child, Signal::INT);
        std::thread::sleep(GRACE / 10);
        testing::send(&child, Signal::TERM);
        assert_eq!(exit_code(child), Some(130), "the first signal gives the code");
        begin.elapsed() < GRACE
    });
    assert!(fast);
}

#[test]
fn a_signal_ignored_at_the_start_stays_ignored() {
    if testing::argument().is_some() {
        let termination = Termination::watch().unwrap();
        testing::ready();
        std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
        assert_eq!(termination.requested(), None);
        std::process::exit(0);
    }
    let mut command = Command::new("sh");
    command.args(["-c", r#"trap "" HUP; exec "$@""#, "sh"]).arg(std::env::current_exe().unwrap());
    testing::set_up(&mut command, "signal::tests::a_signal_ignored_at_the_start_stays_ignored", "child");
    let mut child = testing::start(command);
    testing::send(&child, Signal::HUP);
    std::thread::sleep(GRACE / 5);
    drop(child.stdin.take());
    assert_eq!(exit_code(child), Some(0));
}
