//! How many calls of a key may be under way in one Region: fewer while KMS throttles.
//!
//! KMS throttles a rate, and callers that each retry by themselves only ask more of it: all of them fail, though one
//! after the other they would have been served within their deadlines. So the number is halved by each throttled call and
//! grows by one after as many successes; the callers that are left over wait, in the order in which they came.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

/// Calls under way for one key in one Region. KMS answers in about 10 ms, so this is thousands a second; more at once
/// means that KMS is slow, and queueing there would only make it slower.
const MOST: usize = 64;

pub(super) struct Lanes {
    permits: Semaphore,
    count: Mutex<Count>,
}

struct Count {
    /// How many calls there should be at once.
    wanted: usize,
    /// Permits that exist, taken or not: more than wanted until those that are taken come back.
    open: usize,
    /// Calls since the last change that were not throttled.
    passed: usize,
}

/// A call's place among the others, until it is dropped.
pub(super) struct Lane<'a> {
    lanes: &'a Lanes,
    permit: Option<SemaphorePermit<'a>>,
}

impl Lanes {
    pub(super) fn new() -> Self {
        Self { permits: Semaphore::new(MOST), count: Mutex::new(Count { wanted: MOST, open: MOST, passed: 0 }) }
    }

    /// Waits for a place, for `longest`; none if there was none.
    pub(super) async fn enter(&self, longest: Duration) -> Option<Lane<'_>> {
        // The permits are never closed.
        let permit = timeout(longest, self.permits.acquire()).await.ok()?.ok()?;
        Some(Lane { lanes: self, permit: Some(permit) })
    }

    /// Remembers whether KMS throttled a call.
    pub(super) fn note(&self, was_throttled: bool) {
        let mut count = self.lock();
        if was_throttled {
            count.wanted = (count.wanted / 2).max(1);
            count.passed = 0;
            // Those that are taken go when they come back.
            let spare = count.open.saturating_sub(count.wanted);
            count.open -= self.permits.forget_permits(spare);
            return;
        }
        count.passed += 1;
        if count.passed < count.wanted || count.wanted == MOST {
            return;
        }
        (count.wanted, count.passed) = (count.wanted + 1, 0);
        if count.open < count.wanted {
            count.open += 1;
            self.permits.add_permits(1);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Count> {
        // Numbers alone are under the lock, and each change of them is whole.
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lane<'_> {
    fn drop(&mut self) {
        let mut count = self.lanes.lock();
        if count.open > count.wanted {
            count.open -= 1;
            if let Some(permit) = self.permit.take() {
                permit.forget();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(1);

    async fn all_that_enter(lanes: &Lanes) -> Vec<Lane<'_>> {
        let mut entered = Vec::new();
        while let Some(lane) = lanes.enter(SOON).await {
            entered.push(lane);
        }
        entered
    }

    #[tokio::test(start_paused = true)]
    async fn throttling_halves_them_down_to_one() {
        let lanes = Lanes::new();
        assert_eq!(all_that_enter(&lanes).await.len(), MOST);
        for expected in [32, 16, 8, 4, 2, 1, 1] {
            lanes.note(true);
            assert_eq!(all_that_enter(&lanes).await.len(), expected);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn those_under_way_count_until_they_end() {
        let lanes = Lanes::new();
        let mut under_way = all_that_enter(&lanes).await;
        lanes.note(true);
        under_way.truncate(40);
        assert_eq!(all_that_enter(&lanes).await.len(), 0, "40 are under way, and 32 may be");
        under_way.truncate(30);
        assert_eq!(all_that_enter(&lanes).await.len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn successes_bring_them_back() {
        let lanes = Lanes::new();
        (0..10).for_each(|_| lanes.note(true));
        lanes.note(false);
        assert_eq!(all_that_enter(&lanes).await.len(), 2);
        lanes.note(false);
        assert_eq!(all_that_enter(&lanes).await.len(), 2, "as many successes as there are lanes");
        lanes.note(false);
        assert_eq!(all_that_enter(&lanes).await.len(), 3);
        (0..MOST * MOST).for_each(|_| lanes.note(false));
        assert_eq!(all_that_enter(&lanes).await.len(), MOST);
    }
}
