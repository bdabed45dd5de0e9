//! The thread that owns the file.

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use sealkit_host::audit::{AuditEvent, AuditLog, Program};

use super::hits::Hits;
use super::lines;
use super::losses::Losses;

/// What the thread is told.
#[derive(Debug)]
pub(super) enum Message {
    /// Write this, which ended at that time.
    Line(Box<AuditEvent>, SystemTime),
    /// Write what was counted, though the minute is not over.
    WriteCounts,
    /// Look whether the file is to be opened again.
    Wake,
    /// Write what was counted, and end.
    Close,
}

pub(super) struct Writer {
    pub(super) log: AuditLog,
    pub(super) program: Program,
    pub(super) interval: Duration,
    pub(super) hits: Arc<Mutex<Hits>>,
    pub(super) losses: Arc<Losses>,
    pub(super) reopen: Arc<AtomicBool>,
}

impl Writer {
    pub(super) fn run(mut self, messages: &Receiver<Message>) {
        let mut counts_due = Instant::now() + self.interval;
        loop {
            match messages.recv_timeout(counts_due.saturating_duration_since(Instant::now())) {
                Ok(Message::Line(event, time)) => self.write(&event, time),
                Ok(Message::WriteCounts) => counts_due = Instant::now(),
                Ok(Message::Close) | Err(RecvTimeoutError::Disconnected) => break self.write_counts(),
                Ok(Message::Wake) | Err(RecvTimeoutError::Timeout) => {}
            }
            if self.reopen.swap(false, Ordering::Relaxed) {
                self.reopen();
            }
            if counts_due <= Instant::now() {
                self.write_counts();
                counts_due = Instant::now() + self.interval;
            }
        }
    }

    fn write_counts(&self) {
        let hits = mem::take(&mut *self.hits.lock().unwrap_or_else(PoisonError::into_inner));
        for (served, key, request_id, uses) in hits.drain() {
            self.write(&lines::served(served, &key, &request_id, &uses), uses.last);
        }
        // Losses are told though nothing else is to be written.
        self.tell_losses();
    }

    fn write(&self, event: &AuditEvent, time: SystemTime) {
        if !self.tell_losses() || self.log.append_at(event, time).is_err() {
            self.losses.count(1, time);
        }
    }

    /// Whether no loss is untold.
    fn tell_losses(&self) -> bool {
        let Some(gap) = self.losses.take() else { return true };
        if self.log.append_at(&lines::lost(&gap), gap.last).is_err() {
            self.losses.put_back(gap);
            return false;
        }
        tracing::info!(lost = gap.count, "audit lines are written again");
        true
    }

    fn reopen(&mut self) {
        match AuditLog::open(self.log.path(), self.program) {
            Ok(log) => self.log = log,
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                tracing::error!(%error, cause, "the audit file cannot be opened again: the old one goes on");
            }
        }
    }
}
