//! Which KEKs are known, and which of them are in memory.

use std::sync::Arc;
use std::time::Duration;

use lru::LruCache;
use tokio::time::Instant;

use super::Kek;
use super::form::KekId;
use crate::keys::service::Origin;
use crate::keys::state::{KekRecord, MAX_KEKS};

/// After a refusal of KMS, which is no outage: how long the plugin does not ask by itself. A request asks at once.
const REFUSED: Duration = Duration::from_secs(10 * 60);

/// The KEKs known, the least recently used of which goes when there are too many.
pub(super) struct Roll {
    entries: LruCache<KekId, Entry>,
    /// Flushes so far: what KMS said before one is not kept after it.
    pub(super) epoch: u64,
    /// Whether the state file knows less.
    pub(super) is_news: bool,
    /// KEKs that went to make room.
    pub(super) forgotten: u64,
    /// KEKs that KMS refuses, for the state file to forget.
    pub(super) refused: Vec<KekId>,
}

struct Entry {
    wrapped: Arc<[u8]>,
    /// The configured name of the key that it is under.
    key: Arc<str>,
    kek: Option<Arc<Kek>>,
    /// When the plugin may ask for it by itself.
    not_before: Option<Instant>,
}

/// A KEK that waits for KMS.
pub(super) struct Pending {
    pub(super) kek_id: KekId,
    pub(super) wrapped: Arc<[u8]>,
    pub(super) key: Arc<str>,
}

/// How many are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) unwrapped: usize,
    pub(super) pending: usize,
    pub(super) forgotten: u64,
}

impl Roll {
    pub(super) fn new() -> Self {
        Self { entries: LruCache::unbounded(), epoch: 0, is_news: false, forgotten: 0, refused: Vec::new() }
    }

    /// Adds a KEK that the state file knows; it is to be unwrapped.
    pub(super) fn expect(&mut self, record: &KekRecord) {
        let entry = Entry {
            wrapped: record.wrapped.as_slice().into(),
            key: record.key.as_str().into(),
            kek: None,
            not_before: None,
        };
        self.entries.put(record.kek_id(), entry);
    }

    /// The KEK, if it is in memory.
    pub(super) fn get(&mut self, kek_id: &KekId) -> Option<Arc<Kek>> {
        self.entries.get(kek_id)?.kek.clone()
    }

    /// The KEKs in memory, the most recently used first.
    pub(super) fn unwrapped(&self) -> Vec<Arc<Kek>> {
        self.entries.iter().filter_map(|(_, entry)| entry.kek.clone()).collect()
    }

    /// Keeps a KEK, unless there was a flush since `epoch`. `keep` is not forgotten to make room.
    pub(super) fn put(&mut self, kek: &Arc<Kek>, key: Arc<str>, epoch: u64, keep: Option<KekId>) {
        if epoch != self.epoch {
            return;
        }
        let entry = Entry { wrapped: Arc::clone(&kek.wrapped), key, kek: Some(Arc::clone(kek)), not_before: None };
        let was = self.entries.put(kek.kek_id, entry);
        self.is_news |= was.is_none();
        if let Some(keep) = keep {
            self.entries.promote(&keep);
        }
        while self.entries.len() > MAX_KEKS {
            self.entries.pop_lru();
            self.forgotten += 1;
        }
    }

    /// What KMS refused, and would again: forgotten, or not asked for of itself for a while.
    pub(super) fn refused(&mut self, kek_id: &KekId, forever: bool, now: Instant) {
        if forever {
            self.entries.pop(kek_id);
            self.refused.push(*kek_id);
            self.is_news = true;
        } else if let Some(entry) = self.entries.peek_mut(kek_id) {
            entry.not_before = Some(now + REFUSED);
        }
    }

    /// The KEKs that wait for KMS and may be asked for, the most recently used first.
    pub(super) fn pending(&self, now: Instant) -> Vec<Pending> {
        let is_due = |entry: &Entry| entry.kek.is_none() && entry.not_before.is_none_or(|time| time <= now);
        self.entries
            .iter()
            .filter(|(_, entry)| is_due(entry))
            .map(|(kek_id, entry)| Pending {
                kek_id: *kek_id,
                wrapped: Arc::clone(&entry.wrapped),
                key: Arc::clone(&entry.key),
            })
            .collect()
    }

    /// Drops from memory the KEKs whose origin fulfils `condition`; they stay known. Says how many.
    pub(super) fn flush(&mut self, mut condition: impl FnMut(&Origin) -> bool, now: Instant) -> usize {
        self.epoch += 1;
        let mut flushed = 0;
        for (_, entry) in self.entries.iter_mut() {
            if entry.kek.as_ref().is_some_and(|kek| condition(&kek.origin)) {
                entry.kek = None;
                entry.not_before = Some(now + REFUSED);
                flushed += 1;
            }
        }
        flushed
    }

    /// What the state file is to know, the most recently used first.
    pub(super) fn records(&self) -> Vec<KekRecord> {
        self.entries
            .iter()
            .map(|(_, entry)| KekRecord { wrapped: entry.wrapped.to_vec(), key: entry.key.to_string(), writing: None })
            .collect()
    }

    pub(super) fn counts(&self) -> Counts {
        let unwrapped = self.entries.iter().filter(|(_, entry)| entry.kek.is_some()).count();
        Counts { unwrapped, pending: self.entries.len() - unwrapped, forgotten: self.forgotten }
    }
}
