//! One load under way, shared by all who wait for it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::{BoxFuture, Shared, WeakShared};

use super::spending::Spending;
use super::{Bounded, Clock};

/// The future that a load's callers share. Whoever is polled moves it on; each wake-up goes to all of them.
pub(super) type Landing<V, E> = Shared<BoxFuture<'static, Result<Arc<V>, E>>>;

/// A load as the cache remembers it: without keeping it alive, for that is up to its callers.
pub(super) struct Flight<V, E> {
    pub(super) serial: u64,
    pub(super) landing: WeakShared<BoxFuture<'static, Result<Arc<V>, E>>>,
    pub(super) spending: Arc<Spending>,
}

/// What all handles of one cache share.
pub(super) struct Core<K, V, E> {
    pub(super) clock: Arc<dyn Clock>,
    state: Mutex<State<K, V, E>>,
}

/// What is behind the lock: never held across an await, a load, or the drop of a load.
pub(super) struct State<K, V, E> {
    pub(super) store: Bounded<K, V>,
    pub(super) flights: HashMap<K, Flight<V, E>>,
    pub(super) next_serial: u64,
}

impl<K: Hash + Eq + Clone, V, E> Core<K, V, E> {
    pub(super) fn new(store: Bounded<K, V>, clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: Mutex::new(State { store, flights: HashMap::new(), next_serial: 0 }) }
    }

    /// The state. A panic elsewhere leaves it consistent, for every change is complete before the next foreign call.
    pub(super) fn lock(&self) -> MutexGuard<'_, State<K, V, E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Owned by the load's future: sees to it that the flight leaves the cache however the future ends.
pub(super) struct Pilot<K: Hash + Eq + Clone, V, E> {
    pub(super) core: Arc<Core<K, V, E>>,
    pub(super) key: K,
    pub(super) serial: u64,
    pub(super) spending: Arc<Spending>,
    pub(super) landed: bool,
}

impl<K: Hash + Eq + Clone, V, E> Pilot<K, V, E> {
    /// Ends the flight with its result, and stores a success in the same instant, so that no caller comes between
    /// and starts another load. The result of a flight that was evicted or replaced is delivered and not stored.
    pub(super) fn land(mut self, result: Result<V, E>) -> Result<Arc<V>, E> {
        let result = result.map(Arc::new);
        let now = self.core.clock.now();
        let mut state = self.core.lock();
        self.landed = true;
        let is_current = state.remove_flight(&self.key, self.serial);
        match &result {
            Ok(value) if is_current => {
                let (key, spending) = (self.key.clone(), Arc::clone(&self.spending));
                state.store.insert_spent(key, Arc::clone(value), spending, now);
            }
            Ok(_) => {}
            Err(_) => state.store.stats.failures += 1,
        }
        drop(state);
        result
    }
}

impl<K: Hash + Eq + Clone, V, E> Drop for Pilot<K, V, E> {
    fn drop(&mut self) {
        if !self.landed {
            let mut state = self.core.lock();
            state.remove_flight(&self.key, self.serial);
            state.store.stats.abandoned += 1;
        }
    }
}

impl<K: Hash + Eq + Clone, V, E> State<K, V, E> {
    /// Forgets this flight; false if another has taken its place, or none.
    fn remove_flight(&mut self, key: &K, serial: u64) -> bool {
        let is_current = self.flights.get(key).is_some_and(|flight| flight.serial == serial);
        if is_current {
            self.flights.remove(key);
        }
        is_current
    }
}
