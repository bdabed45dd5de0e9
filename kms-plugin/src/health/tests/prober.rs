//! The task in stopped time, over a key set that answers as it is told.
#![expect(clippy::unwrap_used, reason = "a failed lock fails the test")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sealkit_aws::{Fault, FaultClass};
use sealkit_envelope::cache::Clock;
use tokio::time::{Instant, sleep};

use crate::health::{KeyHealth, Probed, Prober, State, Verdict};
use crate::keys::{Api, Flushed, KmsCall, KmsOperation, ProbeReport, Source};

const KEY: &str = "alias/write";
const HOME: &str = "eu-central-1";
const REPLICA: &str = "eu-west-1";

/// tokio's clock, which tests stop and move.
struct TokioClock(Instant);

impl Clock for TokioClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Answers every probe with the same.
#[derive(Default)]
struct Keys {
    encrypt: Mutex<Option<FaultClass>>,
    decrypt: Mutex<Option<FaultClass>>,
    silent: Mutex<bool>,
    probes: Mutex<Vec<Instant>>,
    flushed: Mutex<Vec<String>>,
}

impl Keys {
    fn answer(&self, encrypt: Option<FaultClass>, decrypt: Option<FaultClass>) {
        *self.encrypt.lock().unwrap() = encrypt;
        *self.decrypt.lock().unwrap() = decrypt;
    }

    fn probes(&self) -> usize {
        self.probes.lock().unwrap().len()
    }

    fn flushed(&self) -> Vec<String> {
        self.flushed.lock().unwrap().clone()
    }
}

impl Probed for Keys {
    async fn probe(&self, _: Instant) -> ProbeReport {
        self.probes.lock().unwrap().push(Instant::now());
        if *self.silent.lock().unwrap() {
            std::future::pending::<()>().await;
        }
        let fault = |class: &Mutex<Option<FaultClass>>, action: &str| {
            class.lock().unwrap().map(|class| Fault::new(action, KEY, None, class, "as told"))
        };
        ProbeReport {
            encrypt: fault(&self.encrypt, "kms:Encrypt").map_or(Ok(()), Err),
            decrypt: Some(fault(&self.decrypt, "kms:Decrypt").map_or(Ok(()), Err)),
        }
    }

    fn flush(&self, key: &str) -> Flushed {
        self.flushed.lock().unwrap().push(key.to_owned());
        Flushed { unwraps: 1, keks: 0 }
    }
}

struct Rig {
    keys: Arc<Keys>,
    health: Arc<KeyHealth>,
    _prober: Prober,
}

impl Rig {
    fn start(flush_after: u64) -> Self {
        let keys = Arc::new(Keys::default());
        let health = Arc::new(KeyHealth::new(KEY, Arc::new(TokioClock(Instant::now()))));
        let prober = Prober::spawn(keys.clone(), health.clone(), Duration::from_secs(flush_after));
        Self { keys, health, _prober: prober }
    }

    /// Traffic for `key` ends with `class`.
    fn traffic(&self, key: &str, class: Option<FaultClass>, speaks_for_key: bool) {
        let fault = class.map(|class| Fault::new("kms:Decrypt", key, None, class, "as told"));
        let outcome = fault.as_ref().map_or(Ok(()), Err);
        self.health.called(&KmsCall { speaks_for_key, outcome, ..call(key) });
    }

    /// KMS answers in `region`, traffic or a probe.
    fn answered(&self, source: Source, region: &str) {
        self.health.called(&KmsCall { source, region, ..call(KEY) });
    }
}

fn call(key: &str) -> KmsCall<'_> {
    KmsCall {
        key,
        answered_by: None,
        speaks_for_key: true,
        operation: KmsOperation::Decrypt,
        source: Source::Traffic(Api::V2),
        uid: None,
        region: HOME,
        home: Some(HOME),
        request_id: None,
        latency: Duration::ZERO,
        outcome: Ok(()),
    }
}

async fn seconds(n: u64) {
    sleep(Duration::from_secs(n)).await;
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_well_is_probed_twice_a_minute() {
    let rig = Rig::start(60);
    rig.health.first_probe().await;
    assert_eq!(rig.health.state(), State::Ok);
    seconds(3_600).await;
    let probes = rig.keys.probes();
    assert!((120..=130).contains(&probes), "{probes}");
}

#[tokio::test(start_paused = true)]
async fn silence_is_an_outage_within_a_minute_and_ok_10_seconds_after_it() {
    let rig = Rig::start(60);
    seconds(1).await;
    *rig.keys.silent.lock().unwrap() = true;
    seconds(60).await;
    assert!(matches!(rig.health.verdict(false), Verdict::Unhealthy(_)));
    assert_eq!(rig.health.verdict(true), Verdict::Ok);
    *rig.keys.silent.lock().unwrap() = false;
    seconds(10).await;
    assert_eq!(rig.health.verdict(false), Verdict::Ok);
    assert!(rig.keys.flushed().is_empty());
}

#[tokio::test(start_paused = true)]
async fn traffic_wakes_it_and_no_more_often_than_each_5_seconds() {
    let rig = Rig::start(60);
    seconds(10).await;
    assert_eq!(rig.keys.probes(), 1);
    rig.traffic(KEY, Some(FaultClass::Outage), true);
    seconds(1).await;
    assert_eq!(rig.keys.probes(), 2, "at once");
    for _ in 0..20 {
        rig.traffic(KEY, Some(FaultClass::Outage), false);
        seconds(1).await;
    }
    let probes = rig.keys.probes();
    assert!((5..=6).contains(&probes), "{probes}");
    for _ in 0..20 {
        rig.traffic(KEY, Some(FaultClass::Refused), false);
        seconds(1).await;
    }
    assert!(rig.keys.probes() <= probes + 2, "an object says nothing of the key");
}

#[tokio::test(start_paused = true)]
async fn a_disabled_key_fails_status_and_is_flushed_a_minute_later() {
    let rig = Rig::start(60);
    seconds(1).await;
    rig.keys.answer(Some(FaultClass::Revoked), Some(FaultClass::Revoked));
    seconds(45).await;
    assert!(matches!(rig.health.verdict(true), Verdict::Failed(_)));
    assert!(rig.keys.flushed().is_empty(), "not yet");
    seconds(60).await;
    assert_eq!(rig.keys.flushed(), [KEY]);
    seconds(60).await;
    assert_eq!(rig.keys.flushed(), [KEY, KEY], "what came in since");
    rig.keys.answer(None, None);
    seconds(10).await;
    assert_eq!(rig.health.state(), State::Ok);
    seconds(3_600).await;
    assert_eq!(rig.keys.flushed().len(), 2);
    assert_eq!(rig.health.flushes(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_key_enabled_again_within_the_minute_is_not_flushed() {
    let rig = Rig::start(60);
    seconds(1).await;
    rig.keys.answer(Some(FaultClass::Revoked), Some(FaultClass::Revoked));
    seconds(50).await;
    rig.keys.answer(None, None);
    seconds(600).await;
    assert!(rig.keys.flushed().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_key_that_only_refuses_encrypt_is_not_flushed() {
    let rig = Rig::start(0);
    rig.keys.answer(Some(FaultClass::Revoked), None);
    seconds(600).await;
    assert!(matches!(rig.health.verdict(true), Verdict::Failed(_)));
    assert!(!rig.health.is_decrypt_revoked() && rig.keys.flushed().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_revoked_read_key_is_flushed_and_leaves_status_alone() {
    let rig = Rig::start(60);
    seconds(1).await;
    let probes = rig.keys.probes();
    rig.traffic("alias/read", Some(FaultClass::Revoked), true);
    seconds(6).await;
    rig.traffic("alias/read", Some(FaultClass::Revoked), false);
    seconds(1).await;
    assert!(rig.keys.flushed().is_empty(), "the second refusal named another key");
    rig.traffic("alias/read", Some(FaultClass::Revoked), true);
    seconds(1).await;
    assert_eq!(rig.keys.flushed(), ["alias/read"]);
    assert_eq!((rig.health.state(), rig.keys.probes()), (State::Ok, probes));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_a_replica_serves_is_degraded_throughout_and_told_of_twice() {
    let rig = Rig::start(60);
    seconds(1).await;
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    rig.traffic(KEY, Some(FaultClass::Outage), true);
    rig.answered(Source::Traffic(Api::V2), REPLICA);
    let probes = rig.keys.probes();
    for _ in 0..120 {
        rig.answered(Source::Probe, REPLICA);
        seconds(5).await;
        assert_eq!((rig.health.state(), rig.health.verdict(false)), (State::Degraded, Verdict::Ok));
        assert!(rig.health.is_failed_over(KEY) && !rig.health.is_failed_over("alias/read"));
    }
    assert!(rig.keys.probes() > probes + 100, "it looks for the home Region each 5 s");
    for _ in 0..7 {
        rig.answered(Source::Probe, HOME);
        seconds(5).await;
    }
    assert_eq!((rig.health.state(), rig.health.is_failed_over(KEY)), (State::Ok, false));
    let text = log.text();
    let lines: Vec<_> = text.lines().collect();
    let [away, home] = lines[..] else { panic!("{text}") };
    assert!(away.contains(" WARN ") && away.contains("failed over"), "{away}");
    assert!([KEY, HOME, REPLICA].iter().all(|it| away.contains(it)), "{away}");
    assert!(home.contains(" INFO ") && home.contains("failed back") && home.contains(KEY), "{home}");
}

/// What is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn dropped_it_stops() {
    let rig = Rig::start(60);
    seconds(1).await;
    let keys = rig.keys.clone();
    drop(rig);
    seconds(600).await;
    assert_eq!(keys.probes(), 1);
}
