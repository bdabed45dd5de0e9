//! A story in a process of its own, because the SDK finds credentials in the environment of the process.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use sealkit_aws::{AwsConfig, Environment};
use sealkit_fetcher::failure::Failure;
use sealkit_fetcher::plan::{Defaults, Overrides, Plan};
use sealkit_fetcher::source::{Answer, Item, Settings, Sources, aws_options};
use sealkit_fetcher::spec::read::{Choice, read};
use sealkit_host::audit::{AuditLog, Program};
use sealkit_rig::aws_double::AwsDouble;
use tempfile::TempDir;
use tokio::time::Instant;

pub(crate) const REGION: &str = "eu-west-1";
pub(crate) const OTHER: &str = "eu-central-1";

/// The variable that tells a child which story it is to run.
const STORY: &str = "SEALKIT_STORY";

/// Runs the present test's story in a child with static credentials and nothing else in its environment.
#[track_caller]
pub(crate) fn story(body: impl AsyncFnOnce()) {
    if is_child() { run(body) } else { spawn(&[]) }
}

/// Whether this process is the child of the present test.
pub(crate) fn is_child() -> bool {
    std::env::var(STORY).is_ok_and(|story| Some(story.as_str()) == std::thread::current().name())
}

/// Runs a story here.
pub(crate) fn run(body: impl AsyncFnOnce()) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(body());
}

/// Runs the present test in a child with `variables` more in its environment.
#[track_caller]
pub(crate) fn spawn(variables: &[(&str, &str)]) {
    let name = std::thread::current().name().unwrap().to_owned();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &name, "--include-ignored", "--nocapture", "--test-threads=1"])
        .env_clear()
        .env(STORY, &name)
        .env("PATH", std::env::var("PATH").unwrap())
        .env("HOME", "/nonexistent")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "canary-secret-key")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].map(|it| String::from_utf8_lossy(&it).into_owned()).concat();
    assert!(output.status.success(), "{said}");
    assert!(!said.contains("canary"), "a secret is shown: {said}");
}

/// An AWS, and the sources of one process.
pub(crate) struct Rig {
    pub(crate) aws: AwsDouble,
    directory: TempDir,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self { aws: AwsDouble::start(), directory: TempDir::new().unwrap() }
    }

    /// Sources with an audit file.
    pub(crate) async fn sources(&self) -> Sources {
        self.sources_of(false).await
    }

    pub(crate) async fn sources_of(&self, is_ecs: bool) -> Sources {
        let program = Program { name: "seal-fetcher", version: "0" };
        let log = AuditLog::open(&self.path("audit"), program).unwrap();
        let settings = Settings {
            session_name: "web-1".to_owned(),
            is_ecs,
            audit: Some(Arc::new(move |event| log.append(event))),
        };
        Sources::new(self.config().await, settings)
    }

    pub(crate) async fn config(&self) -> AwsConfig {
        config(&self.aws.url(), &self.path("roots.pem")).await
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }

    /// The audit lines so far.
    pub(crate) fn audit(&self) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(self.path("audit")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Lines of `operation`, each as outcome or class.
    pub(crate) fn outcomes(&self, operation: &str) -> Vec<String> {
        let lines = self.audit().into_iter().filter(|line| line["operation"] == operation);
        lines.map(|line| line["class"].as_str().unwrap_or("ok").to_owned()).collect()
    }

    /// Creates `secret/N` and `/parameter/N`, each with a value that names it.
    pub(crate) fn populate(&self, secrets: usize, parameters: usize) {
        for n in 0..secrets {
            self.aws.secrets().create(REGION, &format!("secret/{n}"), format!("canary-s{n}").as_str());
        }
        for n in 0..parameters {
            self.aws.parameters().put_secure(REGION, &format!("/parameter/{n}"), &format!("canary-p{n}"));
        }
    }
}

/// The settings of clients of the AWS at `url`.
pub(crate) async fn config(url: &str, roots: &std::path::Path) -> AwsConfig {
    let mut options = aws_options(&Default::default());
    options.endpoint = Some(url.to_owned());
    options.region = Some(REGION.to_owned());
    // Roots of our own: the system's hundreds take an unoptimised build 0.1 s to read.
    if !roots.exists() {
        std::fs::write(roots, AwsDouble::start_tls().ca_pem().unwrap()).unwrap();
    }
    let environment = Environment::from_pairs([("SSL_CERT_FILE", roots.to_str().unwrap())]);
    AwsConfig::load_from(&options, &environment).await.unwrap()
}

/// A plan of our own form.
pub(crate) fn plan(text: &str) -> Plan {
    let spec = read("test.yaml", text, &Choice::default()).unwrap_or_else(|error| panic!("{error}"));
    let defaults = Defaults { region: Some(REGION.to_owned()), region_is_required: true };
    Plan::new(spec, &Overrides::default(), &defaults).unwrap_or_else(|error| panic!("{error}"))
}

/// The plan of what [`Rig::populate`] created.
pub(crate) fn plan_of(secrets: usize, parameters: usize, batch: &str) -> Plan {
    let secret = |n| format!("  s{n}: {{secret: secret/{n}}}\n");
    let parameter = |n| format!("  p{n}: {{parameter: /parameter/{n}}}\n");
    let entries: String = (0..secrets).map(secret).chain((0..parameters).map(parameter)).collect();
    plan(&format!("batch: {batch}\nsecrets:\n{entries}"))
}

pub(crate) fn within(seconds: u64) -> Instant {
    Instant::now() + Duration::from_secs(seconds)
}

pub(crate) type Answers = Vec<Result<Answer, Failure>>;

/// The one item of each answer, as name and text.
#[track_caller]
pub(crate) fn texts(answers: &Answers) -> Vec<(String, String)> {
    let text = |item: &Item| (item.name.clone(), String::from_utf8_lossy(item.value.expose_secret()).into_owned());
    let items = answers.iter().flat_map(|answer| match answer {
        Ok(Answer::One(item)) => vec![text(item)],
        Ok(Answer::Many(items)) => items.iter().map(text).collect(),
        Err(failure) => panic!("{failure}"),
    });
    items.collect()
}

/// All answers have the values that [`Rig::populate`] gave.
#[track_caller]
pub(crate) fn expect_populated(answers: &Answers, secrets: usize, parameters: usize) {
    let secret = |n| (format!("secret/{n}"), format!("canary-s{n}"));
    let parameter = |n| (format!("/parameter/{n}"), format!("canary-p{n}"));
    let expected: Vec<_> = (0..secrets).map(secret).chain((0..parameters).map(parameter)).collect();
    assert!(texts(answers) == expected, "the values are others, or in another order");
}

/// The text of the one failure.
#[track_caller]
pub(crate) fn failure(answers: &Answers) -> Failure {
    let mut failures = answers.iter().filter_map(|answer| answer.as_ref().err());
    let first = failures.next().expect("there is a failure").clone();
    assert_eq!(failures.next(), None);
    first
}

/// What a text has to hold.
#[track_caller]
pub(crate) fn expect_parts(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in {text:?}");
    }
}
