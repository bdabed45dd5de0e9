//! KeySets against the KMS double: what is called, how often, where, and what is believed.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod caching;
mod deadlines;
mod direct;
mod failover;
mod local;
mod local_kek;
mod many_keys;
mod rotation;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_kms::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use sealkit_aws::FaultClass;
use sealkit_envelope::Plaintext;
use sealkit_rig::{AwsDouble, Operation};
use tokio::time::Instant;

use super::*;

const IRELAND: &str = "eu-west-1";
const VIRGINIA: &str = "us-east-1";

/// What was told of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    key: String,
    speaks_for_key: bool,
    operation: KmsOperation,
    source: Source,
    uid: Option<String>,
    region: String,
    has_request_id: bool,
    outcome: Result<(), FaultClass>,
}

/// An observer that remembers.
#[derive(Default)]
struct Log {
    calls: Mutex<Vec<Told>>,
    from_memory: Mutex<Vec<(String, Option<String>)>>,
}

impl Observer for Log {
    fn kms_call(&self, call: &KmsCall<'_>) {
        self.calls.lock().unwrap().push(Told {
            key: call.key.to_owned(),
            speaks_for_key: call.speaks_for_key,
            operation: call.operation,
            source: call.source,
            uid: call.uid.map(str::to_owned),
            region: call.region.to_owned(),
            has_request_id: call.request_id.is_some(),
            outcome: call.outcome.map_err(sealkit_aws::Fault::class),
        });
    }

    fn served_from_memory(&self, _: Api, key: &str, request_id: Option<&str>) {
        self.from_memory.lock().unwrap().push((key.to_owned(), request_id.map(str::to_owned)));
    }

    fn encrypted_in_memory(&self, api: Api, key: &str, request_id: Option<&str>) {
        self.served_from_memory(api, key, request_id);
    }
}

/// The double, clients for it, and what was told.
struct Rig {
    aws: AwsDouble,
    clients: AwsClients,
    log: Arc<Log>,
}

impl Rig {
    fn new() -> Self {
        let aws = AwsDouble::start();
        let config = SdkConfig::builder()
            .behavior_version(aws_sdk_kms::config::BehaviorVersion::latest())
            .credentials_provider(SharedCredentialsProvider::new(Credentials::for_tests()))
            .endpoint_url(aws.url())
            .region(Region::new(IRELAND))
            .retry_config(RetryConfig::standard().with_max_attempts(3))
            .sleep_impl(aws_sdk_kms::config::SharedAsyncSleep::new(Sleeper))
            .build();
        Self { aws, clients: AwsClients::from_sdk_config(config), log: Arc::default() }
    }

    async fn open(&self, settings: &KeySetSettings) -> KeySet {
        KeySet::open(settings, &self.clients, self.observer()).await.unwrap()
    }

    fn observer(&self) -> Arc<dyn Observer> {
        Arc::clone(&self.log) as Arc<dyn Observer>
    }

    fn calls(&self, operation: Operation) -> u64 {
        self.aws.calls().count(operation)
    }

    fn told(&self) -> Vec<Told> {
        self.log.calls.lock().unwrap().clone()
    }

    fn last_told(&self) -> Told {
        self.told().pop().unwrap()
    }
}

/// Sleeps by tokio.
#[derive(Debug)]
struct Sleeper;

impl aws_sdk_kms::config::AsyncSleep for Sleeper {
    fn sleep(&self, duration: Duration) -> aws_sdk_kms::config::Sleep {
        aws_sdk_kms::config::Sleep::new(tokio::time::sleep(duration))
    }
}

fn key(name: &str) -> KeySettings {
    KeySettings {
        name: name.to_owned(),
        context: BTreeMap::new(),
        region: None,
        replicas: Vec::new(),
        encrypt_failover: false,
    }
}

fn with_context(name: &str, pairs: &[(&str, &str)]) -> KeySettings {
    let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    KeySettings { context: pairs.iter().map(pair).collect(), ..key(name) }
}

fn keys(write: KeySettings, read: Vec<KeySettings>) -> KeySetSettings {
    KeySetSettings {
        write,
        read,
        local_kek: None,
        follow_key_material: false,
        cache_entries: 20_000,
        flush_after: Duration::from_secs(60),
        state_file: None,
    }
}

fn single(name: &str) -> KeySetSettings {
    keys(key(name), Vec::new())
}

fn v1() -> Request<'static> {
    request(Api::V1Beta1, Duration::from_secs(3))
}

fn v2() -> Request<'static> {
    request(Api::V2, Duration::from_secs(3))
}

fn request(api: Api, time: Duration) -> Request<'static> {
    Request { api, uid: (api == Api::V2).then_some("uid-1"), deadline: Instant::now() + time }
}

async fn decrypt(set: &KeySet, request: Request<'_>, ciphertext: &[u8]) -> Result<Plaintext, Refusal> {
    set.decrypt(&request, ciphertext, None, &HashMap::new()).await
}

async fn opened(set: &KeySet, ciphertext: &[u8]) -> Vec<u8> {
    decrypt(set, v1(), ciphertext).await.map_err(|it| it.to_string()).unwrap().expose_secret().to_vec()
}

async fn refused(set: &KeySet, request: Request<'_>, ciphertext: &[u8]) -> Refusal {
    decrypt(set, request, ciphertext).await.err().unwrap()
}
