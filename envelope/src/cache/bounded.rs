//! A store with limits on number, age, uses and bytes.

use std::collections::BTreeMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use lru::LruCache;

use super::Stats;
use super::spending::Spending;

/// How much a cache keeps, and for how long. `None` is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Entries at most; beyond it the least recently used one leaves. Zero stores nothing, so that only calls in
    /// flight are shared.
    pub max_entries: usize,
    /// Time from the end of the load to the last use.
    pub max_age: Option<Duration>,
    /// How often one value is handed out, counting the call that loaded it and those that joined it.
    pub max_uses: Option<u64>,
    /// Bytes, as the callers state them, for which one value is handed out.
    pub max_bytes: Option<u64>,
}

/// A map bounded by [`Limits`], for one thread at a time; [`Coalescing`](super::Coalescing) shares it.
///
/// Expired entries leave with any operation, not only when they are asked for. Only a store that nobody touches keeps
/// them: call [`sweep`](Self::sweep) from time to time, or let a [`Sweeper`](super::Sweeper) do it.
pub struct Bounded<K, V> {
    limits: Limits,
    entries: LruCache<K, Entry<V>>,
    /// The same entries by the time they were stored, oldest first; empty without an age limit.
    by_age: BTreeMap<(Duration, u64), K>,
    next_serial: u64,
    pub(super) stats: Stats,
}

struct Entry<V> {
    value: Arc<V>,
    /// None where nothing limits it: of 20,000 entries that is a MiB.
    spending: Option<Arc<Spending>>,
    /// When it was stored, and a number that tells entries of one instant apart.
    born: (Duration, u64),
}

impl<K: Hash + Eq + Clone, V> Bounded<K, V> {
    /// An empty store.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let (entries, by_age) = (LruCache::unbounded(), BTreeMap::new());
        Self { limits, entries, by_age, next_serial: 0, stats: Stats::default() }
    }

    /// The limits it was made with.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The value under `key`, if one more use for `bytes` is within the limits at the time `now`.
    ///
    /// An entry that has no such use left is removed.
    pub fn get(&mut self, key: &K, bytes: u64, now: Duration) -> Option<Arc<V>> {
        self.sweep(now);
        let entry = self.entries.get(key)?;
        let value = Arc::clone(&entry.value);
        let Some(spending) = &entry.spending else { return Some(value) };
        if spending.reserve(bytes, &self.limits) {
            if spending.is_exhausted(&self.limits) {
                self.remove_spent(key);
            }
            return Some(value);
        }
        self.remove_spent(key);
        None
    }

    /// Stores `value` under `key` at the time `now`, in place of what was there; its uses begin at zero.
    pub fn insert(&mut self, key: K, value: Arc<V>, now: Duration) {
        self.insert_spent(key, value, Arc::new(Spending::default()), now);
    }

    /// As [`insert`](Self::insert), for a value of which a part is spent.
    pub(super) fn insert_spent(&mut self, key: K, value: Arc<V>, spending: Arc<Spending>, now: Duration) {
        self.sweep(now);
        self.remove(&key);
        if self.limits.max_entries == 0 || spending.is_exhausted(&self.limits) {
            return;
        }
        while self.entries.len() >= self.limits.max_entries {
            let Some((_, entry)) = self.entries.pop_lru() else { break };
            self.by_age.remove(&entry.born);
            self.stats.evicted_full += 1;
        }
        let born = (now, self.next_serial);
        self.next_serial += 1;
        if self.limits.max_age.is_some() {
            self.by_age.insert(born, key.clone());
        }
        let is_limited = self.limits.max_uses.is_some() || self.limits.max_bytes.is_some();
        self.entries.put(key, Entry { value, spending: is_limited.then_some(spending), born });
    }

    /// Removes every entry that is too old at the time `now`; says how many.
    pub fn sweep(&mut self, now: Duration) -> usize {
        let Some(max_age) = self.limits.max_age else { return 0 };
        let mut swept = 0;
        while let Some(oldest) = self.by_age.first_entry() {
            if now.saturating_sub(oldest.key().0) < max_age {
                break;
            }
            self.entries.pop(&oldest.remove());
            swept += 1;
        }
        self.stats.evicted_expired += swept as u64;
        swept
    }

    /// Removes every entry whose key fulfils `condition`; says how many.
    pub fn evict_where(&mut self, mut condition: impl FnMut(&K) -> bool) -> usize {
        self.evict_values_where(|key, _| condition(key))
    }

    /// Removes every entry that fulfils `condition`; says how many.
    pub fn evict_values_where(&mut self, mut condition: impl FnMut(&K, &V) -> bool) -> usize {
        let before = self.entries.len();
        let by_age = &mut self.by_age;
        self.entries.retain(|key, entry| {
            let stays = !condition(key, &entry.value);
            if !stays {
                by_age.remove(&entry.born);
            }
            stays
        });
        let evicted = before - self.entries.len();
        self.stats.evicted_asked += evicted as u64;
        evicted
    }

    /// The entries, the least recently used first, without counting as a use.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &Arc<V>)> {
        self.entries.iter().rev().map(|(key, entry)| (key, &entry.value))
    }

    /// When the oldest entry becomes too old, in the clock's own time.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Duration> {
        let max_age = self.limits.max_age?;
        self.by_age.first_key_value().map(|((born, _), _)| born.saturating_add(max_age))
    }

    /// Entries stored at present.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is stored.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn remove(&mut self, key: &K) -> bool {
        let Some(entry) = self.entries.pop(key) else { return false };
        self.by_age.remove(&entry.born);
        true
    }

    fn remove_spent(&mut self, key: &K) {
        if self.remove(key) {
            self.stats.evicted_spent += 1;
        }
    }
}
