//! The KEK that writes: its limits, and the uses that are reserved for it in the state file.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::spawn_blocking;

use super::uses::{BLOCK, Spent, Uses};
use super::{Kek, WritingKek};
use crate::keys::LocalKekSettings;
use crate::keys::state::{KekRecord, State, StateFile};

/// A KEK made later than this by the clock, in seconds, was made by a clock that was wrong: how old it is nobody knows, so
/// it is renewed. Less is the clock being set.
const FUTURE: u64 = 60 * 60;

/// A KEK, and how it is used for writing.
pub(super) struct InUse {
    pub(super) kek: Arc<Kek>,
    /// When it was made, in seconds since 1970.
    created: u64,
    uses: Uses,
    /// Whether it is not to be written under any more.
    is_left: AtomicBool,
    /// Whether the state file could be neither written nor removed when a write needed more than is reserved.
    is_refused: AtomicBool,
    /// One reservation at a time: each is for the block after the last.
    reserving: Arc<tokio::sync::Mutex<()>>,
}

impl InUse {
    /// A KEK that was made at `created`, in seconds since 1970.
    pub(super) fn new(kek: Arc<Kek>, created: u64, uses: Uses) -> Arc<Self> {
        let (is_left, is_refused, reserving) = (AtomicBool::new(false), AtomicBool::new(false), Arc::default());
        Arc::new(Self { kek, created, uses, is_left, is_refused, reserving })
    }

    /// Counts one use.
    ///
    /// # Errors
    ///
    /// If a hard limit is reached, or what is reserved is used up.
    pub(super) fn count_use(&self, now: u64, settings: &LocalKekSettings) -> Result<(), Spent> {
        if self.is_left() || age(self.created, now) >= settings.max_age.as_secs() {
            return Err(Spent::Limit);
        }
        self.uses.take(settings.max_uses)
    }

    /// Whether its hard limits allow another use.
    pub(super) fn is_in_limits(&self, now: u64, settings: &LocalKekSettings) -> bool {
        !self.is_left() && age(self.created, now) < settings.max_age.as_secs() && self.uses.count() < settings.max_uses
    }

    /// Whether its soft limits ask for another KEK.
    pub(super) fn wants_renewal(&self, now: u64, settings: &LocalKekSettings) -> bool {
        age(self.created, now) >= settings.renew_after.as_secs()
            || self.uses.count() >= settings.renew_after_uses
            || self.created > now.saturating_add(FUTURE)
    }

    /// Whether it needs a reservation that the state file does not give.
    pub(super) fn is_stuck(&self) -> bool {
        self.is_refused.load(Ordering::Relaxed) && self.uses.is_unreserved()
    }

    /// Whether it is time to reserve more.
    pub(super) fn wants_reservation(&self) -> bool {
        self.uses.wants_reservation()
    }

    /// Writes no more under it.
    pub(super) fn leave(&self) {
        self.is_left.store(true, Ordering::Relaxed);
    }

    pub(super) fn statistics(&self, now: u64) -> WritingKek {
        WritingKek { age_seconds: age(self.created, now), uses: self.uses.count() }
    }

    /// Reserves the next block in the state file; `key` is the configured name of the write key. True if there are uses
    /// reserved now.
    pub(super) async fn reserve(self: &Arc<Self>, file: Arc<StateFile>, key: Arc<str>) -> bool {
        // The turn goes with the work: who waits for it may give up, and it must not run beside the next.
        let turn = Arc::clone(&self.reserving).lock_owned().await;
        if !self.wants_reservation() {
            return true;
        }
        let in_use = Arc::clone(self);
        let reserved = spawn_blocking(move || {
            let reserved = in_use.reserve_now(&file, &key);
            drop(turn);
            reserved
        });
        reserved.await.unwrap_or(false)
    }

    fn reserve_now(&self, file: &StateFile, key: &str) -> bool {
        let record = KekRecord { wrapped: self.kek.wrapped.to_vec(), key: key.to_owned(), writing: None };
        let at_least = self.uses.begin_reservation();
        match file.update(|state: &mut State| state.reserve(&record, self.created, at_least, BLOCK)) {
            Ok(block) => {
                self.uses.reserved(block);
                true
            }
            Err(error) => {
                self.uses.not_reserved(error.may_be_written());
                false
            }
        }
    }

    /// Goes on without the state file, where more uses are needed than it says and it cannot be written: it is removed,
    /// so that the next start makes a KEK of its own. False if it cannot be removed either.
    pub(super) async fn do_without(&self, file: Arc<StateFile>) -> bool {
        let removed = spawn_blocking(move || file.remove()).await.unwrap_or(false);
        if removed {
            tracing::warn!("the state file cannot be written, and is removed, so that writes go on");
            self.uses.forgotten();
        }
        self.is_refused.store(!removed, Ordering::Relaxed);
        removed
    }

    fn is_left(&self) -> bool {
        self.is_left.load(Ordering::Relaxed)
    }
}

/// Seconds from `created` to `now`; none where the clock was set back.
pub(super) fn age(created: u64, now: u64) -> u64 {
    now.saturating_sub(created)
}
