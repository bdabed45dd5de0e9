//! One official SDK in a Python process that runs many jobs.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use sealkit_rig::moto::environments;
use serde_json::{Value, json};

use super::CREDENTIALS;

/// An SDK for Python, by its major version.
#[derive(Clone, Copy)]
pub(super) enum Sdk {
    /// 3.3 with master key providers, which aws-encryption-cli installs.
    Three,
    /// 4.0 with keyrings.
    Four,
}

impl Sdk {
    fn name(self) -> &'static str {
        match self {
            Self::Three => "sdk3",
            Self::Four => "sdk4",
        }
    }
}

/// A key as the peer finds it.
pub(super) enum PeerKey {
    Local(PathBuf),
    Kms(String),
}

impl PeerKey {
    pub(super) fn json(&self) -> Value {
        match self {
            Self::Local(path) => json!({ "local": path }),
            Self::Kms(arn) => json!({ "kms": arn }),
        }
    }
}

pub(super) struct Peer {
    process: Child,
    jobs: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    pub(super) fn start(sdk: Sdk, endpoint: Option<&str>) -> Self {
        let venv = environments().join(format!("venv-{}", sdk.name()));
        let mut command = Command::new(venv.join("bin/python"));
        command
            .arg(directory().join("peer.py"))
            .arg(sdk.name())
            .envs(CREDENTIALS)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if let Some(endpoint) = endpoint {
            command.env("AWS_ENDPOINT_URL", endpoint);
        }
        let mut process = command.spawn().unwrap();
        let (jobs, answers) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        Self { process, jobs, answers: BufReader::new(answers) }
    }

    /// Runs one job; the error is the SDK's own.
    pub(super) fn run(&mut self, job: &Value) -> Result<(), String> {
        writeln!(self.jobs, "{job}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        let answer: Value = serde_json::from_str(&answer).expect("the peer answers each job");
        answer["error"].as_str().map_or(Ok(()), |error| Err(error.to_owned()))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("interop")
}
