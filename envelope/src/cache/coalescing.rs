//! A bounded store in front of a load that many callers share.

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::flight::{Core, Flight, Landing, Pilot};
use super::spending::Spending;
use super::{Bounded, Clock, Limits, Stats, Sweep, SystemClock};

/// Starts a future that runs to its end on its own: `tokio::spawn`, for example.
pub type Spawner = Arc<dyn Fn(BoxFuture<'static, ()>) + Send + Sync>;

/// A cache whose misses are shared: identical loads in flight are one. Clones are handles of the same cache.
///
/// Errors are not stored; those who wait for a load that fails all get (a clone of) its error.
///
/// ```
/// use std::convert::Infallible;
/// use std::sync::Arc;
/// use sealkit_envelope::cache::{Coalescing, Limits, Origin};
///
/// let limits = Limits { max_entries: 100, max_age: None, max_uses: None, max_bytes: None };
/// let cache: Coalescing<u32, String, Infallible> = Coalescing::new(limits);
/// let first = pollster::block_on(cache.get_or_load(7, 0, || async { Ok("seven".to_owned()) }))?;
/// assert_eq!(first.origin, Origin::Loaded);
/// let again = pollster::block_on(cache.get_or_load(7, 0, || async { unreachable!("it is stored") }))?;
/// assert_eq!((again.value.as_str(), again.origin), ("seven", Origin::Hit));
/// # Ok::<(), Infallible>(())
/// ```
///
/// A load may do I/O that belongs to the runtime of the caller who started it. Callers on several runtimes, each of
/// which may stop, need a [spawner](Self::with_spawner) whose runtime stays.
pub struct Coalescing<K, V, E> {
    core: Arc<Core<K, V, E>>,
    spawner: Option<Spawner>,
}

/// A value, and how it was come by.
pub struct Served<V> {
    /// The value; it lives on, even when evicted, until its users are done with it.
    pub value: Arc<V>,
    /// How it was come by.
    pub origin: Origin,
}

/// How a value was come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It was stored.
    Hit,
    /// This call loaded it.
    Loaded,
    /// This call joined a load that another had started.
    Joined,
}

impl<K, V, E> Coalescing<K, V, E>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
    E: Clone + Send + Sync + 'static,
{
    /// An empty cache that reads the system's monotonic clock.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self::with_clock(limits, Arc::new(SystemClock::default()))
    }

    /// An empty cache that reads `clock`.
    #[must_use]
    pub fn with_clock(limits: Limits, clock: Arc<dyn Clock>) -> Self {
        Self { core: Arc::new(Core::new(Bounded::new(limits), clock)), spawner: None }
    }

    /// Lets every load run to its end, and be stored, even if all its callers give up.
    ///
    /// Without it such a load is cancelled, and whoever comes next starts again from nothing; under deadlines shorter
    /// than the load, no call would ever succeed.
    #[must_use]
    pub fn with_spawner(mut self, spawner: Spawner) -> Self {
        self.spawner = Some(spawner);
        self
    }

    /// The value under `key`, for one use on `bytes` bytes: stored, from a load under way, or from `load`.
    ///
    /// Limits on uses and bytes hold for those who join a load as well: where it has no room left, another is
    /// started. The call that starts a load is always served.
    ///
    /// Dropping the returned future gives up this call alone.
    ///
    /// # Errors
    ///
    /// The error of the load, its own or the one it joined. Nothing is stored then.
    ///
    /// # Panics
    ///
    /// If a load panics, so do those who wait for it.
    pub async fn get_or_load<F, L>(&self, key: K, bytes: u64, load: F) -> Result<Served<V>, E>
    where
        F: FnOnce() -> L + Send + 'static,
        L: Future<Output = Result<V, E>> + Send,
    {
        let (landing, origin) = match self.find_or_start(key, bytes, load) {
            Found::Stored(value) => return Ok(Served { value, origin: Origin::Hit }),
            Found::UnderWay(landing, origin) => (landing, origin),
        };
        if origin == Origin::Loaded
            && let Some(spawner) = &self.spawner
        {
            spawner(landing.clone().map(drop).boxed());
        }
        landing.await.map(|value| Served { value, origin })
    }

    /// The value under `key` if it is stored, for one use on `bytes` bytes.
    #[must_use]
    pub fn get(&self, key: &K, bytes: u64) -> Option<Arc<V>> {
        let now = self.core.clock.now();
        let mut state = self.core.lock();
        let value = state.store.get(key, bytes, now)?;
        state.store.stats.hits += 1;
        Some(value)
    }

    /// Stores a value that was come by in another way; its uses begin at zero.
    pub fn insert(&self, key: K, value: V) {
        let now = self.core.clock.now();
        self.core.lock().store.insert(key, Arc::new(value), now);
    }

    /// Stores what `other` stores, as far as it fulfils `condition`, and says how much that was. The values are shared;
    /// their age and uses begin anew.
    ///
    /// For a cache that takes the place of another one, with other limits.
    pub fn adopt(&self, other: &Self, mut condition: impl FnMut(&K, &V) -> bool) -> usize {
        // One lock after the other, for `other` may be this cache or adopt from it.
        let adopted: Vec<(K, Arc<V>)> = {
            let state = other.core.lock();
            let fulfilling = state.store.iter().filter(|(key, value)| condition(key, value));
            fulfilling.map(|(key, value)| (key.clone(), Arc::clone(value))).collect()
        };
        let now = self.core.clock.now();
        let mut state = self.core.lock();
        let count = adopted.len();
        for (key, value) in adopted {
            state.store.insert(key, value, now);
        }
        count
    }

    /// Removes every entry whose key fulfils `condition`, and says how many there were.
    ///
    /// Loads under way for such keys still answer those who wait, but are neither stored nor joined from now on: what
    /// KMS said before a revocation does not outlive it here.
    pub fn evict_where(&self, mut condition: impl FnMut(&K) -> bool) -> usize {
        let mut state = self.core.lock();
        state.flights.retain(|key, _| !condition(key));
        state.store.evict_where(condition)
    }

    /// Removes every entry that fulfils `condition`, and says how many there were.
    ///
    /// What a load under way will bring is not known, so none is stored or joined from now on, as if its key had
    /// fulfilled the condition of [`evict_where`](Self::evict_where).
    pub fn evict_values_where(&self, condition: impl FnMut(&K, &V) -> bool) -> usize {
        let mut state = self.core.lock();
        state.flights.clear();
        state.store.evict_values_where(condition)
    }

    /// Removes everything, as [`evict_where`](Self::evict_where) does.
    pub fn clear(&self) -> usize {
        self.evict_where(|_| true)
    }

    /// The counters, and the present size.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let state = self.core.lock();
        Stats { entries: state.store.len(), in_flight: state.flights.len(), ..state.store.stats }
    }

    /// The oldest entry's time to go, counted from now; `None` if nothing will expire.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Duration> {
        let expiry = self.core.lock().store.next_expiry()?;
        Some(expiry.saturating_sub(self.core.clock.now()))
    }

    /// Looks, and starts a load where nothing is found, under one lock: two callers never both start one.
    fn find_or_start<F, L>(&self, key: K, bytes: u64, load: F) -> Found<V, E>
    where
        F: FnOnce() -> L + Send + 'static,
        L: Future<Output = Result<V, E>> + Send,
    {
        let now = self.core.clock.now();
        let mut state = self.core.lock();
        let state = &mut *state;
        if let Some(value) = state.store.get(&key, bytes, now) {
            state.store.stats.hits += 1;
            return Found::Stored(value);
        }
        // Reserved before the upgrade: a landing dropped here could be the last one, and dropping a load takes the
        // lock that is held.
        if let Some(flight) = state.flights.get(&key)
            && flight.spending.reserve(bytes, state.store.limits())
            && let Some(landing) = flight.landing.upgrade()
        {
            state.store.stats.joined += 1;
            return Found::UnderWay(landing, Origin::Joined);
        }
        let serial = state.next_serial;
        state.next_serial += 1;
        state.store.stats.loads += 1;
        let spending = Arc::new(Spending::first(bytes));
        let core = Arc::clone(&self.core);
        let pilot = Pilot { core, key: key.clone(), serial, spending: Arc::clone(&spending), landed: false };
        let landing = async move { pilot.land(load().await) }.boxed().shared();
        let weak = landing.downgrade().expect("a load that was never polled is not over");
        state.flights.insert(key, Flight { serial, landing: weak, spending });
        Found::UnderWay(landing, Origin::Loaded)
    }
}

/// What a look into the cache gave, without anything having been awaited.
enum Found<V, E> {
    Stored(Arc<V>),
    UnderWay(Landing<V, E>, Origin),
}

impl<K, V, E> Clone for Coalescing<K, V, E> {
    fn clone(&self) -> Self {
        Self { core: Arc::clone(&self.core), spawner: self.spawner.clone() }
    }
}

impl<K, V, E> Sweep for Coalescing<K, V, E>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
    E: Clone + Send + Sync + 'static,
{
    fn sweep(&self) -> usize {
        let now = self.core.clock.now();
        self.core.lock().store.sweep(now)
    }
}
