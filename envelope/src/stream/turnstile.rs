//! A place that the pieces of a stream pass in order, whichever thread carries them.

use std::sync::{Condvar, Mutex, MutexGuard};

use super::Crew;

/// Guards a `T` that is used by piece 0, then by piece 1, and so on.
pub(super) struct Turnstile<T> {
    state: Mutex<(u64, T)>,
    moved: Condvar,
}

impl<T> Turnstile<T> {
    pub(super) fn new(value: T) -> Self {
        Self { state: Mutex::new((0, value)), moved: Condvar::new() }
    }

    /// Waits for piece `index`'s turn and uses the value. `None` if the crew gave that piece up.
    pub(super) fn pass<R>(&self, crew: &Crew, index: u64, usage: impl FnOnce(&mut T) -> R) -> Option<R> {
        // Declared before the guard, so dropped after it: wakes the others even if `usage` panics.
        let _wake = Wake(&self.moved);
        let mut state = self.lock()?;
        while state.0 != index {
            if crew.gave_up(index) {
                return None;
            }
            state = self.moved.wait(state).ok()?;
        }
        let result = usage(&mut state.1);
        state.0 += 1;
        Some(result)
    }

    /// Makes every waiting worker look again whether its piece was given up.
    pub(super) fn wake(&self) {
        // Taking the lock orders this after the check of a worker that is about to wait.
        drop(self.lock());
        self.moved.notify_all();
    }

    /// The value, once all threads are done with it. `None` if one of them panicked.
    pub(super) fn into_inner(self) -> Option<T> {
        self.state.into_inner().ok().map(|(_, value)| value)
    }

    /// `None` if a worker panicked inside: its panic is what the caller will see.
    fn lock(&self) -> Option<MutexGuard<'_, (u64, T)>> {
        self.state.lock().ok()
    }
}

struct Wake<'a>(&'a Condvar);

impl Drop for Wake<'_> {
    fn drop(&mut self) {
        self.0.notify_all();
    }
}
