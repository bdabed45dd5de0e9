//! What may still be done with one cached value.

use std::sync::{Mutex, PoisonError};

use super::Limits;

/// How often a value was handed out, and for how many bytes.
///
/// It is shared by a load under way and the entry that comes of it, so that callers who join the load reserve their
/// part at once and no limit is passed by those who wait together.
#[derive(Debug, Default)]
pub(super) struct Spending(Mutex<Spent>);

#[derive(Clone, Copy, Debug, Default)]
struct Spent {
    uses: u64,
    bytes: u64,
}

impl Spending {
    /// The spending of a new load: its own caller's part, which is granted whatever the limits say.
    pub(super) fn first(bytes: u64) -> Self {
        Self(Mutex::new(Spent { uses: 1, bytes }))
    }

    /// Reserves one use for `bytes`, or nothing at all.
    pub(super) fn reserve(&self, bytes: u64, limits: &Limits) -> bool {
        let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(next) = spent.bytes.checked_add(bytes) else { return false };
        if limits.max_uses.is_some_and(|max| spent.uses >= max) || limits.max_bytes.is_some_and(|max| next > max) {
            return false;
        }
        *spent = Spent { uses: spent.uses.saturating_add(1), bytes: next };
        true
    }

    /// Whether not even a use for no bytes is left.
    pub(super) fn is_exhausted(&self, limits: &Limits) -> bool {
        let spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        limits.max_uses.is_some_and(|max| spent.uses >= max) || limits.max_bytes.is_some_and(|max| spent.bytes > max)
    }
}
