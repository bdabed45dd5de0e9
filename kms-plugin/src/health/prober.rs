//! The task that probes a write key, and flushes what a revoked key must not serve any longer.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use sealkit_aws::{Fault, FaultClass};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{debug, info, warn};

use super::key_health::KeyHealth;
use super::schedule::Schedule;
use super::write_key::{ProbeOutcome, State};
use crate::keys::{Flushed, KeySet, ProbeReport};

/// A probe ends within this, all attempts included.
const DEADLINE: Duration = Duration::from_millis(2_500);
/// What a probe may take beyond its own deadline before it is given up.
const GRACE: Duration = Duration::from_millis(300);
/// While Decrypt stays refused, caches are flushed again, no faster than this: where only Decrypt is refused, Encrypt
/// goes on filling them.
const FLUSH_AGAIN: Duration = Duration::from_secs(5);

/// What is probed and flushed.
pub trait Probed: Send + Sync + 'static {
    /// Encrypts and Decrypts under the write key, within `deadline`.
    fn probe(&self, deadline: Instant) -> impl Future<Output = ProbeReport> + Send;

    /// Drops what was unwrapped under `key`, and its KEKs.
    fn flush(&self, key: &str) -> Flushed;
}

impl Probed for KeySet {
    fn probe(&self, deadline: Instant) -> impl Future<Output = ProbeReport> + Send {
        Self::probe(self, deadline)
    }

    fn flush(&self, key: &str) -> Flushed {
        Self::flush(self, key)
    }
}

/// A running prober; dropped, it stops.
#[derive(Debug)]
pub struct Prober(JoinHandle<()>);

impl Prober {
    /// Starts to probe `keys` and to tell `health` of it. `flush_after`: from a revocation that Decrypt reported to
    /// the flush.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn spawn<P: Probed>(keys: Arc<P>, health: Arc<KeyHealth>, flush_after: Duration) -> Self {
        let task = Task { keys, health, flush_after, schedule: Schedule::default(), flushed: None };
        Self(tokio::spawn(task.run()))
    }
}

impl Drop for Prober {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Task<P> {
    keys: Arc<P>,
    health: Arc<KeyHealth>,
    flush_after: Duration,
    schedule: Schedule,
    /// The last flush of the write key in the present revocation.
    flushed: Option<Duration>,
}

impl<P: Probed> Task<P> {
    async fn run(mut self) {
        loop {
            for key in self.health.take_flushes() {
                self.flush(&key);
            }
            let flush = self.flush_due();
            let probe = self.schedule.next(self.health.is_troubled());
            let now = self.health.now();
            if flush.is_some_and(|due| due <= now) {
                self.flush(self.health.write_key());
                self.flushed = Some(now);
            } else if probe <= now {
                self.probe().await;
            } else {
                let due = flush.map_or(probe, |flush| flush.min(probe));
                tokio::select! {
                    () = sleep(due - now) => {}
                    () = self.health.woken() => {}
                }
            }
        }
    }

    /// When the write key's unwraps are to be dropped, if they are.
    fn flush_due(&mut self) -> Option<Duration> {
        let Some(revoked) = self.health.decrypt_revoked_at() else {
            self.flushed = None;
            return None;
        };
        let again = self.flushed.map(|last| last + self.flush_after.max(FLUSH_AGAIN));
        Some(again.unwrap_or(revoked + self.flush_after))
    }

    fn flush(&self, key: &str) {
        let Flushed { unwraps, keks } = self.keys.flush(key);
        self.health.flushed();
        if unwraps + keks > 0 {
            warn!(key, unwraps, keks, "key revoked: dropped what was unwrapped under it");
        }
    }

    async fn probe(&mut self) {
        let began = self.health.now();
        self.schedule.begun(began, jitter());
        self.health.probe_begins();
        let deadline = Instant::now() + DEADLINE;
        let report = timeout_at(deadline + GRACE, self.keys.probe(deadline)).await.unwrap_or_else(|_| {
            let key = self.health.write_key();
            ProbeReport::unanswered(Fault::new("kms:Encrypt", key, None, FaultClass::Outage, "no answer in time"))
        });
        let (before, after) = self.health.probed(&ProbeOutcome::from(&report), began);
        self.tell(&report, before, after);
    }

    /// One line for each change of state, so that an outage of hours is not thousands of them.
    fn tell(&self, report: &ProbeReport, before: State, after: State) {
        let key = self.health.write_key();
        let (before, after) = (before.as_str(), after.as_str());
        match report.fault() {
            None if before == after => debug!(key, "probe succeeded"),
            None => info!(key, from = before, to = after, "probe succeeded: the write key can Encrypt and Decrypt"),
            Some(fault) if before == after => debug!(key, state = after, %fault, "probe failed"),
            Some(fault) => warn!(key, from = before, to = after, %fault, "probe failed"),
        }
    }
}

/// Any number. Without a source of randomness the plugin could not Encrypt either, so a constant will do.
fn jitter() -> u8 {
    let mut byte = [128];
    // Left as it is on failure.
    let _ = getrandom::fill(&mut byte);
    byte[0]
}
