//! How fast a service is asked, and how often again: so that a herd of processes that start together gets through.
//!
//! Two things are told apart. An **outage** concerns one call, which is tried again after a random time between zero
//! and a bound that doubles (full jitter). **Throttling** concerns all calls of this process to the service: from then
//! on they are made one at a time, each after a random time within a window that doubles with every further refusal,
//! halves with every success, and is gone when it has become small. A herd so spreads over about as much time as the
//! quota needs, and the attempts that are refused stay few.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::MutexGuard;
use tokio::time::{Instant, sleep, sleep_until};

/// The bound of the first wait after an outage.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// The most that any wait is bound by, and any window.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// A window of less is none.
const NARROWEST: Duration = Duration::from_millis(100);

/// The pace of one service in one Region, for one role.
pub(super) struct Pace {
    /// The window after the first refusal.
    first: Duration,
    window: Mutex<Duration>,
    turn: tokio::sync::Mutex<()>,
}

/// The permission to make one attempt.
pub(super) struct Turn<'a> {
    /// The window when it was given.
    window: Duration,
    /// Held while the service is asked one at a time.
    alone: Option<MutexGuard<'a, ()>>,
}

impl Pace {
    /// A pace without limit, until a refusal opens a window of `first`.
    pub(super) fn new(first: Duration) -> Self {
        Self { first, window: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }

    /// Waits until an attempt may be made, or `until`.
    pub(super) async fn turn(&self, until: Instant) -> Turn<'_> {
        if self.window().is_zero() {
            return Turn { window: Duration::ZERO, alone: None };
        }
        let Ok(alone) = tokio::time::timeout_at(until, self.turn.lock()).await else {
            return Turn { window: self.window(), alone: None };
        };
        let window = self.window();
        let left = until.saturating_duration_since(Instant::now());
        sleep(jitter(window.min(left))).await;
        Turn { window, alone: Some(alone) }
    }

    /// An attempt was throttled.
    pub(super) fn throttled(&self, turn: &Turn<'_>) {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        // Attempts that were under way together tell one and the same thing.
        if *window <= turn.window {
            *window = (*window * 2).clamp(self.first, LONGEST_WAIT);
        }
    }

    /// An attempt was answered.
    pub(super) fn answered(&self, turn: &Turn<'_>) {
        // Calls from before the first refusal say nothing about the time after it.
        if turn.alone.is_some() {
            let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
            *window = Some(*window / 2).filter(|it| *it >= NARROWEST).unwrap_or_default();
        }
    }

    fn window(&self) -> Duration {
        *self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The waits of one call through an outage.
pub(super) struct Backoff {
    bound: Duration,
}

impl Backoff {
    pub(super) fn new() -> Self {
        Self { bound: FIRST_WAIT }
    }

    /// Waits before the next attempt, but not beyond `until`.
    pub(super) async fn wait(&mut self, until: Instant) {
        let next = Instant::now() + jitter(self.bound);
        self.bound = (self.bound * 2).min(LONGEST_WAIT);
        sleep_until(next.min(until)).await;
    }
}

/// A random time between zero and `bound`.
fn jitter(bound: Duration) -> Duration {
    let mut bytes = [0; 4];
    // Without random numbers the wait is the longest: slow, and still right.
    let random = getrandom::fill(&mut bytes).map_or(u32::MAX, |()| u32::from_le_bytes(bytes));
    bound.mul_f64(f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests;
