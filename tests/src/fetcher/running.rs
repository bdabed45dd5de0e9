//! A run that has not ended.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, Once};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::signal::unix::{SignalKind, signal};

use super::Ended;
use crate::aws_double::lock;
use crate::kms_plugin::Usage;

/// How long a run may take before the test fails: more than any deadline that a test sets.
const LIMIT: Duration = Duration::from_secs(120);

/// A running program; it is killed when dropped.
pub struct Running {
    child: Child,
    started: Instant,
    stdout: Stream,
    stderr: Stream,
}

/// What a program has printed so far, gathered by a thread so that it never waits for a reader.
struct Stream {
    bytes: Arc<Mutex<Vec<u8>>>,
    thread: Option<JoinHandle<()>>,
}

/// Lets children have SIGHUP, which they would ignore as we do where tests run under `nohup`: a signal that is handled
/// here has its default in what is executed.
fn heed_hangups() {
    static HEEDED: Once = Once::new();
    HEEDED.call_once(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime starts");
        let _entered = runtime.enter();
        // The handler outlives the stream.
        drop(signal(SignalKind::hangup()).expect("SIGHUP can be handled"));
    });
}

impl Running {
    pub(super) fn start(mut command: Command) -> Self {
        heed_hangups();
        let started = Instant::now();
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{:?}: {error}", command.get_program()));
        let stdout = Stream::of(child.stdout.take().expect("it is piped"));
        let stderr = Stream::of(child.stderr.take().expect("it is piped"));
        Self { child, started, stdout, stderr }
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Standard output so far.
    #[must_use]
    pub fn out(&self) -> String {
        self.stdout.text()
    }

    /// Standard error so far.
    #[must_use]
    pub fn err(&self) -> String {
        self.stderr.text()
    }

    /// What the process used so far; none once it is gone.
    #[must_use]
    pub fn usage(&self) -> Option<Usage> {
        Usage::of(self.pid())
    }

    /// Whether the process still runs.
    ///
    /// # Panics
    ///
    /// Never: a child can be waited for.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().expect("a child can be waited for").is_none()
    }

    /// Waits until `holds` does.
    ///
    /// # Panics
    ///
    /// When the process ends before, or it takes two minutes.
    #[track_caller]
    pub fn wait_until(&mut self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        loop {
            if holds(self) {
                return;
            }
            let runs = self.runs();
            // It may have become true with the end.
            assert!(runs || holds(self), "ended before {what}:\n{}{}", self.out(), self.err());
            assert!(self.started.elapsed() < LIMIT, "not in time: {what}:\n{}{}", self.out(), self.err());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends a signal.
    ///
    /// # Panics
    ///
    /// When the process is gone.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("the program runs");
    }

    /// Waits for the end.
    ///
    /// # Panics
    ///
    /// When it does not come within two minutes.
    #[must_use]
    pub fn wait(mut self) -> Ended {
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a child can be waited for") {
                break status;
            }
            assert!(self.started.elapsed() < LIMIT, "the program runs on:\n{}{}", self.out(), self.err());
            std::thread::sleep(Duration::from_millis(2));
        };
        let took = self.started.elapsed();
        Ended { status, stdout: self.stdout.rest(), stderr: self.stderr.rest(), took }
    }

    /// Ends it with SIGTERM and waits.
    ///
    /// # Panics
    ///
    /// When it does not end within two minutes.
    #[must_use]
    pub fn terminate(self) -> Ended {
        self.signal(Signal::TERM);
        self.wait()
    }

    /// Kills it as `kill -9` does.
    #[must_use]
    pub fn kill(self) -> Ended {
        self.signal(Signal::KILL);
        self.wait()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

impl Stream {
    fn of(mut pipe: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let gathered = Arc::clone(&bytes);
        let thread = std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(length @ 1..) = pipe.read(&mut chunk) {
                lock(&gathered).extend_from_slice(&chunk[..length]);
            }
        });
        Self { bytes, thread: Some(thread) }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&lock(&self.bytes)).into_owned()
    }

    /// All of it, when the process has ended.
    fn rest(&mut self) -> Vec<u8> {
        if let Some(thread) = self.thread.take() {
            // A grandchild may hold the pipe open; a thread that panicked has its message on standard error.
            _ = thread.join();
        }
        std::mem::take(&mut lock(&self.bytes))
    }
}
