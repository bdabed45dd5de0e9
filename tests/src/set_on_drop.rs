//! The end of threads that a test's scope waits for.

use std::sync::atomic::{AtomicBool, Ordering};

/// Sets a flag when it is dropped, also by a failed assertion: a scope would wait for ever for threads that loop until
/// the flag is set.
#[derive(Debug)]
pub struct SetOnDrop<'a>(pub &'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
