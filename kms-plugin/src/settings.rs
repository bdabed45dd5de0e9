//! What the plugin is told to do, wherever it was said.
//!
//! ```text
//! flags ── Layer ─┐
//!                 ├─ Settings ── Plugin
//! file ─── Layer ─┘
//! ```
//!
//! A value has one source: what a flag and the file both say is a mistake, even if they agree, for one of the two will
//! be changed and the other forgotten. Mistakes are collected, so that all are told at once.

mod layer;
mod values;

use std::fmt;
use std::path::PathBuf;

use sealkit_aws::arn::KeyIdentifier;
use sealkit_aws::{Options, SourceArn};
pub use sealkit_host::endpoints::{ListenAddress, ListenAddressError};
pub use sealkit_host::logging::{LogFormat, LogLevel, LogSettings};

use crate::keys::{KeySetSettings, KeySettings};
use crate::socket::SocketSettings;

pub(crate) use layer::Layer;
pub(crate) use values::{duration, duration_text, http_path, key_name, mode, path, region, socket_path, url};

/// Where AEP listens unless it is told otherwise.
pub const DEFAULT_SOCKET: &str = "/var/run/kmsplugin/socket.sock";

/// Where AEP's endpoints listen unless told otherwise.
const DEFAULT_HEALTH_ADDRESS: ListenAddress = ListenAddress::all(8080);

/// Entries of the unwrap cache unless configured.
pub const DEFAULT_CACHE_ENTRIES: usize = 20_000;

/// From a certain revocation to the flush, unless configured, in seconds.
pub const DEFAULT_FLUSH_AFTER: u64 = 60;

/// How long a call may take, with the search for credentials.
const CALL_DEADLINE: std::time::Duration = std::time::Duration::from_secs(10);

/// Attempts a call has inside its deadline.
const CALL_ATTEMPTS: u32 = 3;

/// Everything, complete and checked as far as it can be without looking at the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The sockets and their keys, at least one.
    pub providers: Vec<ProviderSettings>,
    /// The HTTP endpoints.
    pub endpoints: EndpointSettings,
    /// How AWS is reached.
    pub aws: AwsSettings,
    /// Where audit lines are appended.
    pub audit: Option<PathBuf>,
    /// What is logged.
    pub log: LogSettings,
}

/// One socket: to kube-apiserver, one encryption provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderSettings {
    /// Where it listens.
    pub socket: SocketSettings,
    /// What it encrypts and decrypts with.
    pub keys: KeySetSettings,
}

/// `/livez`, `/healthz`, `/readyz` and `/metrics`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointSettings {
    /// Where they listen.
    pub address: ListenAddress,
    /// The path of the health check (`/healthz`).
    pub healthz_path: String,
    /// The path of the liveness check (`/livez`).
    pub livez_path: String,
    /// Whether the health check asks KMS, as AEP's does.
    pub deep_healthz: bool,
}

/// How AWS is reached, beside what the environment and the profile say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AwsSettings {
    /// The profile, instead of `AWS_PROFILE`.
    pub profile: Option<String>,
    /// The Region of keys that name none.
    pub region: Option<String>,
    /// The endpoint of KMS.
    pub kms_endpoint: Option<String>,
    /// On whose behalf KMS is called.
    pub source_arn: Option<SourceArn>,
    /// Capacity of the bucket that retries are paid from.
    pub retry_tokens: Option<usize>,
}

/// The words for log formats.
pub(crate) const LOG_FORMATS: [(&str, LogFormat); 2] = [("json", LogFormat::Json), ("text", LogFormat::Text)];

/// The words for log levels.
pub(crate) const LOG_LEVELS: [(&str, LogLevel); 4] =
    [("error", LogLevel::Error), ("warn", LogLevel::Warn), ("info", LogLevel::Info), ("debug", LogLevel::Debug)];

impl Settings {
    /// How the AWS clients are configured.
    #[must_use]
    pub fn aws_options(&self) -> Options {
        let mut options = Options::new(concat!("seal-kms-plugin-", env!("CARGO_PKG_VERSION")));
        options.profile.clone_from(&self.aws.profile);
        options.region.clone_from(&self.aws.region);
        options.endpoint.clone_from(&self.aws.kms_endpoint);
        options.source_arn.clone_from(&self.aws.source_arn);
        options.retry_tokens = self.aws.retry_tokens;
        options.deadline = CALL_DEADLINE;
        options.attempts = CALL_ATTEMPTS;
        let keys = || self.providers.iter().flat_map(|provider| provider.keys.all());
        options.fallback_region = keys().find_map(own_region);
        // What no key needs is not asked for: where there is no metadata service it costs a second.
        options.region_of_instance = keys().any(|key| !key.name.starts_with("local:") && own_region(key).is_none());
        options
    }
}

/// The Region that a key names itself.
fn own_region(key: &KeySettings) -> Option<String> {
    let identifier: KeyIdentifier = key.name.parse().ok()?;
    identifier.region().map(str::to_owned).or_else(|| key.region.clone())
}

impl KeySetSettings {
    /// The write key, then the read keys.
    pub fn all(&self) -> impl Iterator<Item = &KeySettings> {
        std::iter::once(&self.write).chain(&self.read)
    }
}

impl Default for EndpointSettings {
    fn default() -> Self {
        Self {
            address: DEFAULT_HEALTH_ADDRESS,
            healthz_path: "/healthz".to_owned(),
            livez_path: "/livez".to_owned(),
            deep_healthz: false,
        }
    }
}

/// Every mistake in flags, file and what they name; never empty. One line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsError {
    mistakes: Vec<String>,
}

impl SettingsError {
    /// The mistakes, each a line that names its place.
    #[must_use]
    pub fn mistakes(&self) -> &[String] {
        &self.mistakes
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.mistakes.join("\n"))
    }
}

impl std::error::Error for SettingsError {}

/// Where mistakes are collected.
#[derive(Debug, Default)]
pub(crate) struct Mistakes {
    lines: Vec<String>,
}

impl Mistakes {
    /// Notes what is wrong, on as many lines as it has.
    pub(crate) fn add(&mut self, message: impl fmt::Display) {
        self.lines.extend(message.to_string().lines().map(str::to_owned));
    }

    /// The value, or a note of what is wrong with it.
    pub(crate) fn note<T>(&mut self, place: &str, result: Result<T, impl fmt::Display>) -> Option<T> {
        result.map_err(|error| self.add(format_args!("{place}: {error}"))).ok()
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.lines.len()
    }

    /// `value` if nothing was noted.
    pub(crate) fn finish<T>(self, value: T) -> Result<T, SettingsError> {
        if self.lines.is_empty() { Ok(value) } else { Err(SettingsError { mistakes: self.lines }) }
    }
}
