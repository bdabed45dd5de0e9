//! What the calls of a socket hold in memory, and what a connection has not taken yet.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// What each call costs beside its message: the stream, its task, what the handler keeps.
const CALL: usize = 4 * 1024;

/// A call's part of its socket's memory, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    budget: Arc<Semaphore>,
    taken: OwnedSemaphorePermit,
}

impl Share {
    /// The part of a call whose message is empty so far; `None` if nothing is left.
    pub(super) fn of(budget: &Arc<Semaphore>) -> Option<Self> {
        let taken = take(budget, CALL)?;
        Some(Self { budget: Arc::clone(budget), taken })
    }

    /// Makes it large enough for a message of `bytes`, if so much is left.
    pub(super) fn cover(&mut self, bytes: usize) -> bool {
        let more = (CALL + bytes).saturating_sub(self.taken.num_permits());
        if more == 0 {
            return true;
        }
        take(&self.budget, more).map(|more| self.taken.merge(more)).is_some()
    }
}

fn take(budget: &Arc<Semaphore>, bytes: usize) -> Option<OwnedSemaphorePermit> {
    Arc::clone(budget).try_acquire_many_owned(u32::try_from(bytes).ok()?).ok()
}

/// The answers that a connection was given and has not taken, by their order: since when.
#[derive(Debug, Default)]
pub(super) struct Untaken(Mutex<(u64, BTreeMap<u64, Instant>)>);

impl Untaken {
    fn lock(&self) -> MutexGuard<'_, (u64, BTreeMap<u64, Instant>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self) -> u64 {
        let mut all = self.lock();
        all.0 += 1;
        let number = all.0;
        all.1.insert(number, Instant::now());
        number
    }

    /// Whether an answer has been waiting for longer than that.
    pub(super) fn longer_than(&self, bound: Duration) -> bool {
        self.lock().1.first_key_value().is_some_and(|(_, since)| since.elapsed() > bound)
    }
}

/// The bytes of an answer, which HTTP/2 drops as it writes them to the socket; until then what the call takes is its.
pub(super) struct Held<P> {
    bytes: Vec<u8>,
    number: u64,
    untaken: Arc<Untaken>,
    _permits: P,
}

impl<P> Held<P> {
    pub(super) fn new(bytes: Vec<u8>, untaken: Arc<Untaken>, permits: P) -> Self {
        Self { bytes, number: untaken.enter(), untaken, _permits: permits }
    }
}

impl<P> AsRef<[u8]> for Held<P> {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl<P> Drop for Held<P> {
    fn drop(&mut self) {
        self.untaken.lock().1.remove(&self.number);
    }
}
