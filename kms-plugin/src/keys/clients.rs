//! One KMS client a Region.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_sdk_kms::Client;
use aws_sdk_kms::config::Builder;
use aws_sdk_kms::config::retry::{RetryConfig, RetryPartition};
use aws_sdk_kms::config::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use sealkit_aws::AwsConfig;

/// KMS answers in milliseconds: a Region that is silent for so long will stay so. Applies to each attempt, from
/// connecting on; finding credentials is not part of it.
const SILENCE: Duration = Duration::from_secs(1);

/// The bounds of the waits between attempts (full jitter, the first one doubles): all must fit into three seconds.
const FIRST_BACKOFF: Duration = Duration::from_millis(50);
const MAX_BACKOFF: Duration = Duration::from_millis(500);

/// The KMS clients of a process, made when a key first needs its Region. Clones share them.
#[derive(Clone)]
pub struct AwsClients {
    shared: Arc<Shared>,
}

struct Shared {
    config: Config,
    regions: Mutex<BTreeMap<String, Client>>,
}

/// Where settings come from.
enum Config {
    Process(Box<AwsConfig>),
    Given(Box<SdkConfig>),
}

impl AwsClients {
    /// Clients that are configured by `config`; makes none yet, and no request.
    #[must_use]
    pub fn new(config: AwsConfig) -> Self {
        Self::of(Config::Process(Box::new(config)))
    }

    /// Clients that are configured by the caller: with credentials of their own, for tests and benchmarks.
    #[must_use]
    pub fn from_sdk_config(config: SdkConfig) -> Self {
        Self::of(Config::Given(Box::new(config)))
    }

    fn of(config: Config) -> Self {
        Self { shared: Arc::new(Shared { config, regions: Mutex::default() }) }
    }

    /// The Region of keys whose name and settings give none.
    #[must_use]
    pub fn default_region(&self) -> Option<&str> {
        match &self.shared.config {
            Config::Process(config) => config.default_region(),
            Config::Given(config) => config.region().map(AsRef::as_ref),
        }
    }

    /// When the credentials expire that were found last, if that is known.
    #[must_use]
    pub fn credentials_expiry(&self) -> Option<SystemTime> {
        match &self.shared.config {
            Config::Process(config) => config.credentials_expiry(),
            Config::Given(_) => None,
        }
    }

    /// The client for a Region; all keys there share it, its connections and its retries.
    pub(super) fn client(&self, region: &str) -> Client {
        // Nothing under the lock can leave half an entry.
        let mut regions = self.shared.regions.lock().unwrap_or_else(PoisonError::into_inner);
        regions.entry(region.to_owned()).or_insert_with(|| self.shared.make(region)).clone()
    }
}

impl Shared {
    fn make(&self, region: &str) -> Client {
        let (found, source, bucket) = match &self.config {
            Config::Process(config) => (config.for_region(region), config.source_headers(), config.retry_partition()),
            Config::Given(config) => (config.to_builder().region(Region::new(region.to_owned())).build(), None, None),
        };
        let attempts = found.retry_config().map_or(3, RetryConfig::max_attempts);
        let retries = RetryConfig::standard()
            .with_max_attempts(attempts)
            .with_initial_backoff(FIRST_BACKOFF)
            .with_max_backoff(MAX_BACKOFF);
        // A bucket of its own, unless one was asked for: throttling here uses up no retries there.
        let bucket = bucket.unwrap_or_else(|| RetryPartition::custom(format!("kms-{region}")).build());
        let timeouts = TimeoutConfig::builder().connect_timeout(SILENCE).read_timeout(SILENCE).build();
        let mut config = Builder::from(&found).retry_config(retries).retry_partition(bucket).timeout_config(timeouts);
        if let Some(source) = source {
            config = config.interceptor(source);
        }
        Client::from_conf(config.build())
    }
}

impl fmt::Debug for AwsClients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsClients").field("default_region", &self.default_region()).finish_non_exhaustive()
    }
}
