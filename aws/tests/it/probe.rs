//! One call to KMS from a fresh process, and what came of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use sealkit_aws::{AwsConfig, CredentialsSource, Fault, FaultClass, Options, PodIdentityAddress};
use tempfile::TempDir;

use crate::server::Authority;

pub(crate) const REGION: &str = "eu-west-1";
pub(crate) const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// A user with an empty home, no instance metadata and no credentials; each case adds what it needs.
pub(crate) struct Probe {
    home: TempDir,
    variables: BTreeMap<String, String>,
}

/// What the child said, and how long it took.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// `ok`, `config`, or the class of the fault.
    pub(crate) class: String,
    pub(crate) text: String,
    pub(crate) took: Duration,
}

impl Probe {
    pub(crate) fn new() -> Self {
        let home = TempDir::new().unwrap();
        let probe = Self { home, variables: BTreeMap::new() };
        // One root instead of the system's hundreds, which take an unoptimised build 0.1 s to read.
        let probe = probe.with_file("roots.pem", &Authority::new().pem());
        let roots = probe.path("roots.pem").to_str().unwrap().to_owned();
        let path = std::env::var("PATH").unwrap();
        let home = probe.home().to_str().unwrap().to_owned();
        probe
            .with("PATH", &path)
            .with("HOME", &home)
            .with("SSL_CERT_FILE", &roots)
            .with("AWS_EC2_METADATA_DISABLED", "true")
            .with("PROBE", "1")
    }

    /// The same with static credentials and everything that KMS needs to be reached at `url`.
    pub(crate) fn of_kms(url: &str) -> Self {
        Self::new().with_keys().with("AWS_ENDPOINT_URL", url)
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.variables.remove(name);
        self
    }

    pub(crate) fn with_keys(self) -> Self {
        self.with("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE").with("AWS_SECRET_ACCESS_KEY", "canary-secret-key")
    }

    /// Writes a file below the home directory.
    pub(crate) fn with_file(self, name: &str, contents: &str) -> Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, contents).unwrap();
        self
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home().join(name)
    }

    /// Runs the child.
    pub(crate) fn run(&self) -> Outcome {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "probe::child", "--nocapture", "--test-threads=1"])
            .env_clear()
            .envs(&self.variables)
            .output()
            .unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        let line = stdout.lines().find_map(|line| line.strip_prefix("PROBE\t"));
        let line = line.unwrap_or_else(|| panic!("no outcome: {stdout}{stderr}"));
        let [class, millis, text] = line.splitn(3, '\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        assert!(!line.contains("canary"), "a secret is shown: {line}");
        Outcome { class: class.to_owned(), text: text.to_owned(), took: Duration::from_millis(millis.parse().unwrap()) }
    }
}

impl Outcome {
    #[track_caller]
    pub(crate) fn expect_ok(&self) {
        assert_eq!(self.class, "ok", "{}", self.text);
    }

    #[track_caller]
    pub(crate) fn expect(&self, class: FaultClass, parts: &[&str]) {
        assert_eq!(self.class, format!("{class:?}"), "{}", self.text);
        for part in parts {
            assert!(self.text.contains(part), "no {part:?} in {:?}", self.text);
        }
    }

    #[track_caller]
    pub(crate) fn expect_config_error(&self, parts: &[&str]) {
        assert_eq!(self.class, "config", "{}", self.text);
        for part in parts {
            assert!(self.text.contains(part), "no {part:?} in {:?}", self.text);
        }
    }
}

/// The child: does nothing in an ordinary run of the tests.
#[test]
fn child() {
    let variable = |name: &str| std::env::var(name).ok();
    if variable("PROBE").is_none() {
        return;
    }
    let mut options = Options::new("probe-1.0");
    options.profile = variable("PROBE_PROFILE");
    options.region = variable("PROBE_REGION");
    options.fallback_region = Some(REGION.to_owned());
    options.use_fips = variable("PROBE_FIPS").map(|it| it == "true");
    options.endpoint = variable("PROBE_ENDPOINT");
    options.source_arn = variable("PROBE_SOURCE_ARN").map(|it| it.parse().unwrap());
    options.retry_tokens = variable("PROBE_RETRY_TOKENS").map(|it| it.parse().unwrap());
    options.credentials = match variable("PROBE_CREDENTIALS").as_deref() {
        Some("web-identity") => CredentialsSource::WebIdentity,
        Some("container") => CredentialsSource::Container { agent: None },
        Some("container-ipv6") => CredentialsSource::Container { agent: Some(PodIdentityAddress::Ipv6) },
        _ => CredentialsSource::Chain,
    };
    options.region_of_instance = variable("PROBE_REGION_OF_INSTANCE").is_some();
    if let Some(millis) = variable("PROBE_DEADLINE") {
        options.deadline = Duration::from_millis(millis.parse().unwrap());
    }
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    let start = Instant::now();
    let (class, text) = runtime.block_on(call(&options));
    println!("\nPROBE\t{class}\t{}\t{text}", start.elapsed().as_millis());
}

async fn call(options: &Options) -> (String, String) {
    let config = match AwsConfig::load(options).await {
        Ok(config) => config,
        Err(error) => return ("config".to_owned(), error.to_string()),
    };
    let region = config.default_region().unwrap_or(REGION).to_owned();
    let config = match std::env::var("PROBE_ROLE") {
        Ok(role) => config.assuming(&role, "pod-1", &region).await,
        Err(_) => config,
    };
    let (class, text) = describe(&config, &region).await;
    match std::env::var("PROBE_RENEWS") {
        Ok(_) if class == "ExpiredLogin" => describe(&config.with_new_credentials(), &region).await,
        _ => (class, text),
    }
}

async fn describe(config: &AwsConfig, region: &str) -> (String, String) {
    let mut settings = aws_sdk_kms::config::Builder::from(&config.for_region(region));
    settings.set_retry_partition(config.retry_partition());
    if let Some(headers) = config.source_headers() {
        settings.push_interceptor(SharedInterceptor::new(headers));
    }
    let client = aws_sdk_kms::Client::from_conf(settings.build());
    match client.describe_key().key_id(KEY).send().await {
        Ok(_) => ("ok".to_owned(), format!("{region} {:?}", config.roots())),
        Err(error) => {
            let fault = Fault::from_sdk("kms:DescribeKey", KEY, Some(region), &error);
            (format!("{:?}", fault.class()), fault.to_string())
        }
    }
}
