//! A publisher under ptrace(2).

use std::env;
use std::io::{BufRead, BufReader, Read as _, Write as _, stdout};
use std::process::{Child, ChildStdout, Command, Stdio};

use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, raise};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::story::Story;
use crate::target::{Target, alone, open, publish};

/// The story and the target of the child.
const CHILD: &str = "SEALKIT_PUBLISH_CHILD";

/// No test of its own but what the traced process does: it tells its thread, stops, publishes, stops again, and tells
/// what came of it.
#[test]
fn child() {
    let Ok(argument) = env::var(CHILD) else { return };
    let (story, path) = argument.split_once(':').unwrap();
    let wishes = Story::of(story).after();
    let target = open(path.as_ref());
    ptrace::traceme().unwrap();
    println!("\nthread {}", rustix::thread::gettid().as_raw_nonzero());
    stdout().flush().unwrap();
    raise(Signal::SIGSTOP).unwrap();
    let outcome = publish(target, wishes);
    raise(Signal::SIGSTOP).unwrap();
    println!("\noutcome {}", outcome.map_or_else(|error| format!("failed: {error}"), |_| "done".to_owned()));
}

/// A traced child that is about to publish.
pub(crate) struct Traced {
    process: Child,
    output: BufReader<ChildStdout>,
    thread: Pid,
}

/// Where a traced child has stopped.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// At the beginning or the end of a system call.
    SystemCall,
    /// After the publication.
    Done,
}

impl Traced {
    pub(crate) fn start(story: Story, target: &Target) -> Self {
        let alone = alone();
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["--exact", "traced::child", "--nocapture", "--test-threads=1"])
            .env(CHILD, format!("{}:{}", story.name(), target.path().display()))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        drop(alone);
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let thread = find(&mut output, "thread ").parse().map(Pid::from_raw).unwrap();
        let traced = Self { process, output, thread };
        assert!(matches!(traced.wait(), WaitStatus::Stopped(_, Signal::SIGSTOP)));
        ptrace::setoptions(thread, Options::PTRACE_O_TRACESYSGOOD | Options::PTRACE_O_EXITKILL).unwrap();
        traced
    }

    fn wait(&self) -> WaitStatus {
        // The thread may not be its process' first.
        waitpid(self.thread, Some(WaitPidFlag::__WALL)).unwrap()
    }

    /// The thread that publishes.
    pub(crate) fn thread(&self) -> Pid {
        self.thread
    }

    /// Runs it to the beginning, or the end, of a system call.
    pub(crate) fn proceed(&self) -> Stop {
        ptrace::syscall(self.thread, None).unwrap();
        match self.wait() {
            WaitStatus::PtraceSyscall(_) => Stop::SystemCall,
            WaitStatus::Stopped(_, Signal::SIGSTOP) => Stop::Done,
            other => panic!("{other:?}"),
        }
    }

    /// Ends it as `kill -9` does, now.
    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        let _ = waitpid(self.thread, Some(WaitPidFlag::__WALL));
        let _ = self.process.wait();
    }

    /// Lets it end, and gives what it tells.
    pub(crate) fn outcome(mut self) -> String {
        ptrace::detach(self.thread, None).unwrap();
        let outcome = find(&mut self.output, "outcome ");
        let _ = self.output.read_to_end(&mut Vec::new());
        let _ = self.process.wait();
        outcome
    }
}

/// The rest of the first line that begins with `word`.
fn find(output: &mut impl BufRead, word: &str) -> String {
    let mut lines = output.lines().map(|line| line.expect("the child prints text"));
    let found = lines.find_map(|line| line.strip_prefix(word).map(str::to_owned));
    found.unwrap_or_else(|| panic!("the child did not say {word:?}"))
}
