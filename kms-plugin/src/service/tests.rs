//! Both services over real keys and the KMS double, without a socket.

#![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

mod answers;
mod failover;
mod health;
mod key_file;
mod local_kek;
mod reload;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_sdk_kms::config::{
    AsyncSleep, BehaviorVersion, Credentials, SharedAsyncSleep, SharedCredentialsProvider, Sleep,
};
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use sealkit_envelope::cache::Clock;
use sealkit_rig::AwsDouble;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};
use tonic::{Request, Status};

use super::{Instruments, SocketState};
use crate::audit::Audit;
use crate::keys::{AwsClients, KeySetSettings, KeySettings};
use crate::metrics::Metrics;
use crate::proto::v1beta1::key_management_service_server::KeyManagementService as V1;
use crate::proto::v2::key_management_service_server::KeyManagementService as V2;
use crate::proto::{v1beta1, v2};

const REGION: &str = "eu-central-1";
const SECRET: &[u8] = b"canary-7f1c-of-a-seed-0123456789";

/// KMS, a key in it, and a socket's state over them.
pub(crate) struct Rig {
    pub(crate) aws: AwsDouble,
    key: String,
    clients: AwsClients,
    clock: Arc<SkippingClock>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) audit: Arc<Audit>,
    dir: TempDir,
    pub(crate) socket: Arc<SocketState>,
}

impl Rig {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// `prepare` is done to KMS before the first probe.
    pub(crate) async fn with(prepare: impl FnOnce(&AwsDouble)) -> Self {
        let aws = AwsDouble::start();
        let key = aws.kms().create_key(REGION);
        prepare(&aws);
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(SharedCredentialsProvider::new(Credentials::for_tests()))
            .endpoint_url(aws.url())
            .region(Region::new(REGION))
            .retry_config(RetryConfig::standard().with_max_attempts(2))
            .sleep_impl(SharedAsyncSleep::new(Sleeper))
            .build();
        let clients = AwsClients::from_sdk_config(config);
        let dir = TempDir::new().unwrap();
        let metrics = Arc::new(Metrics::new());
        let audit = Arc::new(Audit::open(&dir.path().join("audit.jsonl")).unwrap());
        let clock = Arc::new(SkippingClock { start: Instant::now(), skipped: AtomicU64::new(0) });
        let instruments =
            Instruments { clock: clock.clone(), ..Instruments::new(Arc::clone(&metrics), Some(Arc::clone(&audit))) };
        let socket = SocketState::open("/run/a.sock", &settings(&key), &clients, &instruments).await.unwrap();
        Self { aws, key, clients, clock, metrics, audit, dir, socket }
    }

    async fn status(&self) -> Result<v2::StatusResponse, Status> {
        self.socket.v2().status(Request::new(v2::StatusRequest {})).await.map(tonic::Response::into_inner)
    }

    /// The healthz text, or the gRPC code.
    async fn says(&self) -> String {
        match self.status().await {
            Ok(status) => status.healthz,
            Err(status) => format!("{:?}", status.code()),
        }
    }

    /// How long it takes until Status says `expected`; panics after `within`.
    pub(crate) async fn until(&self, expected: &str, within: u64) -> Duration {
        let start = Instant::now();
        loop {
            let says = self.says().await;
            if says == expected {
                return start.elapsed();
            }
            assert!(start.elapsed() < Duration::from_secs(within), "after {within} s it is {says}, not {expected}");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Moves health's clock, and nobody else's.
    fn skip(&self, time: Duration) {
        self.clock.skip(time);
        self.socket.health().clock_moved();
    }

    /// Skips the time until a probe is due, and waits for its end.
    async fn next_probe(&self) {
        let health = self.socket.health();
        let ended = || health.probes().values().sum::<u64>();
        let (before, start) = (ended(), Instant::now());
        self.skip(Duration::from_millis(if health.is_troubled() { 5_500 } else { 30_000 }));
        while ended() == before {
            assert!(start.elapsed() < Duration::from_secs(10), "no probe ends");
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// As [`until`](Self::until) by health's clock, of which the time between probes is skipped.
    async fn until_probes_say(&self, expected: &str, within: u64) -> Duration {
        let start = self.clock.now();
        loop {
            // What a probe wakes is not done when it ends.
            for _ in 0..10 {
                if self.says().await == expected {
                    return self.clock.now() - start;
                }
                sleep(Duration::from_millis(20)).await;
            }
            let (passed, says) = (self.clock.now() - start, self.says().await);
            assert!(passed < Duration::from_secs(within), "after {passed:?} it is {says}, not {expected}");
            self.next_probe().await;
        }
    }

    async fn encrypt(&self, uid: &str) -> Result<v2::EncryptResponse, Status> {
        let request = v2::EncryptRequest { plaintext: SECRET.to_vec(), uid: uid.to_owned() };
        self.socket.v2().encrypt(Request::new(request)).await.map(tonic::Response::into_inner)
    }

    async fn decrypt(&self, sealed: &v2::EncryptResponse, uid: &str) -> Result<Vec<u8>, Status> {
        let request = v2::DecryptRequest {
            ciphertext: sealed.ciphertext.clone(),
            uid: uid.to_owned(),
            key_id: sealed.key_id.clone(),
            annotations: sealed.annotations.clone(),
        };
        Ok(self.socket.v2().decrypt(Request::new(request)).await?.into_inner().plaintext)
    }

    async fn encrypt_v1(&self) -> Result<Vec<u8>, Status> {
        let request = v1beta1::EncryptRequest { version: "v1beta1".to_owned(), plain: SECRET.to_vec() };
        Ok(self.socket.v1().encrypt(Request::new(request)).await?.into_inner().cipher)
    }

    async fn decrypt_v1(&self, cipher: &[u8]) -> Result<Vec<u8>, Status> {
        let request = v1beta1::DecryptRequest { version: "v1beta1".to_owned(), cipher: cipher.to_vec() };
        Ok(self.socket.v1().decrypt(Request::new(request)).await?.into_inner().plain)
    }

    /// The value of a series, written as `/metrics` does.
    fn metric(&self, series: &str) -> Option<f64> {
        let text = self.metrics_text();
        let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.map(|value| value.parse().unwrap())
    }

    fn metrics_text(&self) -> String {
        String::from_utf8(self.metrics.render([&*self.socket], Some(&self.audit))).unwrap()
    }

    /// The audit lines so far; no more are written after this.
    fn audit_lines(&self) -> Vec<serde_json::Value> {
        self.audit.close();
        let text = std::fs::read_to_string(self.dir.path().join("audit.jsonl")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn settings(write: &str) -> KeySetSettings {
    KeySetSettings {
        write: key(write),
        read: Vec::new(),
        local_kek: None,
        follow_key_material: false,
        cache_entries: 100,
        flush_after: Duration::from_secs(1),
        state_file: None,
    }
}

fn key(name: &str) -> KeySettings {
    KeySettings {
        name: name.to_owned(),
        context: BTreeMap::from([("cluster".to_owned(), "canary-context".to_owned())]),
        region: None,
        replicas: Vec::new(),
        encrypt_failover: false,
    }
}

/// The real time, of which a test skips what nothing happens in.
struct SkippingClock {
    start: Instant,
    /// Milliseconds.
    skipped: AtomicU64,
}

impl SkippingClock {
    fn skip(&self, time: Duration) {
        let time = u64::try_from(time.as_millis()).unwrap();
        self.skipped.fetch_add(time, Ordering::SeqCst);
    }
}

impl Clock for SkippingClock {
    fn now(&self) -> Duration {
        self.start.elapsed() + Duration::from_millis(self.skipped.load(Ordering::SeqCst))
    }
}

/// Sleeps by tokio.
#[derive(Debug)]
struct Sleeper;

impl AsyncSleep for Sleeper {
    fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(sleep(duration))
    }
}
