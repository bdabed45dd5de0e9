//! The cache by its promises: limits, one load for many callers, cancellation.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod bounds;
mod cancellation;
mod model;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::*;

type TestCache = Coalescing<u32, Canary, String>;

const NO_LIMITS: Limits = Limits { max_entries: 1000, max_age: None, max_uses: None, max_bytes: None };

/// A value that says when it is gone, as a key that zeroises itself on drop would be.
#[derive(Debug)]
struct Canary {
    number: u32,
    dropped: Arc<AtomicUsize>,
}

impl Drop for Canary {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

/// A cache of canaries under a clock that stands still.
struct Rig {
    cache: TestCache,
    clock: Arc<ManualClock>,
    loads: Arc<AtomicUsize>,
    dropped: Arc<AtomicUsize>,
}

impl Rig {
    fn new(limits: Limits) -> Self {
        let clock = Arc::new(ManualClock::default());
        let cache = Coalescing::with_clock(limits, Arc::clone(&clock) as Arc<dyn Clock>);
        Self { cache, clock, loads: Arc::default(), dropped: Arc::default() }
    }

    /// One use of `key` on `bytes`, by a load that is ready at once.
    fn use_once(&self, key: u32, bytes: u64) -> Origin {
        let (loads, dropped) = (Arc::clone(&self.loads), Arc::clone(&self.dropped));
        let load = move || async move {
            loads.fetch_add(1, Ordering::SeqCst);
            Ok(Canary { number: key, dropped })
        };
        let served = pollster::block_on(self.cache.get_or_load(key, bytes, load)).unwrap();
        assert_eq!(served.value.number, key);
        served.origin
    }

    fn loads(&self) -> usize {
        self.loads.load(Ordering::SeqCst)
    }

    fn dropped(&self) -> usize {
        self.dropped.load(Ordering::SeqCst)
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}
