//! `seal-fetcher` as a container runs it: an environment of its own, a target in memory, one endpoint for all of AWS.
//!
//! ```no_run
//! use sealkit_rig::{AwsDouble, Fetcher};
//!
//! let aws = AwsDouble::start();
//! aws.secrets().create("us-east-1", "db", "hunter2");
//! let fetcher = Fetcher::new(&aws).with_spec("secrets: {db: {secret: db}}");
//! let ended = fetcher.init();
//! assert_eq!(ended.code(), Some(0), "{ended}");
//! assert_eq!(fetcher.file("db"), b"hunter2");
//! ```

mod ended;
mod running;

use std::collections::BTreeMap;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::{AwsDouble, cargo};
pub use ended::Ended;
pub use running::Running;

/// A container with the program, its specification and its target.
pub struct Fetcher {
    program: PathBuf,
    /// In memory, for `/dev/shm` is tmpfs: `spec.yaml`, `target/`, and what a test adds.
    dir: TempDir,
    variables: BTreeMap<String, String>,
}

impl Fetcher {
    /// A container whose calls go to `aws`, with static credentials and the Region us-east-1.
    ///
    /// The program is `$SEALKIT_FETCHER`, or the workspace's own, built by cargo on first use.
    ///
    /// # Panics
    ///
    /// When the program cannot be built, or there is no `/dev/shm`.
    #[must_use]
    pub fn new(aws: &AwsDouble) -> Self {
        Self::at(&aws.url())
    }

    /// The same for any endpoint.
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new).
    #[must_use]
    pub fn at(endpoint: &str) -> Self {
        let dir = TempDir::new_in("/dev/shm").expect("tests need a tmpfs at /dev/shm");
        // As kubelet and Docker mount it: one directory, there before the program starts.
        let target = dir.path().join("target");
        std::fs::DirBuilder::new().mode(0o700).create(target).expect("the directory is ours");
        let home = dir.path().to_str().expect("a temporary directory's name is ASCII").to_owned();
        let fetcher = Self { program: program().to_owned(), dir, variables: BTreeMap::new() };
        fetcher
            .with_variable("HOME", &home)
            .with_variable("AWS_ENDPOINT_URL", endpoint)
            .with_variable("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint)
            .with_variable("AWS_REGION", "us-east-1")
            .with_variable("AWS_ACCESS_KEY_ID", "test")
            .with_variable("AWS_SECRET_ACCESS_KEY", "test")
    }

    /// The specification, at `spec.yaml`.
    ///
    /// # Panics
    ///
    /// When it cannot be written.
    #[must_use]
    pub fn with_spec(self, text: &str) -> Self {
        self.with_file("spec.yaml", text)
    }

    /// A file below [`dir`](Self::dir).
    ///
    /// # Panics
    ///
    /// When it cannot be written.
    #[must_use]
    pub fn with_file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        self.write(name, content);
        self
    }

    /// Writes a file below [`dir`](Self::dir), also while the program runs.
    ///
    /// # Panics
    ///
    /// When it cannot be written.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap_or_else(|error| panic!("{name}: {error}"));
    }

    /// Sets a variable of the program's environment, which is otherwise empty but for what [`new`](Self::new) says.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Takes a variable away.
    #[must_use]
    pub fn without_variable(mut self, name: &str) -> Self {
        self.variables.remove(name);
        self
    }

    /// Takes the static credentials away.
    #[must_use]
    pub fn without_keys(self) -> Self {
        self.without_variable("AWS_ACCESS_KEY_ID").without_variable("AWS_SECRET_ACCESS_KEY")
    }

    /// The container's directory, which is also the working directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A path below [`dir`](Self::dir).
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir().join(name)
    }

    /// The directory that secrets are published to.
    #[must_use]
    pub fn target(&self) -> PathBuf {
        self.path("target")
    }

    /// The program with these arguments, not yet started.
    #[must_use]
    pub fn command<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).env_clear().envs(&self.variables).current_dir(self.dir()).stdin(Stdio::null());
        command
    }

    /// Runs the program with these arguments to its end.
    ///
    /// # Panics
    ///
    /// When it cannot be started, or runs on for two minutes.
    #[must_use]
    pub fn run<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Ended {
        self.start(arguments).wait()
    }

    /// Starts the program with these arguments.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    #[must_use]
    pub fn start<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Running {
        Running::start(self.command(arguments))
    }

    /// `init --spec spec.yaml --target target`.
    ///
    /// # Panics
    ///
    /// As [`run`](Self::run).
    #[must_use]
    pub fn init(&self) -> Ended {
        self.init_with([])
    }

    /// `init` with more arguments.
    ///
    /// # Panics
    ///
    /// As [`run`](Self::run).
    #[must_use]
    pub fn init_with<'a>(&self, more: impl IntoIterator<Item = &'a str>) -> Ended {
        self.run(["init", "--spec", "spec.yaml", "--target", "target"].into_iter().chain(more))
    }

    /// Starts `watch --spec spec.yaml --target target` with more arguments.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    #[must_use]
    pub fn watch<'a>(&self, more: impl IntoIterator<Item = &'a str>) -> Running {
        self.start(["watch", "--spec", "spec.yaml", "--target", "target"].into_iter().chain(more))
    }

    /// The bytes of a published file, by its visible path.
    ///
    /// # Panics
    ///
    /// When it cannot be read.
    #[must_use]
    pub fn file(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.target().join(name)).unwrap_or_else(|error| panic!("target/{name}: {error}"))
    }

    /// All published files by their visible paths; generations and `..data` are not visible.
    #[must_use]
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(&self.target(), "", &mut files);
        files
    }

    /// The names in the target, generations and `..data` included.
    ///
    /// # Panics
    ///
    /// When it cannot be read.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.target()).expect("the target is there");
        let mut names: Vec<String> =
            entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

fn collect(directory: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("..") {
            continue;
        }
        let path = format!("{prefix}{name}");
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{path}/"), files);
        } else if let Ok(content) = std::fs::read(entry.path()) {
            files.insert(path, content);
        }
    }
}

/// `$SEALKIT_FETCHER`, or the workspace's own build of `seal-fetcher`.
///
/// # Panics
///
/// When it cannot be built.
#[must_use]
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        if let Some(given) = std::env::var_os("SEALKIT_FETCHER") {
            return given.into();
        }
        let target = cargo::target();
        // With a test target among them, features are those of `cargo test --workspace`: nothing is built twice.
        cargo::build(&["--workspace", "--bin", "seal-fetcher", "--test", "cli"], &target);
        target.join("debug/seal-fetcher")
    })
}
