//! Calls to one Region as one role: clients, credentials that are found anew, and the retries of every call.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_smithy_types::retry::RetryConfig;
use sealkit_aws::{AwsConfig, Fault, FaultClass};
use tokio::sync::{Mutex, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::limits::Limits;
use super::pace::{Backoff, Pace};
use super::record::Recorder;

/// GetSecretValue calls that are under way at one time.
pub(super) const SINGLES_AT_ONCE: usize = 32;

/// A quota of some 10,000 calls a second is free again soon.
pub(super) const SECRETS_WINDOW: Duration = Duration::from_secs(1);

/// Of 100 calls a second.
pub(super) const BATCHES_WINDOW: Duration = Duration::from_secs(2);

/// Of 40 calls a second, shared by all that the account reads from Parameter Store: whoever is refused is one of many.
pub(super) const PARAMETERS_WINDOW: Duration = Duration::from_secs(6);

/// Of thousands of calls a second, shared by all that uses keys in the account.
const KEYS_WINDOW: Duration = Duration::from_secs(1);

/// Region and role.
type Way = (String, Option<String>);

/// Lanes that were taken.
pub(super) struct Lanes {
    aws: AwsConfig,
    session_name: String,
    lanes: Mutex<HashMap<Way, Arc<Lane>>>,
    roles: Mutex<HashMap<String, AwsConfig>>,
    singles: Arc<Semaphore>,
    recorder: Arc<Recorder>,
}

impl Lanes {
    pub(super) fn new(aws: AwsConfig, session_name: String, recorder: Arc<Recorder>) -> Self {
        let singles = Arc::new(Semaphore::new(SINGLES_AT_ONCE));
        Self { aws, session_name, lanes: Mutex::default(), roles: Mutex::default(), singles, recorder }
    }

    /// The lane to `region` as `role`, always the same.
    pub(super) async fn lane(&self, region: &str, role: Option<&str>) -> Arc<Lane> {
        let mut lanes = self.lanes.lock().await;
        let key = (region.to_owned(), role.map(str::to_owned));
        if let Some(lane) = lanes.get(&key) {
            return Arc::clone(lane);
        }
        let aws = self.config(region, role).await;
        let lane = Arc::new(Lane {
            region: region.to_owned(),
            clients: Mutex::new(Clients::new(aws, region, 0)),
            secrets: Pace::new(SECRETS_WINDOW),
            batches: Pace::new(BATCHES_WINDOW),
            parameters: Pace::new(PARAMETERS_WINDOW),
            keys: Pace::new(KEYS_WINDOW),
            account: OnceLock::new(),
            batches_given_up: AtomicBool::new(false),
            singles: Arc::clone(&self.singles),
            recorder: Arc::clone(&self.recorder),
        });
        lanes.insert(key, Arc::clone(&lane));
        lane
    }

    /// The configuration of calls as `role`.
    pub(super) async fn config(&self, region: &str, role: Option<&str>) -> AwsConfig {
        let Some(role) = role else { return self.aws.clone() };
        let mut roles = self.roles.lock().await;
        if let Some(known) = roles.get(role) {
            return known.clone();
        }
        let assuming = self.aws.assuming(role, &self.session_name, region).await;
        roles.insert(role.to_owned(), assuming.clone());
        assuming
    }
}

/// The way to one Region as one role.
pub(super) struct Lane {
    pub(super) region: String,
    clients: Mutex<Clients>,
    pub(super) secrets: Pace,
    pub(super) batches: Pace,
    pub(super) parameters: Pace,
    /// Of KMS and STS.
    pub(super) keys: Pace,
    /// Partition and account that the credentials belong to, once that was asked for.
    pub(super) account: OnceLock<(String, String)>,
    batches_given_up: AtomicBool,
    pub(super) singles: Arc<Semaphore>,
    pub(super) recorder: Arc<Recorder>,
}

/// Clients of one Region with the same credentials.
#[derive(Clone)]
pub(super) struct Clients {
    pub(super) secrets: aws_sdk_secretsmanager::Client,
    pub(super) parameters: aws_sdk_ssm::Client,
    aws: AwsConfig,
    config: SdkConfig,
    /// How often the credentials were found anew.
    generation: u32,
}

impl Clients {
    fn new(aws: AwsConfig, region: &str, generation: u32) -> Self {
        // Retries are made by the lane, which knows about the other calls.
        let config = aws.for_region(region).to_builder().retry_config(RetryConfig::disabled()).build();
        Self {
            secrets: aws_sdk_secretsmanager::Client::new(&config),
            parameters: aws_sdk_ssm::Client::new(&config),
            aws,
            config,
            generation,
        }
    }

    /// A client of KMS, which few need.
    pub(super) fn keys(&self) -> aws_sdk_kms::Client {
        aws_sdk_kms::Client::new(&self.config)
    }

    /// A client of STS.
    pub(super) fn identity(&self) -> aws_sdk_sts::Client {
        aws_sdk_sts::Client::new(&self.config)
    }
}

impl Lane {
    /// Makes a call with its retries, each attempt at `pace`, within `limits`. `unasked` is the failure if there is no
    /// time for any.
    ///
    /// Throttling and outages are tried again. So are credentials that are not taken any more, once and with new
    /// ones: a token was rotated, or a session revoked, while we ran.
    pub(super) async fn call<T>(
        &self,
        pace: &Pace,
        limits: Limits,
        unasked: impl Fn(&str) -> Fault,
        attempt: impl AsyncFn(Clients) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let (mut backoff, mut last, mut is_renewed) = (Backoff::new(), None, false);
        loop {
            let turn = pace.turn(limits.until).await;
            let clients = self.clients().await;
            let generation = clients.generation;
            if self.recorder.is_broken() {
                return Err(last.unwrap_or_else(|| unasked("an audit line could not be written")));
            }
            if Instant::now() >= limits.until {
                return Err(last.unwrap_or_else(|| unasked("there was no time left to ask")));
            }
            let Ok(answer) = timeout_at(limits.until, attempt(clients)).await else {
                return Err(last.unwrap_or_else(|| unasked("no answer before the deadline")));
            };
            let fault = match answer {
                Ok(answer) => {
                    pace.answered(&turn);
                    return Ok(answer);
                }
                Err(fault) => fault,
            };
            match fault.class() {
                FaultClass::Throttled => {
                    if !limits.waits_when_throttled {
                        return Err(fault);
                    }
                    pace.throttled(&turn);
                    last = Some(fault);
                }
                FaultClass::Outage => {
                    if Instant::now() >= limits.outage_until {
                        return Err(fault);
                    }
                    drop(turn);
                    backoff.wait(limits.outage_until).await;
                    last = Some(fault);
                }
                FaultClass::ExpiredLogin if !is_renewed => {
                    is_renewed = true;
                    self.renew(generation).await;
                    last = Some(fault);
                }
                // An answer all the same: the service keeps up.
                _ => {
                    pace.answered(&turn);
                    return Err(fault);
                }
            }
        }
    }

    /// The present clients.
    pub(super) async fn clients(&self) -> Clients {
        self.clients.lock().await.clone()
    }

    /// Finds the credentials anew, unless that was done since `generation`.
    async fn renew(&self, generation: u32) {
        let mut clients = self.clients.lock().await;
        if clients.generation == generation {
            *clients = Clients::new(clients.aws.with_new_credentials(), &self.region, generation + 1);
        }
    }

    /// Whether `auto` has learnt that batches are denied or throttled.
    pub(super) fn batches_are_given_up(&self) -> bool {
        self.batches_given_up.load(Ordering::Relaxed)
    }

    /// Remembers it.
    pub(super) fn give_up_batches(&self) {
        self.batches_given_up.store(true, Ordering::Relaxed);
    }
}
