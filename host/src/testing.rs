//! For tests that need a process of their own: to be killed, hardened or interrupted.

use std::env;
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

const ARGUMENT: &str = "SEALKIT_TEST_CHILD";

/// What the parent gave this process, if it is a child that [`rerun`] made.
pub(crate) fn argument() -> Option<PathBuf> {
    env::var_os(ARGUMENT).map(PathBuf::from)
}

/// A command that runs the test `name` of this binary alone, in a process that sees `argument`.
pub(crate) fn rerun(name: &str, argument: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(env::current_exe().expect("a test knows its binary"));
    set_up(&mut command, name, argument);
    command
}

/// As [`rerun`], for a command that ends in running this binary.
pub(crate) fn set_up(command: &mut Command, name: &str, argument: impl AsRef<OsStr>) {
    command.args(["--exact", name, "--nocapture", "--include-ignored"]).env(ARGUMENT, argument);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
}

/// Called by the child where the parent is to go on.
pub(crate) fn ready() {
    println!("ready");
    std::io::stdout().flush().expect("the parent reads");
}

/// Starts `command` and waits until it is [`ready`].
pub(crate) fn start(mut command: Command) -> Child {
    let mut child = command.spawn().expect("the test binary can be started");
    let mut output = BufReader::new(child.stdout.as_mut().expect("stdout is piped"));
    let mut line = String::new();
    while !line.trim_end().ends_with("ready") {
        line.clear();
        let read = output.read_line(&mut line).expect("the child prints text");
        assert!(read > 0, "the child ended before it was ready");
    }
    child
}

pub(crate) fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).expect("the child is still there");
}

/// Long enough for a parent to do whatever it does to this process.
pub(crate) fn hang() -> ! {
    std::thread::sleep(Duration::from_secs(60));
    panic!("the parent did not end this process");
}
