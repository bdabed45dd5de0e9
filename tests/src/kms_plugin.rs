//! A KMS plugin as a test runs it: `seal-kms-plugin`, or any other program that takes the same flags or a template.

mod health_port;
mod plan;
mod process;

use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::kms_client::KmsClient;
pub use plan::{Plan, StartError, program};
pub use process::Usage;

/// How long a plugin may take to accept on its socket before the test fails: far more than any promise, because a
/// test must not fail on a busy machine. What is promised is measured ([`KmsPlugin::accepted_after`]).
const START_LIMIT: Duration = Duration::from_secs(60);

/// A running plugin; it is killed when dropped.
pub struct KmsPlugin {
    child: Child,
    dir: Arc<TempDir>,
    health: SocketAddr,
    started: Instant,
    accepted_after: Option<Duration>,
    plan: Plan,
}

impl KmsPlugin {
    /// The socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.dir().join("kms.sock")
    }

    /// The plugin's directory: socket, config, log, and what it writes by relative paths.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A client of the socket.
    #[must_use]
    pub fn client(&self) -> KmsClient {
        KmsClient::new(&self.socket())
    }

    /// From the start to the first connection that the socket accepted, as seen by trying each millisecond.
    ///
    /// # Panics
    ///
    /// When it was not waited for.
    #[must_use]
    pub fn accepted_after(&self) -> Duration {
        self.accepted_after.expect("the start was waited for")
    }

    /// Waits until the socket accepts.
    ///
    /// # Panics
    ///
    /// When the plugin ends instead, or takes longer than a minute.
    pub fn wait_until_it_accepts(&mut self) {
        self.accepts().unwrap_or_else(|error| panic!("{error}"));
    }

    fn accepts(&mut self) -> Result<(), StartError> {
        loop {
            if UnixStream::connect(self.socket()).is_ok() {
                self.accepted_after = Some(self.started.elapsed());
                return Ok(());
            }
            if let Some(status) = self.child.try_wait().expect("a child can be waited for") {
                return Err(StartError::Ended { program: self.plan.program(), status, log: self.log() });
            }
            if self.started.elapsed() > START_LIMIT {
                return Err(StartError::DoesNotAccept { program: self.plan.program(), log: self.log() });
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Waits until the plugin ends by itself.
    ///
    /// # Panics
    ///
    /// When it runs on for a minute.
    pub fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + START_LIMIT;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child can be waited for") {
                return status;
            }
            assert!(Instant::now() < deadline, "the plugin runs on:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Kills the plugin as `kill -9` does.
    ///
    /// # Panics
    ///
    /// When the process cannot be signalled.
    pub fn kill(&mut self) {
        self.child.kill().expect("a child can be killed");
        self.child.wait().expect("a child can be waited for");
    }

    /// Sends a signal: `SIGTERM`, `SIGHUP`.
    ///
    /// # Panics
    ///
    /// When the process is gone.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).expect("the plugin runs");
    }

    /// Starts the plugin again as it was, in the same directory, killing it if it runs, and waits until it accepts.
    ///
    /// # Panics
    ///
    /// As [`Plan::start`].
    #[must_use]
    pub fn restart(mut self) -> Self {
        self.kill();
        let again = self.plan.clone().spawn_in(Arc::clone(&self.dir), self.health);
        let mut again = again.unwrap_or_else(|error| panic!("{error}"));
        again.wait_until_it_accepts();
        again
    }

    /// All that the plugin printed, also before restarts.
    #[must_use]
    pub fn log(&self) -> String {
        let log = std::fs::read(self.dir().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// What the process used so far.
    ///
    /// # Panics
    ///
    /// When the process is gone.
    #[must_use]
    pub fn usage(&self) -> Usage {
        Usage::of(self.pid()).expect("the plugin runs")
    }
}

impl Drop for KmsPlugin {
    fn drop(&mut self) {
        // It may have ended already.
        _ = self.child.kill();
        _ = self.child.wait();
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(40).collect();
            eprintln!("the plugin's log, its last lines:");
            tail.iter().rev().for_each(|line| eprintln!("  {line}"));
        }
    }
}
