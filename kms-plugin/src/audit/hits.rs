//! How often what was served from memory, by operation, key and the call that brought it there.

use std::collections::HashMap;
use std::time::SystemTime;

use super::Served;

/// Uses of one thing in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Uses {
    pub(super) count: u64,
    pub(super) since: SystemTime,
    pub(super) last: SystemTime,
}

/// Uses by key, then by operation and request id: in this order a use that was seen before allocates nothing.
#[derive(Debug, Default)]
pub(super) struct Hits {
    keys: HashMap<Box<str>, [HashMap<Box<str>, Uses>; 2]>,
    distinct: usize,
}

impl Hits {
    /// Counts one use; how many distinct ones there are now.
    pub(super) fn count(&mut self, served: Served, key: &str, request_id: Option<&str>, now: SystemTime) -> usize {
        let by_operation = match self.keys.get_mut(key) {
            Some(known) => known,
            None => self.keys.entry(key.into()).or_default(),
        };
        let by_request = &mut by_operation[served as usize];
        // No id of KMS is empty, and an empty field is left out of a line.
        let request_id = request_id.unwrap_or_default();
        if let Some(uses) = by_request.get_mut(request_id) {
            uses.count += 1;
            uses.last = uses.last.max(now);
        } else {
            by_request.insert(request_id.into(), Uses { count: 1, since: now, last: now });
            self.distinct += 1;
        }
        self.distinct
    }

    /// All of them, each as (operation, key, request id, uses).
    pub(super) fn drain(self) -> impl Iterator<Item = (Served, Box<str>, Box<str>, Uses)> {
        self.keys.into_iter().flat_map(|(key, by_operation)| {
            [Served::Encrypt, Served::Decrypt].into_iter().zip(by_operation).flat_map(move |(served, by_request)| {
                let key = key.clone();
                by_request.into_iter().map(move |(id, uses)| (served, key.clone(), id, uses))
            })
        })
    }
}
