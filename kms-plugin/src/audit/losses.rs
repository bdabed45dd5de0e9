//! Lines that could not be kept.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// Losses since the start, and those that no line has told yet.
#[derive(Debug, Default)]
pub(super) struct Losses {
    total: AtomicU64,
    untold: Mutex<Option<Gap>>,
}

/// Losses in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    pub(super) count: u64,
    pub(super) since: SystemTime,
    pub(super) last: SystemTime,
}

impl Losses {
    pub(super) fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// `count` lines of `time` are lost.
    pub(super) fn count(&self, count: u64, time: SystemTime) {
        self.total.fetch_add(count, Ordering::Relaxed);
        let begins = self.merge(Gap { count, since: time, last: time });
        if begins {
            tracing::error!("audit lines are being lost: the file cannot be written, or not fast enough");
        }
    }

    /// What is to be told; it counts as told.
    pub(super) fn take(&self) -> Option<Gap> {
        self.untold.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// It could not be told after all.
    pub(super) fn put_back(&self, gap: Gap) {
        self.merge(gap);
    }

    /// Whether this is the first of a row.
    fn merge(&self, gap: Gap) -> bool {
        let mut untold = self.untold.lock().unwrap_or_else(PoisonError::into_inner);
        let begins = untold.is_none();
        *untold = Some(untold.map_or(gap, |old| Gap {
            count: old.count + gap.count,
            since: old.since.min(gap.since),
            last: old.last.max(gap.last),
        }));
        begins
    }
}
