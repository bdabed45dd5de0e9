//! The state of one socket's keys, shared by those who report and those who ask.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sealkit_envelope::cache::Clock;
use tokio::sync::{Notify, watch};
use tracing::{info, warn};

use super::failover::{Failover, Turn};
use super::read_keys::ReadKeys;
use super::reason::Reason;
use super::write_key::{ProbeOutcome, State, Verdict, WriteKey};
use crate::keys::{KmsCall, KmsOperation, Source};

/// The health of one key set.
pub struct KeyHealth {
    write_key: Box<str>,
    clock: Arc<dyn Clock>,
    write: Mutex<WriteKey>,
    read: Mutex<ReadKeys>,
    failover: Mutex<Failover>,
    /// Read keys that wait for the prober to flush them.
    to_flush: Mutex<Vec<Box<str>>>,
    /// Traffic failed since the last probe began.
    woken: AtomicBool,
    wake: Notify,
    probed: watch::Sender<bool>,
    probes: Mutex<BTreeMap<&'static str, u64>>,
    last: Mutex<Option<ProbeOutcome>>,
    flushes: AtomicU64,
}

impl KeyHealth {
    /// Health of a key set whose write key is configured as `write_key`; nothing is known of it yet.
    #[must_use]
    pub fn new(write_key: &str, clock: Arc<dyn Clock>) -> Self {
        Self {
            write_key: write_key.into(),
            clock,
            write: Mutex::default(),
            read: Mutex::default(),
            failover: Mutex::default(),
            to_flush: Mutex::default(),
            woken: AtomicBool::new(false),
            wake: Notify::new(),
            probed: watch::Sender::new(false),
            probes: Mutex::default(),
            last: Mutex::default(),
            flushes: AtomicU64::new(0),
        }
    }

    /// The write key as it is configured.
    #[must_use]
    pub fn write_key(&self) -> &str {
        &self.write_key
    }

    /// A call to KMS is over. Those of a probe are left to its report, but for the Region that answered.
    pub fn called(&self, call: &KmsCall<'_>) {
        if call.outcome.is_ok() {
            self.answered(call);
        }
        if call.source == Source::Probe {
            return;
        }
        let outcome = call.outcome.map_err(sealkit_aws::Fault::class);
        let now = self.clock.now();
        if call.key == &*self.write_key {
            if call.speaks_for_key {
                lock(&self.write).called(call.operation, outcome, now);
            }
            let tells = outcome.is_err_and(|class| call.speaks_for_key || Reason::from(class).is_outage());
            if tells && !self.woken.swap(true, Ordering::Relaxed) {
                self.wake.notify_one();
            }
        } else if call.speaks_for_key
            && call.operation == KmsOperation::Decrypt
            && lock(&self.read).called(call.key, outcome, now)
        {
            let mut keys = lock(&self.to_flush);
            if !keys.iter().any(|key| **key == *call.key) {
                keys.push(call.key.into());
            }
            self.wake.notify_one();
        }
    }

    /// One line when a replica Region begins to serve a key, and one when the key's own does again.
    fn answered(&self, call: &KmsCall<'_>) {
        let Some(home) = call.home else { return };
        let (key, region) = (call.key, call.region);
        match lock(&self.failover).answered(key, region != home, self.clock.now()) {
            Some(Turn::Away) => {
                warn!(key, home, region, "failed over: a replica Region serves the key, whose own does not answer");
            }
            Some(Turn::Home) => info!(key, region, "failed back: the key's own Region serves it again"),
            None => {}
        }
    }

    /// A probe that began at `began` ended now; the state before and after it.
    pub fn probed(&self, outcome: &ProbeOutcome, began: Duration) -> (State, State) {
        let now = self.clock.now();
        let states = {
            let mut write = lock(&self.write);
            let before = self.state_of(&write, now);
            write.probed(outcome, began, now);
            (before, self.state_of(&write, now))
        };
        *lock(&self.probes).entry(outcome.reason().map_or("ok", Reason::as_str)).or_default() += 1;
        *lock(&self.last) = Some(*outcome);
        self.probed.send_replace(true);
        states
    }

    /// What Status says now; `carried`: a valid local KEK is in memory.
    #[must_use]
    pub fn verdict(&self, carried: bool) -> Verdict {
        lock(&self.write).verdict(self.clock.now(), carried)
    }

    /// The state now.
    #[must_use]
    pub fn state(&self) -> State {
        self.state_of(&lock(&self.write), self.clock.now())
    }

    /// Whether a replica Region serves the key that is configured as `key`.
    #[must_use]
    pub fn is_failed_over(&self, key: &str) -> bool {
        lock(&self.failover).is_away(key, self.clock.now())
    }

    /// A key that a replica serves is degraded all the time, not just between two probes.
    fn state_of(&self, write: &WriteKey, now: Duration) -> State {
        match write.state(now) {
            State::Ok if lock(&self.failover).is_away(&self.write_key, now) => State::Degraded,
            state => state,
        }
    }

    /// Why the key is not well, whatever Status says of it.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        lock(&self.write).reason(self.clock.now())
    }

    /// Whether it is certain that Decrypt is refused under the write key.
    #[must_use]
    pub fn is_decrypt_revoked(&self) -> bool {
        self.decrypt_revoked_at().is_some()
    }

    /// Ends with the first probe.
    pub async fn first_probe(&self) {
        // An error would mean that the sender is gone, and `self` holds it.
        let _ = self.probed.subscribe().wait_for(|probed| *probed).await;
    }

    /// Whether a probe has ended.
    #[must_use]
    pub fn is_probed(&self) -> bool {
        lock(&self.write).is_probed()
    }

    /// Probes that ended so far, by outcome: `ok` or the reason.
    #[must_use]
    pub fn probes(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.probes).clone()
    }

    /// How the last probe ended.
    #[must_use]
    pub fn last_probe(&self) -> Option<ProbeOutcome> {
        *lock(&self.last)
    }

    /// Flushes so far.
    #[must_use]
    pub fn flushes(&self) -> u64 {
        self.flushes.load(Ordering::Relaxed)
    }

    pub(super) fn now(&self) -> Duration {
        self.clock.now()
    }

    pub(super) fn decrypt_revoked_at(&self) -> Option<Duration> {
        lock(&self.write).decrypt_revoked_at()
    }

    /// Whether the next probe is due soon; a probe that begins settles what traffic complained of.
    pub(crate) fn is_troubled(&self) -> bool {
        self.woken.load(Ordering::Relaxed) || lock(&self.write).is_troubled() || self.is_failed_over(&self.write_key)
    }

    pub(super) fn probe_begins(&self) {
        self.woken.store(false, Ordering::Relaxed);
    }

    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Lets the prober look at its clock, which was moved.
    #[cfg(test)]
    pub(crate) fn clock_moved(&self) {
        self.wake.notify_one();
    }

    pub(super) fn take_flushes(&self) -> Vec<Box<str>> {
        std::mem::take(&mut lock(&self.to_flush))
    }

    pub(super) fn flushed(&self) {
        self.flushes.fetch_add(1, Ordering::Relaxed);
    }
}

/// What these locks guard is whole after each statement, so a panic elsewhere leaves nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
