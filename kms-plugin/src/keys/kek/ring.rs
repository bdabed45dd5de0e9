//! The KEKs that are known, for reading: in memory, or one call to KMS away.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use sealkit_aws::FaultClass;
use sealkit_envelope::SecretKey;
use sealkit_envelope::cache::{Coalescing, Limits, Origin as ServedBy, Spawner};
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};

use super::form::{FormError, KekId, Sealed};
use super::roll::{Counts, Pending, Roll};
use super::writer::Writer;
use super::{Kek, Upstream};
use crate::keys::service::{Call, Origin};
use crate::keys::state::{State, StateFile};
use crate::keys::unwraps::LoadFailed;
use crate::keys::{Malformed, Observer, Refusal, Request, Source, StateFileHealth};

/// How many KEKs are unwrapped at a time where nobody waits for them.
const AT_ONCE: usize = 4;

/// How long the plugin waits for KMS where nobody waits for the plugin.
pub(super) const UPKEEP_TIME: Duration = Duration::from_secs(10);

/// Wakes the upkeep.
#[derive(Default)]
pub(super) struct Wake {
    /// There is something to do.
    pub(super) work: Notify,
    /// KMS answers: the back-off is over.
    pub(super) kms_answers: Notify,
}

/// The KEKs that are known.
pub(super) struct Ring {
    upstream: Arc<dyn Upstream>,
    observer: Arc<dyn Observer>,
    state: Option<Arc<StateFile>>,
    roll: Mutex<Roll>,
    /// Loads under way. It stores nothing: what is loaded is in the roll before the load ends.
    loads: Coalescing<KekId, Arc<Kek>, LoadFailed>,
    pub(super) wake: Arc<Wake>,
    /// The KEK that writes, which is not forgotten to make room.
    writing: Mutex<Option<KekId>>,
}

impl Ring {
    /// With the KEKs of the state file that are under configured keys, to be unwrapped.
    pub(super) fn new(upstream: Arc<dyn Upstream>, observer: Arc<dyn Observer>, state: Option<Arc<StateFile>>) -> Self {
        let mut roll = Roll::new();
        let known = state.as_ref().map(|file| file.state().keks).unwrap_or_default();
        known
            .iter()
            .rev()
            .filter(|record| upstream.by_name(&record.key).is_some())
            .for_each(|record| roll.expect(record));
        let limits = Limits { max_entries: 0, max_age: None, max_uses: None, max_bytes: None };
        let spawner: Spawner = Arc::new(|load| drop(tokio::spawn(load)));
        Self {
            upstream,
            observer,
            state,
            roll: Mutex::new(roll),
            loads: Coalescing::new(limits).with_spawner(spawner),
            wake: Arc::default(),
            writing: Mutex::new(None),
        }
    }

    /// The KEK of `sealed`: from memory, from a call under way, or from one of our own.
    ///
    /// # Errors
    ///
    /// If it is not in memory, and KMS does not answer in time, or refuses.
    pub(super) async fn kek(
        self: &Arc<Self>,
        request: &Request<'_>,
        sealed: &Sealed<'_>,
        hint: Option<usize>,
    ) -> Result<Arc<Kek>, Refusal> {
        if let Some(kek) = self.roll().get(&sealed.kek_id) {
            self.tell(request, &kek);
            return Ok(kek);
        }
        let source = Source::Traffic(request.api);
        loop {
            let load = self.load(source, request.uid, request.deadline, sealed.wrapped_kek, hint);
            match timeout_at(request.deadline, self.loads.get_or_load(sealed.kek_id, 0, load)).await {
                Err(_) => return Err(Refusal::Deadline),
                Ok(Ok(served)) => {
                    if served.origin != ServedBy::Loaded {
                        self.tell(request, &served.value);
                    }
                    return Ok(Arc::clone(&served.value));
                }
                // It was another's load, which had less time than there is.
                Ok(Err(failed)) if failed.leaves_time(request.deadline) => {}
                Ok(Err(failed)) => return Err(failed.refusal),
            }
        }
    }

    /// Keeps a KEK that was just made, unless there was a flush since `epoch`.
    pub(super) fn put(&self, kek: &Arc<Kek>, epoch: u64) {
        let keep = *self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.roll().put(kek, self.upstream.name(kek.index), epoch, keep);
        self.wake.work.notify_one();
    }

    /// Takes over the KEKs of `before` that are in memory, under the keys that are configured now.
    pub(super) fn adopt(&self, before: &Self, index_now: impl Fn(&Origin, usize) -> Option<usize>) {
        let keks = before.roll().unwrapped();
        let mut roll = self.roll();
        let epoch = roll.epoch;
        for kek in keks.iter().rev() {
            if let Some(index) = index_now(&kek.origin, kek.index) {
                roll.put(&Arc::new(kek.at(index)), self.upstream.name(index), epoch, None);
            }
        }
    }

    /// Never forgets the KEK that writes.
    pub(super) fn set_writing(&self, kek_id: Option<KekId>) {
        *self.writing.lock().unwrap_or_else(PoisonError::into_inner) = kek_id;
    }

    /// Flushes so far.
    pub(super) fn epoch(&self) -> u64 {
        self.roll().epoch
    }

    /// Drops the KEKs whose origin fulfils `condition`, that of the writer too; says how many.
    pub(super) fn flush(&self, mut condition: impl FnMut(&Origin) -> bool, writer: Option<&Writer>) -> usize {
        let flushed = self.roll().flush(&mut condition, Instant::now());
        if let Some(writer) = writer {
            writer.flush(condition);
        }
        // Loads under way answer those who wait; none joins them any more.
        self.loads.clear();
        flushed
    }

    /// Unwraps one KEK for ourselves.
    ///
    /// # Errors
    ///
    /// As KMS answers.
    pub(super) async fn unwrap(
        self: &Arc<Self>,
        kek_id: KekId,
        wrapped: &[u8],
        key: &str,
    ) -> Result<Arc<Kek>, Refusal> {
        if let Some(kek) = self.roll().get(&kek_id) {
            return Ok(kek);
        }
        let deadline = Instant::now() + UPKEEP_TIME;
        let load = self.load(Source::Upkeep, None, deadline, wrapped, self.upstream.by_name(key));
        match self.loads.get_or_load(kek_id, 0, load).await {
            Ok(served) => Ok(Arc::clone(&served.value)),
            Err(failed) => Err(failed.refusal),
        }
    }

    /// Unwraps what waits for KMS. True if nothing is left to be asked for at present.
    pub(super) async fn unwrap_pending(self: &Arc<Self>) -> bool {
        let pending = self.roll().pending(Instant::now());
        let mut answers = stream::iter(pending)
            .map(|Pending { kek_id, wrapped, key }| async move {
                (kek_id, self.unwrap(kek_id, &wrapped, &key).await.map(drop))
            })
            .buffer_unordered(AT_ONCE);
        while let Some((kek_id, answer)) = answers.next().await {
            match answer {
                Ok(()) => {}
                // The others would fare no better now.
                Err(refusal) if !is_refused(&refusal) => return false,
                Err(refusal) => {
                    let class = refusal.fault_class();
                    tracing::warn!(%kek_id, error = %refusal, "a KEK of the state file cannot be unwrapped");
                    let forever = matches!(class, None | Some(FaultClass::Refused | FaultClass::Absent));
                    self.roll().refused(&kek_id, forever, Instant::now());
                }
            }
        }
        true
    }

    /// Writes what is known into the state file, if that knows less. True if it did, or need not.
    pub(super) async fn save(self: &Arc<Self>) -> bool {
        let Some(state) = &self.state else { return true };
        let (records, refused) = {
            let mut roll = self.roll();
            if !roll.is_news {
                return true;
            }
            roll.is_news = false;
            (roll.records(), roll.refused.clone())
        };
        let state = Arc::clone(state);
        let forgotten = refused.len();
        let change = move |state: &mut State| {
            state.forget(&refused);
            state.remember(records);
        };
        let saved = spawn_blocking(move || state.update(change).is_ok()).await.unwrap_or(false);
        let mut roll = self.roll();
        if saved {
            roll.refused.drain(..forgotten);
        }
        roll.is_news |= !saved;
        saved
    }

    pub(super) fn counts(&self) -> Counts {
        self.roll().counts()
    }

    pub(super) fn state_health(&self) -> StateFileHealth {
        self.state.as_ref().map_or(StateFileHealth::NotConfigured, |state| state.health())
    }

    fn load(
        self: &Arc<Self>,
        source: Source,
        uid: Option<&str>,
        deadline: Instant,
        wrapped: &[u8],
        hint: Option<usize>,
    ) -> impl FnOnce() -> futures_util::future::BoxFuture<'static, Result<Arc<Kek>, LoadFailed>> + Send + 'static {
        let (ring, wrapped, uid) = (Arc::clone(self), wrapped.to_vec(), uid.map(str::to_owned));
        move || {
            Box::pin(async move {
                let epoch = ring.epoch();
                let call = Call { source, uid: uid.as_deref(), deadline };
                let unwrapped = ring.upstream.unwrap(call, &wrapped, hint).await;
                let (unwrapped, index) = unwrapped.map_err(|refusal| LoadFailed { refusal, deadline })?;
                let found = unwrapped.plaintext.expose_secret();
                let key = SecretKey::from_slice(found).ok_or_else(|| {
                    let refusal = Malformed::from(FormError::NotAKek { length: found.len() }).into();
                    LoadFailed { refusal, deadline }
                })?;
                let kek = Arc::new(Kek::new(key, &wrapped, unwrapped.origin, index));
                ring.put(&kek, epoch);
                Ok(kek)
            })
        }
    }

    fn tell(&self, request: &Request<'_>, kek: &Kek) {
        self.observer.served_from_memory(request.api, &kek.origin.arn, kek.origin.request_id.as_deref());
    }

    /// Tells of a use of the KEK that writes.
    pub(super) fn tell_encrypted(&self, request: &Request<'_>, kek: &Kek) {
        self.observer.encrypted_in_memory(request.api, &kek.origin.arn, kek.origin.request_id.as_deref());
    }

    fn roll(&self) -> MutexGuard<'_, Roll> {
        // Every change is complete before the lock is left.
        self.roll.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether KMS answered about this KEK or its key. Expired credentials, say, are about neither.
pub(super) fn is_refused(refusal: &Refusal) -> bool {
    use FaultClass::{Absent, Denied, Refused, Revoked};
    matches!(refusal.fault_class(), Some(Absent | Denied | Refused | Revoked))
        || matches!(refusal, Refusal::Malformed(_) | Refusal::Internal(_))
}
