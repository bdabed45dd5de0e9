//! Which KEK writes, and where the next one comes from.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use arc_swap::ArcSwapOption;
use sealkit_aws::FaultClass;
use sealkit_envelope::cache::{Coalescing, Limits, Spawner};
use tokio::time::{Instant, timeout_at};

use super::clock::WallClock;
use super::form::KekId;
use super::in_use::{InUse, age};
use super::ring::{Ring, is_refused};
use super::uses::{Spent, Uses};
use super::{Gate, Kek, Upstream, WritingKek};
use crate::keys::service::{Call, Origin};
use crate::keys::state::StateFile;
use crate::keys::unwraps::LoadFailed;
use crate::keys::{LocalKekSettings, Refusal, Source};

/// The KEK that writes, and where the next one comes from.
pub(super) struct Writer {
    settings: LocalKekSettings,
    ring: Arc<Ring>,
    upstream: Arc<dyn Upstream>,
    state: Option<Arc<StateFile>>,
    clock: Arc<dyn WallClock>,
    gate: OnceLock<Arc<dyn Gate>>,
    in_use: ArcSwapOption<InUse>,
    /// The KEK of the state file to go on with, until it is unwrapped or another one is made.
    resume: Mutex<Option<Resume>>,
    /// KEKs being made; it stores nothing.
    makes: Coalescing<(), (), LoadFailed>,
    /// Whether the upkeep was woken since it last looked.
    woken: AtomicBool,
    failures: AtomicU32,
    last_refusal: Mutex<Option<Refusal>>,
}

/// The KEK of the state file.
#[derive(Clone)]
struct Resume {
    wrapped: Vec<u8>,
    key: String,
    created: u64,
    reserved_uses: u64,
}

impl Writer {
    pub(super) fn new(
        settings: LocalKekSettings,
        ring: Arc<Ring>,
        upstream: Arc<dyn Upstream>,
        state: Option<Arc<StateFile>>,
        clock: Arc<dyn WallClock>,
    ) -> Self {
        let known = state.as_ref().map(|file| file.state()).unwrap_or_default();
        let resume = known.writing().map(|(record, writing)| Resume {
            wrapped: record.wrapped.clone(),
            key: record.key.clone(),
            created: writing.created,
            reserved_uses: writing.reserved_uses,
        });
        // Under the write key and within the hard limits; one past the soft ones goes on until it is renewed.
        let now = clock.unix_seconds();
        let resume = resume.filter(|resume| {
            upstream.by_name(&resume.key) == Some(0)
                && age(resume.created, now) < settings.max_age.as_secs()
                && resume.reserved_uses < settings.max_uses
        });
        let limits = Limits { max_entries: 0, max_age: None, max_uses: None, max_bytes: None };
        let spawner: Spawner = Arc::new(|load| drop(tokio::spawn(load)));
        Self {
            settings,
            ring,
            upstream,
            state,
            clock,
            gate: OnceLock::new(),
            in_use: ArcSwapOption::empty(),
            resume: Mutex::new(resume),
            makes: Coalescing::new(limits).with_spawner(spawner),
            woken: AtomicBool::new(false),
            failures: AtomicU32::new(0),
            last_refusal: Mutex::default(),
        }
    }

    /// Lets `gate` decide which KEKs are written under.
    pub(super) fn set_gate(&self, gate: Arc<dyn Gate>) {
        let _ = self.gate.set(gate);
    }

    /// Goes on with the KEK of `before`, and shares its count with it, if that is under the write key as it is now.
    pub(super) fn adopt(&self, before: &Self, index_now: impl Fn(&Origin, usize) -> Option<usize>) {
        let Some(in_use) = before.in_use.load_full() else { return };
        if index_now(&in_use.kek.origin, in_use.kek.index) == Some(0) {
            self.install(in_use, self.ring.epoch());
        }
    }

    /// The KEK to write under once. Where there is none in its limits, one is asked for: whoever comes meanwhile waits
    /// for the same call.
    ///
    /// # Errors
    ///
    /// If there is none, and KMS does not answer in time, or refuses.
    pub(super) async fn take(self: &Arc<Self>, deadline: Instant) -> Result<Arc<Kek>, Refusal> {
        // A KEK that was just made may be spent by others before we get to it, though hardly twice.
        for _ in 0..4 {
            if let Some(in_use) = self.in_use.load_full() {
                match in_use.count_use(self.now(), &self.settings) {
                    Ok(()) => {
                        self.look_ahead(&in_use);
                        return Ok(Arc::clone(&in_use.kek));
                    }
                    Err(Spent::Reservation) => {
                        let reserved = timeout_at(deadline, self.reserve(&in_use)).await;
                        if reserved.map_err(|_| Refusal::Deadline)? {
                            continue;
                        }
                    }
                    Err(Spent::Limit) => {}
                }
            }
            self.make(deadline).await?;
        }
        Err(Refusal::Internal("each local KEK that is made is spent at once: its limits are too low"))
    }

    /// Writes no more under the KEK `kek_id`, and makes another where there is none yet.
    ///
    /// # Errors
    ///
    /// If KMS does not answer in time, or refuses.
    pub(super) async fn replace(self: &Arc<Self>, kek_id: KekId, deadline: Instant) -> Result<(), Refusal> {
        if let Some(in_use) = self.in_use.load().as_ref().filter(|in_use| in_use.kek.kek_id == kek_id) {
            in_use.leave();
        }
        self.make(deadline).await
    }

    /// Whether a write needs no KMS now.
    pub(super) fn can_write(&self) -> bool {
        self.in_use
            .load()
            .as_ref()
            .is_some_and(|in_use| in_use.is_in_limits(self.now(), &self.settings) && !in_use.is_stuck())
    }

    /// Whether another KEK is to be made while this one goes on, or there is none.
    pub(super) fn is_due(&self) -> bool {
        self.is_over() || self.wants_other_material()
    }

    fn wants_other_material(&self) -> bool {
        self.gate.get().is_some_and(|gate| gate.wants_another())
    }

    /// Whether the KEK in use has reached a limit, or there is none.
    fn is_over(&self) -> bool {
        let (now, settings) = (self.now(), &self.settings);
        self.in_use.load().as_ref().is_none_or(|in_use| {
            in_use.wants_renewal(now, settings) || !in_use.is_in_limits(now, settings) || in_use.is_stuck()
        })
    }

    fn now(&self) -> u64 {
        self.clock.unix_seconds()
    }

    /// Drops the KEK that writes if its origin fulfils `condition`.
    pub(super) fn flush(&self, mut condition: impl FnMut(&Origin) -> bool) {
        // A make under way is not joined any more, and by the ring's epoch not installed.
        self.makes.clear();
        let _no_install = self.resume();
        if self.in_use.load().as_ref().is_some_and(|in_use| condition(&in_use.kek.origin)) {
            self.in_use.store(None);
            self.ring.set_writing(None);
            self.wake();
        }
    }

    pub(super) fn statistics(&self) -> Option<WritingKek> {
        self.in_use.load().as_ref().map(|in_use| in_use.statistics(self.now()))
    }

    pub(super) fn failures(&self) -> u32 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Reserves uses ahead, where half of the last block is used. False if the state file does not take it.
    pub(super) async fn reserve_ahead(&self) -> bool {
        let (Some(in_use), Some(state)) = (self.in_use.load_full(), &self.state) else { return true };
        !in_use.wants_reservation() || in_use.reserve(Arc::clone(state), self.upstream.name(0)).await
    }

    /// From now on a use past a limit wakes the upkeep again.
    pub(super) fn looked(&self) {
        self.woken.store(false, Ordering::Relaxed);
    }

    /// Goes on with the KEK of the state file, or makes one, and writes under it; where the one in use is not due, it
    /// stays. One call at a time, however many ask.
    ///
    /// # Errors
    ///
    /// If KMS does not answer in time, or refuses.
    pub(super) async fn make(self: &Arc<Self>, deadline: Instant) -> Result<(), Refusal> {
        loop {
            let writer = Arc::clone(self);
            let load = move || async move {
                let made = writer.make_now(deadline).await;
                writer.note(&made);
                made.map_err(|refusal| LoadFailed { refusal, deadline })
            };
            match timeout_at(deadline, self.makes.get_or_load((), 0, load)).await {
                // The call has more time than we; why there is no KEK is known from the last one.
                Err(_) => return Err(self.last_refusal().clone().unwrap_or(Refusal::Deadline)),
                Ok(Ok(_)) => return Ok(()),
                // It was another's call, which had less time than there is.
                Ok(Err(failed)) if failed.leaves_time(deadline) => {}
                Ok(Err(failed)) => return Err(failed.refusal),
            }
        }
    }

    async fn make_now(self: &Arc<Self>, deadline: Instant) -> Result<(), Refusal> {
        if !self.is_due() {
            return Ok(());
        }
        let epoch = self.ring.epoch();
        let resume = self.resume().clone();
        if let Some(resume) = resume {
            match self.ring.unwrap(KekId::of(&resume.wrapped), &resume.wrapped, &resume.key).await {
                // Another key than the write key opens it: its context, or what its name stands for, has changed.
                Ok(kek) if kek.index != 0 => *self.resume() = None,
                // What it is under is not announced any more.
                Ok(kek) if !self.admits(&kek, deadline).await? => *self.resume() = None,
                Ok(kek) => {
                    let uses = Uses::recorded(resume.reserved_uses);
                    self.install(InUse::new(kek, resume.created, uses), epoch);
                    return Ok(());
                }
                Err(refusal) if !is_refused(&refusal) => return Err(refusal),
                Err(refusal) if refusal.fault_class() == Some(FaultClass::Refused) => *self.resume() = None,
                Err(_) => {}
            }
        }
        let made = self.upstream.generate(Call { source: Source::Upkeep, uid: None, deadline }).await?;
        let kek = Arc::new(Kek::new(made.key, &made.blob, made.origin, 0));
        let is_no_other = !self.is_over()
            && self.in_use.load().as_ref().is_some_and(|in_use| {
                let was = &in_use.kek.origin;
                (&was.arn, &was.key_material) == (&kek.origin.arn, &kek.origin.key_material)
            });
        if is_no_other || !self.admits(&kek, deadline).await? {
            // KMS shows a rotation by and by: the next one may be under the material that is wanted.
            return Err(Refusal::StaleMaterial { key: self.upstream.name(0).to_string() });
        }
        tracing::info!(kek_id = %kek.kek_id, key = %self.upstream.name(0), "a local KEK was made");
        self.ring.put(&kek, epoch);
        self.install(InUse::new(kek, self.now(), Uses::unrecorded()), epoch);
        Ok(())
    }

    async fn admits(&self, kek: &Kek, deadline: Instant) -> Result<bool, Refusal> {
        match self.gate.get() {
            Some(gate) => gate.admits(Call { source: Source::Upkeep, uid: None, deadline }, &kek.origin).await,
            None => Ok(true),
        }
    }

    /// Writes under this KEK from now on, unless there was a flush since `epoch`.
    fn install(&self, in_use: Arc<InUse>, epoch: u64) {
        // Held by a flush too, which has then either changed the epoch or finds this KEK.
        let mut resume = self.resume();
        if epoch != self.ring.epoch() {
            return;
        }
        *resume = None;
        self.ring.set_writing(Some(in_use.kek.kek_id));
        self.in_use.store(Some(in_use));
        self.wake();
    }

    /// Wakes the upkeep for what it should do before a write has to wait.
    fn look_ahead(&self, in_use: &InUse) {
        let wants_reservation = || self.state.is_some() && in_use.wants_reservation();
        if in_use.wants_renewal(self.now(), &self.settings) || wants_reservation() {
            self.wake();
        }
    }

    fn wake(&self) {
        // Once until it has looked: in an outage each write would wake it.
        if !self.woken.swap(true, Ordering::Relaxed) {
            self.ring.wake.work.notify_one();
        }
    }

    /// Reserves uses for a write that waits. False where this KEK can write no more.
    async fn reserve(&self, in_use: &Arc<InUse>) -> bool {
        let Some(state) = &self.state else { return false };
        in_use.reserve(Arc::clone(state), self.upstream.name(0)).await || in_use.do_without(Arc::clone(state)).await
    }

    /// Counts failures, and logs the first of several and the end of them.
    fn note(&self, made: &Result<(), Refusal>) {
        let before = match made {
            Ok(()) => self.failures.swap(0, Ordering::Relaxed),
            Err(_) => self.failures.fetch_add(1, Ordering::Relaxed),
        };
        *self.last_refusal() = made.as_ref().err().cloned();
        let can_write = self.can_write();
        match made {
            Ok(()) if before > 0 => tracing::info!(failures = before, "there is a local KEK again"),
            Err(error) if before == 0 && can_write => {
                tracing::warn!(%error, "the local KEK cannot be renewed; it goes on to its hard limits");
            }
            Err(error) if before == 0 => tracing::warn!(%error, "there is no local KEK, and none can be made"),
            _ => {}
        }
    }

    fn last_refusal(&self) -> MutexGuard<'_, Option<Refusal>> {
        self.last_refusal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn resume(&self) -> MutexGuard<'_, Option<Resume>> {
        self.resume.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
