//! What a cache has done so far, for metrics.

/// Counters since the cache was made, and its present size. All counters only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Calls answered from the store.
    pub hits: u64,
    /// Calls that started a load.
    pub loads: u64,
    /// Calls that joined a load under way.
    pub joined: u64,
    /// Loads that ended in an error.
    pub failures: u64,
    /// Loads that all their callers gave up before they ended.
    pub abandoned: u64,
    /// Entries that made room for newer ones: the least recently used.
    pub evicted_full: u64,
    /// Entries that became too old.
    pub evicted_expired: u64,
    /// Entries whose uses or bytes were spent.
    pub evicted_spent: u64,
    /// Entries removed on request.
    pub evicted_asked: u64,
    /// Entries stored at present.
    pub entries: usize,
    /// Loads under way at present.
    pub in_flight: usize,
}
