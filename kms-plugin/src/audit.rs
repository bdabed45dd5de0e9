//! Audit lines in the schema of `docs/audit.md`, written by a thread of their own, so that a slow disk holds up no
//! request.
//!
//! ```text
//! KMS call, failed RPC ── bounded queue ─┐
//!                                        ├─ writer ── file
//! served from memory ── counts ── a minute ┘
//! ```
//!
//! What does not fit into the queue, or cannot be written, is lost and counted: an audit disk must not stop a cluster.

mod hits;
mod lines;
mod losses;
mod writer;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use sealkit_host::audit::{AuditError, AuditEvent, AuditLog, Program};

use hits::Hits;
use losses::Losses;
use writer::{Message, Writer};

use crate::keys::{KmsCall, Refusal};

/// Lines that wait for the disk: at 300 bytes each a megabyte or so.
const QUEUE: usize = 4_096;
/// Distinct uses of memory that are counted before they are written early.
const DISTINCT: usize = 25_000;
/// From one writing of the counts to the next.
const INTERVAL: Duration = Duration::from_secs(60);
/// As long the end of the process waits for a disk.
const FAREWELL: Duration = Duration::from_secs(3);

/// What the plugin did from memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Served {
    /// Encrypted under a local KEK.
    Encrypt,
    /// Decrypted from the cache, or under a local KEK.
    Decrypt,
}

/// An audit file, and the thread that writes it.
#[derive(Debug)]
pub struct Audit {
    queue: SyncSender<Message>,
    hits: Arc<Mutex<Hits>>,
    losses: Arc<Losses>,
    reopen: Arc<AtomicBool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Audit {
    /// Opens `path` and starts to write.
    ///
    /// # Errors
    /// If it can't be opened for appending, or others could change it: then do no work.
    pub fn open(path: &Path) -> Result<Self, AuditError> {
        Self::start(path, INTERVAL)
    }

    fn start(path: &Path, interval: Duration) -> Result<Self, AuditError> {
        let program = Program { name: "seal-kms-plugin", version: env!("CARGO_PKG_VERSION") };
        let log = AuditLog::open(path, program)?;
        let (queue, messages) = mpsc::sync_channel(QUEUE);
        let (hits, losses) = (Arc::<Mutex<Hits>>::default(), Arc::<Losses>::default());
        let reopen = Arc::<AtomicBool>::default();
        let writer = Writer {
            log,
            program,
            interval,
            hits: Arc::clone(&hits),
            losses: Arc::clone(&losses),
            reopen: Arc::clone(&reopen),
        };
        let thread = thread::Builder::new().name("audit".to_owned()).spawn(move || writer.run(&messages));
        let thread = thread.map_err(|source| AuditError::Open { path: path.to_owned(), source })?;
        Ok(Self { queue, hits, losses, reopen, thread: Mutex::new(Some(thread)) })
    }

    /// A call to KMS is over.
    pub fn kms_call(&self, call: &KmsCall<'_>) {
        self.write(lines::kms_call(call));
    }

    /// An RPC of kube-apiserver failed: `served` says what it asked for, `write_key` which key stands in its place
    /// where the refusal names none.
    pub fn rpc_failed(&self, served: Served, uid: Option<&str>, write_key: &str, refusal: &Refusal) {
        self.write(lines::rpc_failed(served, uid, write_key, refusal));
    }

    /// An RPC was served without a call: `request_id` is of the call that filled the cache.
    pub fn served_from_memory(&self, served: Served, key: &str, request_id: Option<&str>) {
        let distinct = {
            let mut hits = self.hits.lock().unwrap_or_else(PoisonError::into_inner);
            hits.count(served, key, request_id, SystemTime::now())
        };
        if distinct == DISTINCT {
            // A full queue wakes the writer as well.
            let _ = self.queue.try_send(Message::WriteCounts);
        }
    }

    /// Opens the file again by its name, after it was renamed by a log rotation. If that fails the old one goes on.
    pub fn reopen(&self) {
        self.reopen.store(true, Ordering::Relaxed);
        // A full queue wakes the writer as well.
        let _ = self.queue.try_send(Message::Wake);
    }

    /// Lines that were lost so far.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.losses.total()
    }

    /// Writes what is queued and counted, and ends the thread; what is told later is lost and counted. Gives up on a
    /// disk that does not answer.
    pub fn close(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(thread) = thread else { return };
        let end = Instant::now() + FAREWELL;
        let mut message = Message::Close;
        while let Err(mpsc::TrySendError::Full(back)) = self.queue.try_send(message) {
            message = back;
            if Instant::now() >= end {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        while !thread.is_finished() && Instant::now() < end {
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn write(&self, event: AuditEvent) {
        let time = SystemTime::now();
        if self.queue.try_send(Message::Line(Box::new(event), time)).is_err() {
            self.losses.count(1, time);
        }
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests;
