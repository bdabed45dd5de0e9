//! One KMS client a Region, with what bounds the calls of all keys there.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_kms::Client;
use aws_sdk_kms::config::Builder;
use aws_sdk_kms::config::retry::{RetryConfig, RetryPartition};
use aws_sdk_kms::config::timeout::TimeoutConfig;
use sealkit_aws::AwsConfig;
use tokio::sync::Semaphore;

/// Calls under way in one Region. KMS answers in about 10 ms, so this is thousands a second; more at once means that
/// KMS is slow, and queueing there would only make it slower.
const CALLS_AT_ONCE: usize = 64;

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
    config: AwsConfig,
    regions: Mutex<BTreeMap<String, Arc<RegionClient>>>,
}

/// The way to KMS in one Region.
pub(super) struct RegionClient {
    pub(super) name: String,
    pub(super) client: Client,
    /// Shared by all keys of the Region, and by nothing else: a silent Region uses up its own permits.
    pub(super) permits: Semaphore,
}

impl AwsClients {
    /// Clients that are configured by `config`; makes none yet, and no request.
    #[must_use]
    pub fn new(config: AwsConfig) -> Self {
        Self { shared: Arc::new(Shared { config, regions: Mutex::default() }) }
    }

    /// The Region of keys whose name and settings give none.
    #[must_use]
    pub fn default_region(&self) -> Option<&str> {
        self.shared.config.default_region()
    }

    pub(super) fn region(&self, name: &str) -> Arc<RegionClient> {
        // Nothing under the lock can leave half an entry.
        let mut regions = self.shared.regions.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(regions.entry(name.to_owned()).or_insert_with(|| Arc::new(self.shared.make(name))))
    }
}

impl Shared {
    fn make(&self, region: &str) -> RegionClient {
        let found = self.config.for_region(region);
        let attempts = found.retry_config().map_or(3, RetryConfig::max_attempts);
        let retries = RetryConfig::standard()
            .with_max_attempts(attempts)
            .with_initial_backoff(FIRST_BACKOFF)
            .with_max_backoff(MAX_BACKOFF);
        // A bucket of its own, unless one was asked for: throttling here uses up no retries there.
        let bucket = self.config.retry_partition();
        let bucket = bucket.unwrap_or_else(|| RetryPartition::custom(format!("kms-{region}")).build());
        let timeouts = TimeoutConfig::builder().connect_timeout(SILENCE).read_timeout(SILENCE).build();
        let mut config = Builder::from(&found).retry_config(retries).retry_partition(bucket).timeout_config(timeouts);
        if let Some(source) = self.config.source_headers() {
            config = config.interceptor(source);
        }
        let client = Client::from_conf(config.build());
        RegionClient { name: region.to_owned(), client, permits: Semaphore::new(CALLS_AT_ONCE) }
    }
}

impl fmt::Debug for AwsClients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsClients").field("config", &self.shared.config).finish_non_exhaustive()
    }
}
