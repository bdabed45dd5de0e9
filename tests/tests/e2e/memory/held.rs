//! A process held at its exit, its memory intact and readable.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{File, read_to_string};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::process::{Child, ChildStdin, Command, Stdio};

use nix::sys::ptrace::{self, Options};
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

use super::needles::Needles;

/// Bytes that one read of a process' memory takes; consecutive reads overlap by the longest needle.
const WINDOW: usize = 4 << 20;
const OVERLAP: usize = 256;

/// A process at work, or one that has called `exit`: every destructor has run, nothing is unmapped yet.
pub(super) struct Held {
    process: Child,
    pid: Pid,
}

/// A needle in a process' memory.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) needle: String,
    /// How often it was found, by the mapping that holds it.
    mappings: BTreeMap<String, usize>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {:?}", self.needle, self.mappings)
    }
}

impl Held {
    /// Runs `command` with `input` on its standard input, until its main thread exits.
    ///
    /// The process is traced from outside, with the privilege to: it forbids that to its own user.
    pub(super) fn at_exit(command: &mut Command, input: &[u8]) -> Self {
        let (held, mut stdin) = Self::start(command);
        // It cannot exit before, for its input has not ended.
        ptrace::seize(held.pid, Options::PTRACE_O_TRACEEXIT).expect("tracing takes root");
        let input = input.to_vec();
        // Not joined: it would wait for a process that is held before it has read all.
        std::thread::spawn(move || stdin.write_all(&input));
        held.wait_for_exit();
        held
    }

    /// Runs `command` with `input` on its standard input, which the caller keeps open: it works and waits for more.
    pub(super) fn at_work(command: &mut Command, input: &[u8]) -> (Self, ChildStdin) {
        let (held, mut stdin) = Self::start(command);
        stdin.write_all(input).unwrap();
        (held, stdin)
    }

    fn start(command: &mut Command) -> (Self, ChildStdin) {
        let mut process = command.stdin(Stdio::piped()).spawn().unwrap();
        let stdin = process.stdin.take().unwrap();
        let pid = Pid::from_raw(i32::try_from(process.id()).unwrap());
        (Self { process, pid }, stdin)
    }

    fn wait_for_exit(&self) {
        loop {
            match waitpid(self.pid, None).unwrap() {
                WaitStatus::PtraceEvent(_, _, event) if event == nix::libc::PTRACE_EVENT_EXIT => break,
                WaitStatus::PtraceEvent(..) => ptrace::cont(self.pid, None).unwrap(),
                WaitStatus::Stopped(_, signal) => ptrace::cont(self.pid, deliverable(signal)).unwrap(),
                other => panic!("the process ended without being held: {other:?}"),
            }
        }
        let status = ptrace::getevent(self.pid).unwrap();
        assert_eq!(status, 0, "wait status of the process: {status:#x}");
    }

    /// Searches all memory that the process can read itself.
    pub(super) fn search(&self, needles: &Needles) -> Vec<Finding> {
        let memory = File::open(format!("/proc/{}/mem", self.pid)).unwrap();
        let maps = read_to_string(format!("/proc/{}/maps", self.pid)).unwrap();
        let mut found: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
        let mut searched = 0;
        for (start, end, name) in maps.lines().filter_map(mapping) {
            let mut at = start;
            while at < end {
                let length = usize::try_from(end - at).unwrap().min(WINDOW);
                let mut window = vec![0; length];
                // Not all that is mapped can be read: [vvar], and files that were cut.
                let Ok(read) = memory.read_at(&mut window, at) else { break };
                searched += read;
                for needle in needles.found_in(&window[..read]) {
                    *found.entry(needle.to_owned()).or_default().entry(name.to_owned()).or_default() += 1;
                }
                if length < WINDOW {
                    break;
                }
                at += (WINDOW - OVERLAP) as u64;
            }
        }
        assert!(searched > 100_000, "only {searched} bytes could be read");
        found.into_iter().map(|(needle, mappings)| Finding { needle, mappings }).collect()
    }
}

impl Drop for Held {
    /// Ends the process. At its exit it no longer takes signals, and goes on only once it is released.
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = ptrace::detach(self.pid, None);
        _ = self.process.wait();
    }
}

/// Stops by the tracer itself carry SIGTRAP, which is not the process' to receive.
fn deliverable(signal: Signal) -> Option<Signal> {
    (signal != Signal::SIGTRAP).then_some(signal)
}

/// Start, end and name of a readable mapping in a line of `/proc/PID/maps`.
fn mapping(line: &str) -> Option<(u64, u64, &str)> {
    let mut fields = line.split_ascii_whitespace();
    let (start, end) = fields.next()?.split_once('-')?;
    fields.next()?.starts_with('r').then_some(())?;
    let name = fields.nth(3).unwrap_or("anonymous memory");
    Some((u64::from_str_radix(start, 16).ok()?, u64::from_str_radix(end, 16).ok()?, name))
}
