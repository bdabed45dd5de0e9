//! A progress bar on standard error, for runs that take longer than a second on a terminal.

use std::io::{IsTerminal, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How long a run may take before it shows a bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// Counts bytes; draws only when somebody watches and has waited long enough.
///
/// It needs no thread: whoever moves bytes says so, and drawing is limited to a few times a second.
#[derive(Debug)]
pub(crate) struct Progress {
    watched: bool,
    total: AtomicU64,
    done: AtomicU64,
    started: Instant,
    bar: OnceLock<ProgressBar>,
}

impl Progress {
    /// Silent unless standard error is a terminal.
    pub(crate) fn new(wanted: bool) -> Self {
        Self {
            watched: wanted && std::io::stderr().is_terminal(),
            total: AtomicU64::new(0),
            done: AtomicU64::new(0),
            started: Instant::now(),
            bar: OnceLock::new(),
        }
    }

    /// Whether a bar may be drawn.
    pub(crate) fn is_watched(&self) -> bool {
        self.watched
    }

    /// More bytes are expected; what streams bring is not known beforehand and never announced.
    pub(crate) fn expect(&self, bytes: u64) {
        self.total.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes were read.
    pub(crate) fn add(&self, bytes: u64) {
        let done = self.done.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if !self.watched || self.started.elapsed() < PATIENCE {
            return;
        }
        let total = self.total.load(Ordering::Relaxed);
        let bar = self.bar.get_or_init(|| new_bar(total > 0));
        if total > 0 {
            bar.set_length(total.max(done));
        }
        bar.set_position(done);
    }

    /// Writes to standard error without tearing the bar.
    pub(crate) fn say(&self, line: &str) {
        match self.bar.get() {
            Some(bar) => bar.suspend(|| say(line)),
            None => say(line),
        }
    }

    /// Takes the bar away.
    pub(crate) fn clear(&self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}

/// Writes a line to standard error. Where nobody can be told, there is nobody to tell about that.
pub(crate) fn say(line: &str) {
    let _nobody_listens = writeln!(std::io::stderr(), "{line}");
}

fn new_bar(length_known: bool) -> ProgressBar {
    let (length, template) = if length_known {
        (Some(0), "{bar:32} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta}")
    } else {
        (None, "{spinner} {binary_bytes} {binary_bytes_per_sec}")
    };
    let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr_with_hz(8));
    let style = ProgressStyle::with_template(template);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
