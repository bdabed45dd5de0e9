//! Where a cache reads the time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A clock that never goes back.
///
/// Its readings are durations since an origin of its own; only their differences mean anything.
pub trait Clock: Send + Sync {
    /// The time since this clock's origin.
    fn now(&self) -> Duration;
}

/// The monotonic clock of the operating system.
///
/// On Linux it stands still while the machine is suspended, so an age limit counts time awake.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock(Instant);

impl Default for SystemClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

/// A clock that moves when told to, for tests of age limits.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicU64);

impl ManualClock {
    /// Moves the clock forward by `step`, with a resolution of one millisecond.
    pub fn advance(&self, step: Duration) {
        let step = u64::try_from(step.as_millis()).unwrap_or(u64::MAX);
        self.0.fetch_add(step, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }
}
