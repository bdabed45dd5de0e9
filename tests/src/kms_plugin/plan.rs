//! With what a plugin is started.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use tempfile::TempDir;

use super::KmsPlugin;
use crate::AwsDouble;
use crate::cargo;

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
        self.try_start().unwrap_or_else(|error| panic!("{error}"))
    }

    /// The same without a panic.
    ///
    /// # Errors
    ///
    /// When it cannot be started, ends, or does not accept.
    pub fn try_start(self) -> Result<KmsPlugin, StartError> {
        let mut plugin = self.try_spawn()?;
        plugin.accepts()?;
        Ok(plugin)
    }

    /// Starts the plugin and waits for nothing.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    #[must_use]
    pub fn spawn(self) -> KmsPlugin {
        self.try_spawn().unwrap_or_else(|error| panic!("{error}"))
    }

    fn try_spawn(self) -> Result<KmsPlugin, StartError> {
        let dir = TempDir::new().expect("a directory can be made");
        // The plugin refuses a socket in a directory that others may write.
        std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o700)).expect("it is ours");
        self.spawn_in(Arc::new(dir), free_address())
    }

    /// The program's path, for errors.
    pub(super) fn program(&self) -> String {
        self.program.display().to_string()
    }

    pub(super) fn spawn_in(self, dir: Arc<TempDir>, health: SocketAddr) -> Result<KmsPlugin, StartError> {
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
        // A shell that runs tests in the background has SIGINT and SIGQUIT ignored, and a child inherits that.
        let mut command = Command::new("sh");
        let umask = self.umask.map(|umask| format!("umask {umask:04o} && ")).unwrap_or_default();
        command.args(["-c", &format!("{umask}exec env --default-signal \"$0\" \"$@\"")]).arg(&self.program);
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
        let child = command.spawn();
        let child = child.map_err(|source| StartError::NotStarted { program: self.program(), source })?;
        Ok(KmsPlugin { child, dir, health, started, accepted_after: None, plan: self })
    }
}

/// Why a plugin does not serve. Its log is told whole: it is what says the cause.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The program could not be started at all.
    #[error("cannot start {program}")]
    NotStarted {
        /// The program.
        program: String,
        /// Why.
        source: std::io::Error,
    },
    /// The process ended.
    #[error("{program} ended ({status}) before its socket accepted; it printed:\n{log}")]
    Ended {
        /// The program.
        program: String,
        /// How.
        status: ExitStatus,
        /// What it printed.
        log: String,
    },
    /// The process runs, and no socket accepts.
    #[error("{program} runs but does not accept on its socket; it printed:\n{log}")]
    DoesNotAccept {
        /// The program.
        program: String,
        /// What it printed.
        log: String,
    },
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
