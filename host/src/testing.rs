//! For tests that need a process of their own, to be killed, hardened or interrupted, or a disk of their own.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

const ARGUMENT: &str = "SEALKIT_TEST_CHILD";

/// What the parent gave this process, if it is a child that [`rerun`] made.
pub(crate) fn argument() -> Option<PathBuf> {
    env::var_os(ARGUMENT).map(PathBuf::from)
}

/// A command that runs the test `name` of this binary alone, in a process that sees `argument`.
///
/// Its signals have their default actions, whatever the tests were started by: nohup and a shell's `&` ignore some.
pub(crate) fn rerun(name: &str, argument: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("env");
    command.arg("--default-signal").arg(env::current_exe().expect("a test knows its binary"));
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
    let mut child = loop {
        match command.spawn() {
            // A copy is busy while a process that another test forks still holds it open for writing.
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => thread::sleep(Duration::from_millis(5)),
            spawned => break spawned.expect("the test binary can be started"),
        }
    };
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
    thread::sleep(Duration::from_secs(60));
    panic!("the parent did not end this process");
}

/// Runs commands as a user who is not root: who we are, or for root nobody in particular, with a copy of this
/// binary within reach.
pub(crate) struct Unprivileged {
    home: TempDir,
    drop_to: Option<u32>,
}

impl Unprivileged {
    pub(crate) fn new() -> Self {
        const NOBODY: u32 = 65_534;
        let home = TempDir::new().expect("a directory can be made");
        let binary = home.path().join("tests");
        fs::copy(env::current_exe().expect("a test knows its binary"), &binary).expect("there is room for a copy");
        let drop_to = rustix::process::geteuid().is_root().then_some(NOBODY);
        for path in [home.path(), &binary] {
            fs::set_permissions(path, Permissions::from_mode(0o755)).expect("the copy is ours");
            chown(path, drop_to, drop_to).expect("root may give files away");
        }
        Self { home, drop_to }
    }

    /// A directory of that user's own. It holds the copy, `tests`.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/");
        if let Some(user) = self.drop_to {
            command.uid(user).gid(user);
        }
        command
    }

    /// As [`rerun`].
    pub(crate) fn rerun(&self, name: &str, argument: impl AsRef<OsStr>) -> Command {
        let mut command = self.command(self.home.path().join("tests"));
        set_up(&mut command, name, argument);
        command
    }
}

/// A file system of 1 MiB, unmounted on drop. Needs root.
pub(crate) struct SmallDisk(TempDir);

impl SmallDisk {
    pub(crate) fn mount() -> Self {
        let dir = TempDir::new().expect("a directory can be made");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(dir.path()).status();
        assert!(mounted.is_ok_and(|status| status.success()), "needs root and mount(8)");
        Self(dir)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).status();
    }
}
