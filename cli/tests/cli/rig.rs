//! A directory to run `sealctl` in, with a home of its own.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// The key that tests encrypt with.
pub(crate) const KEY: &str = "local:test";

/// A working directory and, apart from it, a home.
pub(crate) struct Dir {
    work: TempDir,
    home: TempDir,
}

impl Dir {
    pub(crate) fn new() -> Self {
        let make = || tempfile::tempdir().expect("tests have a temporary directory");
        Self { work: make(), home: make() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.work.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a name in the directory")).expect("the directory is ours");
        fs::write(&path, content).expect("the directory is ours");
        path
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn mkfifo(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0)
            .expect("the directory is ours");
        path
    }

    /// `sealctl`, not yet started.
    pub(crate) fn sealctl<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sealctl"));
        command.args(args).current_dir(self.work.path()).env_clear();
        self.home(&mut command);
        command
    }

    /// A shell with `$SEALCTL`, for pipes and limits.
    pub(crate) fn shell(&self, script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).current_dir(self.work.path()).env_clear();
        command.env("PATH", "/usr/bin:/bin").env("SEALCTL", env!("CARGO_BIN_EXE_sealctl"));
        self.home(&mut command);
        command
    }

    fn home(&self, command: &mut Command) {
        let home = self.home.path();
        command.env("HOME", home).env("XDG_DATA_HOME", home.join("data")).env("XDG_CONFIG_HOME", home.join("config"));
    }

    /// Runs `sealctl` to its end.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Run {
        Run::of(self.sealctl(args).output())
    }

    /// Makes the test key beforehand, so that its notice is out of the way.
    pub(crate) fn with_key(self) -> Self {
        self.run(["keygen", "test"]).ok();
        self
    }

    /// Writes the user's own configuration.
    pub(crate) fn user_config(&self, content: &str) {
        let directory = self.home.path().join("config/sealkit");
        fs::create_dir_all(&directory).expect("the directory is ours");
        fs::write(directory.join("config.toml"), content).expect("the directory is ours");
    }

    /// All paths below the directory, sorted; directories end in a slash.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        list(self.work.path(), self.work.path(), &mut names);
        names.sort();
        names
    }
}

fn list(root: &Path, directory: &Path, names: &mut Vec<String>) {
    for entry in fs::read_dir(directory).expect("the directory is ours") {
        let path = entry.expect("the directory is ours").path();
        let below = path.strip_prefix(root).expect("found below it").display().to_string();
        if path.is_dir() && !path.is_symlink() {
            names.push(format!("{below}/"));
            list(root, &path, names);
        } else {
            names.push(below);
        }
    }
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn of(output: std::io::Result<Output>) -> Self {
        let output = output.expect("it starts");
        Self {
            code: output.status.code(),
            stdout: output.stdout,
            stderr: String::from_utf8(output.stderr).expect("messages are UTF-8"),
        }
    }

    /// It succeeded.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self
    }

    /// It failed with this code, and said this.
    #[track_caller]
    pub(crate) fn failed(self, code: i32, said: &str) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        assert!(self.stderr.contains(said), "{:?} lacks {said:?}", self.stderr);
        self
    }
}

/// Bytes that are neither text nor all the same.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    let next = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(length).collect()
}
