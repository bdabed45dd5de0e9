//! The threads that work on one stream, and when they stop.

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Which pieces are still worth working on.
pub(crate) struct Crew {
    /// The earliest piece that failed; it and all behind it are given up.
    failed: AtomicU64,
    /// The last piece of the stream, once it is known.
    last: AtomicU64,
}

impl Crew {
    pub(super) fn new() -> Self {
        Self { failed: AtomicU64::new(u64::MAX), last: AtomicU64::new(u64::MAX) }
    }

    /// The stream ends with this piece: what others claimed behind it is no part of the stream.
    pub(super) fn ends_with(&self, index: u64) {
        self.last.fetch_min(index, Ordering::SeqCst);
    }

    pub(super) fn gave_up(&self, index: u64) -> bool {
        index > self.last.load(Ordering::SeqCst) || index >= self.failed.load(Ordering::SeqCst)
    }

    /// Runs `piece` on `workers` threads, this one among them, until the stream ends or a piece fails.
    ///
    /// `piece` works on one piece and says how it went; `wake` rouses workers that wait for a turn. The first piece
    /// runs before any thread is made, so that a short message costs none.
    pub(super) fn run<E: Send, B>(
        &self,
        workers: NonZeroUsize,
        buffer: impl Fn() -> B + Sync,
        piece: impl Fn(&mut B) -> Step<E> + Sync,
        wake: impl Fn() + Sync,
    ) -> Result<(), E> {
        let failed: Mutex<Option<(u64, E)>> = Mutex::new(None);
        let step = |buffer: &mut B| match piece(buffer) {
            Step::Done(index) => !self.gave_up(index.saturating_add(1)),
            Step::End => false,
            Step::Failed(index, error) => {
                if !self.gave_up(index) {
                    let mut failed = failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    if failed.as_ref().is_none_or(|(earlier, _)| index < *earlier) {
                        *failed = Some((index, error));
                    }
                }
                self.failed.fetch_min(index, Ordering::SeqCst);
                wake();
                false
            }
        };
        let mut own = buffer();
        if step(&mut own) {
            let work = |buffer: &mut B| {
                let on_panic = OnPanic(|| {
                    self.failed.store(0, Ordering::SeqCst);
                    wake();
                });
                while step(buffer) {}
                drop(on_panic);
            };
            std::thread::scope(|scope| {
                for _ in 1..workers.get() {
                    // Without another thread this one does all the work.
                    let _ = std::thread::Builder::new().spawn_scoped(scope, || work(&mut buffer()));
                }
                work(&mut own);
            });
        }
        let last = self.last.load(Ordering::SeqCst);
        match failed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
            Some((index, error)) if index <= last => Err(error),
            _ => Ok(()),
        }
    }
}

/// How work on a piece went.
pub(super) enum Step<E> {
    /// Piece done; there may be more.
    Done(u64),
    /// There is nothing left to claim, or what was claimed was given up.
    End,
    /// This piece failed.
    Failed(u64, E),
}

struct OnPanic<F: Fn()>(F);

impl<F: Fn()> Drop for OnPanic<F> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            (self.0)();
        }
    }
}
