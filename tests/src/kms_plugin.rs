//! A KMS plugin as a test runs it: `seal-kms-plugin`, or any other program that takes the same flags or a template.

mod process;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::AwsDouble;
use crate::cargo;
use crate::kms_client::KmsClient;
pub use process::Usage;

/// How long a plugin may take to accept on its socket before the test fails: far more than any promise, because a
/// test must not fail on a busy machine. What is promised is measured ([`KmsPlugin::accepted_after`]).
const START_LIMIT: Duration = Duration::from_secs(60);

/// The flags that aws-encryption-provider and its drop-in replacement share.
const SHARED_FLAGS: [&str; 10] = [
    "--key",
    "{key}",
    "--listen",
    "{socket}",
    "--health-port",
    "{health}",
    "--kms-endpoint",
    "{endpoint}",
    "--region",
    "us-east-1",
];

/// What a plugin is started with. `{socket}`, `{health}`, `{endpoint}`, `{key}` and `{dir}` are replaced in its
/// arguments and in its config file.
#[derive(Clone)]
pub struct Plan {
    program: PathBuf,
    arguments: Vec<String>,
    config: Option<String>,
    environment: Vec<(String, String)>,
    umask: Option<u32>,
    endpoint: String,
    key: String,
}

impl Plan {
    /// `seal-kms-plugin` for `key` at `aws`, with the flags that aws-encryption-provider has too.
    ///
    /// The program is `$SEALKIT_KMS_PLUGIN`, or the workspace's own, built by cargo on first use.
    ///
    /// # Panics
    ///
    /// When the program cannot be built.
    #[must_use]
    pub fn new(aws: &AwsDouble, key: &str) -> Self {
        Self::of(program(), &aws.url(), key)
    }

    /// Another plugin with those flags, for `key` at the KMS endpoint `endpoint`.
    #[must_use]
    pub fn of(program: &Path, endpoint: &str, key: &str) -> Self {
        Self {
            program: program.to_owned(),
            arguments: SHARED_FLAGS.map(str::to_owned).to_vec(),
            config: None,
            environment: Vec::new(),
            umask: None,
            endpoint: endpoint.to_owned(),
            key: key.to_owned(),
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn with<'a>(mut self, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        self.arguments.extend(arguments.into_iter().map(str::to_owned));
        self
    }

    /// Replaces all arguments.
    #[must_use]
    pub fn with_only<'a>(mut self, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        self.arguments.clear();
        self.with(arguments)
    }

    /// Replaces all arguments by `--config` and a file of this text.
    #[must_use]
    pub fn with_config(mut self, text: &str) -> Self {
        self.config = Some(text.to_owned());
        self.with_only(["--config", "{dir}/config.yaml"])
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the file mode creation mask.
    #[must_use]
    pub fn with_umask(mut self, umask: u32) -> Self {
        self.umask = Some(umask);
        self
    }

    /// Starts the plugin and waits until its socket accepts.
    ///
    /// # Panics
    ///
    /// When it ends or does not accept; its log is in the message.
    #[must_use]
    pub fn start(self) -> KmsPlugin {
        let mut plugin = self.spawn();
        plugin.wait_until_it_accepts();
        plugin
    }

    /// Starts the plugin and waits for nothing.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    #[must_use]
    pub fn spawn(self) -> KmsPlugin {
        let dir = TempDir::new().expect("a directory can be made");
        // The plugin refuses a socket in a directory that others may write.
        std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o700)).expect("it is ours");
        self.spawn_in(Arc::new(dir), free_address())
    }

    fn spawn_in(self, dir: Arc<TempDir>, health: SocketAddr) -> KmsPlugin {
        let expand = |text: &str| {
            let path = dir.path().to_str().expect("a temporary directory's name is ASCII");
            text.replace("{socket}", &format!("{path}/kms.sock"))
                .replace("{health}", &health.to_string())
                .replace("{endpoint}", &self.endpoint)
                .replace("{key}", &self.key)
                .replace("{dir}", path)
        };
        if let Some(config) = &self.config {
            std::fs::write(dir.path().join("config.yaml"), expand(config)).expect("the directory is writable");
        }
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(dir.path().join("log"))
            .expect("the directory is writable");
        let mut command = match self.umask {
            None => Command::new(&self.program),
            Some(umask) => {
                let mut command = Command::new("sh");
                command.args(["-c", &format!("umask {umask:04o} && exec \"$0\" \"$@\"")]).arg(&self.program);
                command
            }
        };
        command
            .args(self.arguments.iter().map(|argument| expand(argument)))
            .env_clear()
            .env("HOME", dir.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_REGION", "us-east-1")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file can be opened twice"))
            .stderr(log);
        let started = Instant::now();
        let child = command.spawn().unwrap_or_else(|error| panic!("start {}: {error}", self.program.display()));
        KmsPlugin { child, dir, health, started, accepted_after: None, plan: self }
    }
}

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
        loop {
            if UnixStream::connect(self.socket()).is_ok() {
                self.accepted_after = Some(self.started.elapsed());
                return;
            }
            let ended = self.child.try_wait().expect("a child can be waited for");
            assert!(ended.is_none(), "the plugin ended ({ended:?}):\n{}", self.log());
            assert!(self.started.elapsed() < START_LIMIT, "the plugin does not accept:\n{}", self.log());
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
        let mut again = self.plan.clone().spawn_in(Arc::clone(&self.dir), self.health);
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

    /// Status and body of `path` on the health port.
    ///
    /// # Errors
    ///
    /// When nothing answers there.
    pub fn get(&self, path: &str) -> std::io::Result<(u16, String)> {
        let mut stream = TcpStream::connect(self.health)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        Ok((status.ok_or_else(|| std::io::Error::other(format!("no HTTP answer: {head}")))?, dechunked(head, body)))
    }

    /// The sum of a metric over all its series that carry these labels; none if there is none.
    ///
    /// # Panics
    ///
    /// When `/metrics` does not answer.
    #[must_use]
    pub fn metric(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let (status, text) = self.get("/metrics").expect("/metrics answers");
        assert_eq!(status, 200, "{text}");
        let values: Vec<f64> = text
            .lines()
            .filter_map(|line| line.strip_prefix(name))
            .filter(|rest| rest.starts_with(['{', ' ']))
            .filter(|rest| labels.iter().all(|(label, value)| rest.contains(&format!("{label}=\"{value}\""))))
            .filter_map(|rest| rest.rsplit(' ').next()?.parse().ok())
            .collect();
        (!values.is_empty()).then(|| values.iter().sum())
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

/// Go's HTTP server sends bodies of unknown length in chunks.
fn dechunked(head: &str, body: &str) -> String {
    if !head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        return body.to_owned();
    }
    let (mut whole, mut rest) = (String::new(), body);
    while let Some((length, after)) = rest.split_once("\r\n") {
        let length = usize::from_str_radix(length.trim(), 16).unwrap_or(0);
        let Some((chunk, after)) = after.split_at_checked(length).filter(|_| length > 0) else { break };
        whole.push_str(chunk);
        rest = after.strip_prefix("\r\n").unwrap_or(after);
    }
    whole
}

/// An address on loopback that was free a moment ago.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
    listener.local_addr().expect("a bound listener has an address")
}

/// `$SEALKIT_KMS_PLUGIN`, or the workspace's own build of `seal-kms-plugin`.
///
/// # Panics
///
/// When it cannot be built.
#[must_use]
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        if let Some(given) = std::env::var_os("SEALKIT_KMS_PLUGIN") {
            return given.into();
        }
        let target = cargo::target();
        // With a test target among them, features are those of `cargo test --workspace`: nothing is built twice.
        cargo::build(&["--workspace", "--bin", "seal-kms-plugin", "--test", "cli"], &target);
        target.join("debug/seal-kms-plugin")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_put_together() {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked";
        assert_eq!(dechunked(head, "4\r\na b \r\n2\r\nc\n\r\n0\r\n\r\n"), "a b c\n");
        assert_eq!(dechunked("HTTP/1.1 200 OK", "4\r\n"), "4\r\n");
    }
}
