//! Removes expired entries from a cache that nobody uses.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

/// A cache that can be rid of what has expired.
pub trait Sweep: Send + Sync {
    /// Removes every entry that is too old; says how many.
    fn sweep(&self) -> usize;
}

/// A thread that sweeps a cache at an interval.
///
/// A cache removes what has expired whenever it is used. This is for one that may lie idle for long with keys in it,
/// as in a daemon; its entries outlive their age limit by one interval at most. The thread ends with the sweeper, or
/// when the cache is gone.
pub struct Sweeper {
    thread: Option<JoinHandle<()>>,
    stop: Option<Sender<()>>,
}

impl Sweeper {
    /// Sweeps `cache` every `interval`.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn spawn(cache: &Arc<dyn Sweep>, interval: Duration) -> std::io::Result<Self> {
        let cache: Weak<dyn Sweep> = Arc::downgrade(cache);
        let (stop, stopped) = channel();
        let thread = std::thread::Builder::new().name("sealkit-sweeper".to_owned()).spawn(move || {
            while stopped.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
                let Some(cache) = cache.upgrade() else { break };
                cache.sweep();
            }
        })?;
        Ok(Self { thread: Some(thread), stop: Some(stop) })
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != std::thread::current().id()
        {
            // A panic of the thread has nobody to concern: sweeping is best effort, and use of the cache sweeps too.
            let _ = thread.join();
        }
    }
}
