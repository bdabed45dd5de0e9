//! Mappings that wait, zeroed, for their next plaintext.
//!
//! Touching fresh memory costs more than encrypting it, and a mapping of its own for each frame costs two system calls;
//! so a buffer that was used is kept for the next. Streams use one length again and again, hence no size classes:
//! the best fit is nearly always exact.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::pages::Pages;

/// The most that waits in the pool, in bytes: a few buffers a core at any sensible frame length.
const MOST_RETAINED: usize = 8 << 20;

struct Pool {
    /// Oldest first.
    free: VecDeque<Pages>,
    /// The sum of their lengths.
    retained: usize,
}

static POOL: Mutex<Pool> = Mutex::new(Pool { free: VecDeque::new(), retained: 0 });

/// Takes a zeroed mapping of at least `capacity` bytes.
pub(super) fn take(capacity: usize) -> Pages {
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    // A buffer of more than twice the length is left for who needs it: a small one must not pin it.
    let fits = |len: usize| len >= capacity && len / 2 <= capacity.next_multiple_of(super::pages::PAGE);
    let best = pool.free.iter().enumerate().filter(|(_, pages)| fits(pages.len())).min_by_key(|(_, pages)| pages.len());
    let best = best.map(|(index, _)| index);
    if let Some(pages) = best.and_then(|index| pool.free.remove(index)) {
        pool.retained -= pages.len();
        return pages;
    }
    drop(pool);
    Pages::map(capacity)
}

/// Gives back a mapping whose bytes are all zero. The oldest ones go when too much waits.
pub(super) fn put_back(pages: Pages) {
    if pages.len() > MOST_RETAINED {
        return;
    }
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    pool.retained += pages.len();
    pool.free.push_back(pages);
    while pool.retained > MOST_RETAINED {
        let Some(oldest) = pool.free.pop_front() else { break };
        pool.retained -= oldest.len();
    }
}

/// How many bytes wait in the pool.
#[cfg(test)]
pub(super) fn retained() -> usize {
    POOL.lock().unwrap_or_else(PoisonError::into_inner).retained
}
