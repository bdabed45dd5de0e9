//! How many distinct things were seen lately.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sealkit_envelope::cache::Clock;

/// How long one generation is counted in; what is told is the larger of the present and the last one.
const GENERATION: Duration = Duration::from_secs(60 * 60);

/// The most that is counted (in 300 KiB): far beyond where the number means trouble.
const MOST: usize = 28_000;

/// Counts distinct ids, each within the last one to two hours.
pub(super) struct Distinct {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Hashes, of which a part suffices.
    present: HashSet<u64>,
    last: usize,
    began: Duration,
}

impl Distinct {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let state = State { began: clock.now(), ..State::default() };
        Self { clock, state: Mutex::new(state) }
    }

    /// Counts what has this hash.
    pub(super) fn note(&self, hash: &[u8; 32]) {
        let part = hash.first_chunk().copied().map_or(0, u64::from_ne_bytes);
        self.with_state(|state| {
            if state.present.len() < MOST {
                state.present.insert(part);
            }
        });
    }

    /// How many there were.
    pub(super) fn count(&self) -> usize {
        self.with_state(|state| state.present.len().max(state.last))
    }

    fn with_state<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        let now = self.clock.now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let age = now.saturating_sub(state.began);
        if age >= GENERATION {
            // After two, the last one is over as well.
            state.last = if age < 2 * GENERATION { state.present.len() } else { 0 };
            state.present = HashSet::new();
            state.began = now;
        }
        work(&mut state)
    }
}

#[cfg(test)]
mod tests {
    use sealkit_envelope::cache::ManualClock;

    use super::*;

    #[test]
    fn each_is_counted_once_and_forgotten_after_two_hours() {
        let clock = Arc::new(ManualClock::default());
        let seen = Distinct::new(Arc::clone(&clock) as Arc<dyn Clock>);
        for id in [1, 2, 2, 3] {
            seen.note(&[id; 32]);
        }
        assert_eq!(seen.count(), 3);
        clock.advance(GENERATION);
        seen.note(&[1; 32]);
        assert_eq!(seen.count(), 3, "the last hour's");
        clock.advance(GENERATION);
        assert_eq!(seen.count(), 1);
        clock.advance(3 * GENERATION);
        assert_eq!(seen.count(), 0);
    }
}
