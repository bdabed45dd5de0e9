//! The program `sealctl` as a test runs it: with a home of its own and nothing of the caller's environment.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::cargo;

/// A user of `sealctl`: a home, a working directory in it, and credentials for the double.
pub struct Sealctl {
    program: PathBuf,
    home: TempDir,
    endpoint: Option<String>,
}

impl Sealctl {
    /// A user without any key or config.
    ///
    /// The program is `$SEALKIT_SEALCTL`, or the workspace's own, built by cargo on first use.
    ///
    /// # Panics
    ///
    /// When the program cannot be built, or no directory can be made.
    #[must_use]
    pub fn new() -> Self {
        Self::of(program())
    }

    /// A user of another build of the program.
    ///
    /// # Panics
    ///
    /// When no directory can be made.
    #[must_use]
    pub fn of(program: &Path) -> Self {
        let home = TempDir::new().expect("a directory can be made");
        Self { program: program.to_owned(), home, endpoint: None }
    }

    /// Sends AWS calls to the endpoint at `url`.
    #[must_use]
    pub fn with_endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }

    /// The user's home, which is also the working directory.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// A run of the program with these arguments.
    #[must_use]
    pub fn command<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.home())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_REGION", "us-east-1")
            .current_dir(self.home());
        if let Some(endpoint) = &self.endpoint {
            command.env("AWS_ENDPOINT_URL", endpoint);
        }
        command
    }

    /// The one local key that the user has made.
    ///
    /// # Panics
    ///
    /// When there is none or more than one.
    #[must_use]
    pub fn local_key_file(&self) -> PathBuf {
        let mut files = Vec::new();
        collect(self.home(), &mut files);
        files.retain(|path| std::fs::read(path).is_ok_and(|content| content.starts_with(b"sealkit-local-key-v1\n")));
        let [file] = files.as_slice() else { panic!("not one local key: {files:?}") };
        file.clone()
    }
}

impl Default for Sealctl {
    fn default() -> Self {
        Self::new()
    }
}

/// Builds the program without its AWS feature, into a target directory of its own, on first use.
///
/// # Panics
///
/// When it cannot be built.
#[must_use]
pub fn portable_program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let target = cargo::target().join("portable");
        cargo::build(&["-p", "sealctl", "--no-default-features"], &target);
        target.join("debug/sealctl")
    })
}

fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        if let Some(given) = std::env::var_os("SEALKIT_SEALCTL") {
            return given.into();
        }
        let target = cargo::target();
        // With a test target among them, features are those of `cargo test --workspace`: nothing is built twice.
        cargo::build(&["--workspace", "--bin", "sealctl", "--test", "cli"], &target);
        target.join("debug/sealctl")
    })
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => collect(&entry.path(), files),
            Ok(kind) if kind.is_file() => files.push(entry.path()),
            _ => {}
        }
    }
}
