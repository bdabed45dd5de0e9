//! How often a KEK may still be used, and how much of that is reserved in the state file.
//!
//! The file says a number that the uses never pass: a block is reserved there before its first use. So a plugin that was
//! killed goes on from the end of its last block, and the limit holds over all its lives.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Uses that are reserved at once. A restart gives up the rest of its block: 128 restarts reach the default
/// `renewAfterUses`. The file is written once for so many writes.
pub(super) const BLOCK: u64 = 1 << 14;

/// Why there is no use left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spent {
    /// The block in the state file is used up; another can be reserved.
    Reservation,
    /// The limit is reached.
    Limit,
}

/// The uses of one KEK.
pub(super) struct Uses(Mutex<Inner>);

struct Inner {
    /// The number of the next use, and the first one that is not reserved.
    open: Range<u64>,
    /// Whether the state file says `open.end`. A KEK that is not in the file is not found by the next start, and so
    /// needs no reservation.
    recorded: bool,
}

impl Uses {
    /// Of a KEK that no state file knows as one to write under.
    pub(super) fn unrecorded() -> Self {
        Self(Mutex::new(Inner { open: 0..u64::MAX, recorded: false }))
    }

    /// Of a KEK that the state file says has `reserved` uses, of which any may have happened.
    pub(super) fn recorded(reserved: u64) -> Self {
        Self(Mutex::new(Inner { open: reserved..reserved, recorded: true }))
    }

    /// Counts one use, of at most `max` in all.
    pub(super) fn take(&self, max: u64) -> Result<(), Spent> {
        let mut inner = self.lock();
        if inner.open.start >= max {
            return Err(Spent::Limit);
        }
        if inner.open.is_empty() {
            return Err(Spent::Reservation);
        }
        inner.open.start += 1;
        Ok(())
    }

    /// Uses so far.
    pub(super) fn count(&self) -> u64 {
        self.lock().open.start
    }

    /// Whether what is reserved is used up.
    pub(super) fn is_unreserved(&self) -> bool {
        self.lock().open.is_empty()
    }

    /// Whether it is time to reserve another block: half of one is used, or it is in no file yet.
    pub(super) fn wants_reservation(&self) -> bool {
        let inner = self.lock();
        !inner.recorded || inner.open.end - inner.open.start < BLOCK / 2
    }

    /// Begins a reservation: the number from which it must start, at least. Until it has [succeeded](Self::reserved) or
    /// [failed](Self::not_reserved), no use passes what it will say.
    pub(super) fn begin_reservation(&self) -> u64 {
        let mut inner = self.lock();
        if !inner.recorded {
            inner.open.end = inner.open.start.saturating_add(BLOCK);
            return inner.open.start;
        }
        inner.open.end
    }

    /// `block` is reserved in the file, for us alone.
    pub(super) fn reserved(&self, block: Range<u64>) {
        let mut inner = self.lock();
        inner.recorded = true;
        // Another KeySet of this process may have taken the block between: then the rest of ours is given up.
        if block.start <= inner.open.end { inner.open.end = block.end } else { inner.open = block }
    }

    /// Nothing was reserved; `may_be_recorded` where the file may say so in spite of the error.
    pub(super) fn not_reserved(&self, may_be_recorded: bool) {
        let mut inner = self.lock();
        if !inner.recorded {
            inner.recorded = may_be_recorded;
            inner.open.end = if may_be_recorded { inner.open.end } else { u64::MAX };
        }
    }

    /// The file is gone, so the next start does not go on with this KEK.
    pub(super) fn forgotten(&self) {
        let mut inner = self.lock();
        inner.recorded = false;
        inner.open.end = u64::MAX;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// What happens to a KEK, in any order.
    #[derive(Clone, Copy, Debug)]
    enum Step {
        Use(u16),
        /// A reservation that the disk takes, refuses, or takes without saying so; with uses while it is under way.
        Reserve(Disk, u16),
        /// Another KeySet of the process reserves a block of the same KEK.
        Other,
        /// The file cannot be written, and is removed.
        Remove,
        /// The plugin is killed and starts again.
        Kill,
    }

    #[derive(Clone, Copy, Debug)]
    enum Disk {
        Takes,
        Refuses,
        MayTake(bool),
    }

    fn step() -> impl Strategy<Value = Step> {
        let disk = prop_oneof![Just(Disk::Takes), Just(Disk::Refuses), any::<bool>().prop_map(Disk::MayTake)];
        prop_oneof![
            4 => (0..20_000_u16).prop_map(Step::Use),
            4 => (disk, 0..20_000_u16).prop_map(|(disk, uses)| Step::Reserve(disk, uses)),
            1 => Just(Step::Other),
            1 => Just(Step::Remove),
            2 => Just(Step::Kill),
        ]
    }

    proptest! {
        /// Whenever the plugin is killed, the file says at least as many uses as there were, or nothing.
        #[test]
        fn the_file_never_understates(steps in vec(step(), 1..30), max in 50_000..200_000_u64) {
            let (mut uses, mut file, mut happened, mut by_others) = (Uses::unrecorded(), None::<u64>, 0_u64, 0);
            let take = |uses: &Uses, count: u16| (0..count).filter(|_| uses.take(max).is_ok()).count() as u64;
            for step in steps {
                match step {
                    Step::Use(count) => happened += take(&uses, count),
                    Step::Reserve(disk, count) => {
                        let start = uses.begin_reservation().max(file.unwrap_or(0));
                        happened += take(&uses, count);
                        if matches!(disk, Disk::Takes | Disk::MayTake(true)) {
                            file = Some(start + BLOCK);
                        }
                        match disk {
                            Disk::Takes => uses.reserved(start..start + BLOCK),
                            Disk::Refuses => uses.not_reserved(false),
                            Disk::MayTake(_) => uses.not_reserved(true),
                        }
                    }
                    // Counted as used at once, for who reserved it may use it at any time.
                    Step::Other => {
                        if let Some(reserved) = &mut file {
                            *reserved += BLOCK;
                            by_others += BLOCK;
                        }
                    }
                    Step::Remove => {
                        // What another one has reserved is then in no file: it is about to end, after a reload.
                        (file, by_others) = (None, 0);
                        uses.forgotten();
                    }
                    Step::Kill => match file {
                        Some(reserved) => uses = Uses::recorded(reserved),
                        // The next start makes a KEK of its own.
                        None => (uses, happened, by_others) = (Uses::unrecorded(), 0, 0),
                    },
                }
                let all = happened + by_others;
                prop_assert!(file.is_none_or(|reserved| all <= reserved), "{all} uses, the file says {file:?}");
            }
        }
    }

    #[test]
    fn no_use_passes_what_the_file_says() {
        let uses = Uses::recorded(100);
        assert_eq!(uses.take(u64::MAX), Err(Spent::Reservation));
        assert_eq!(uses.begin_reservation(), 100);
        uses.reserved(100..103);
        for used in 101..=103 {
            uses.take(u64::MAX).unwrap();
            assert_eq!(uses.count(), used);
        }
        assert_eq!(uses.take(u64::MAX), Err(Spent::Reservation));
        uses.not_reserved(false);
        assert_eq!(uses.take(u64::MAX), Err(Spent::Reservation), "the file still says 103");
    }

    #[test]
    fn a_block_that_another_took_between_is_stepped_over() {
        let uses = Uses::recorded(0);
        uses.reserved(0..10);
        uses.take(u64::MAX).unwrap();
        uses.reserved(30..40);
        uses.take(u64::MAX).unwrap();
        assert_eq!(uses.count(), 31);
    }

    #[test]
    fn a_kek_in_no_file_is_bounded_while_one_is_written() {
        let uses = Uses::unrecorded();
        (0..5).for_each(|_| uses.take(u64::MAX).unwrap());
        assert_eq!(uses.begin_reservation(), 5);
        (0..BLOCK).for_each(|_| uses.take(u64::MAX).unwrap());
        assert_eq!(uses.take(u64::MAX), Err(Spent::Reservation));
        uses.not_reserved(false);
        uses.take(u64::MAX).unwrap();
        assert_eq!(uses.begin_reservation(), 5 + BLOCK + 1);
        uses.not_reserved(true);
        (0..BLOCK).for_each(|_| uses.take(u64::MAX).unwrap());
        assert_eq!(uses.take(u64::MAX), Err(Spent::Reservation), "the file may say so");
    }

    #[test]
    fn the_limit_is_exact() {
        let uses = Uses::unrecorded();
        (0..3).for_each(|_| uses.take(3).unwrap());
        assert_eq!(uses.take(3), Err(Spent::Limit));
        assert_eq!(uses.count(), 3);
    }
}
