//! SIGINT, SIGTERM and SIGHUP end the work; a broken pipe ends it quietly.
//!
//! For commands, which do a bounded amount of work. The first signal raises a flag that the work looks at
//! between its steps. If the process is still there one second later, for it hangs in a read from a terminal
//! or waits for AWS, or if a second signal comes, then it ends as it stands: no file is half named
//! (see [`crate::atomic`]) and temporaries are removed. Servers drain in their own way, and ask [`is_ignored`] first.
//!
//! A signal that was ignored when the process started (`nohup`, a shell's background job) stays ignored.
//!
//! SIGPIPE: Rust ignores it, so writing to a pipe without a reader is an error of the kind `BrokenPipe`. A command
//! that meets it on stdout prints nothing and ends with [`Exit::BROKEN_PIPE`](crate::exit::Exit::BROKEN_PIPE).
//!
//! SIGXFSZ: left alone it kills whoever writes beyond the limit on a file's size (`ulimit -f`) without a word; see
//! [`meet_file_size_limit_as_error`].

use std::io;
use std::os::raw::c_int;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;

use crate::exit::Exit;

/// How long the work may take to come to its end after the first signal.
pub const GRACE: Duration = Duration::from_secs(1);

/// Whether the process was told to end; cheap to ask, and shared by all threads.
#[derive(Debug, Clone)]
pub struct Termination {
    /// 0 until a signal came.
    signal: Arc<AtomicU8>,
}

impl Termination {
    /// Begins to listen, in a thread of its own. Once a process.
    ///
    /// # Errors
    /// If signal handlers or the thread can't be set up.
    pub fn watch() -> io::Result<Self> {
        let termination = Self { signal: Arc::default() };
        let ignored = ignored_signals();
        let heeded = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0);
        let signals = Signals::new(heeded)?;
        let flag = termination.signal.clone();
        thread::Builder::new().name("signals".to_owned()).spawn(move || end_on_signal(signals, &flag))?;
        Ok(termination)
    }

    /// The exit code to end with, once a signal came.
    #[must_use]
    pub fn requested(&self) -> Option<Exit> {
        match self.signal.load(Ordering::Relaxed) {
            0 => None,
            signal => Some(Exit::Signal(signal)),
        }
    }
}

/// Makes writing beyond the limit on a file's size an error of the kind `FileTooLarge`, to be told like a full disk.
///
/// By a handler that does nothing rather than by ignoring the signal, which programs that we run would inherit.
///
/// # Errors
/// If the handler can't be set.
pub fn meet_file_size_limit_as_error() -> io::Result<()> {
    if ignored_signals() & (1 << (SIGXFSZ - 1)) == 0 {
        signal_hook::flag::register(SIGXFSZ, Arc::<AtomicBool>::default())?;
    }
    Ok(())
}

fn end_on_signal(mut signals: Signals, flag: &AtomicU8) {
    const PAUSE: Duration = Duration::from_millis(10);
    let Some(first) = signals.forever().next().and_then(|signal: c_int| u8::try_from(signal).ok()) else {
        return;
    };
    flag.store(first, Ordering::Relaxed);
    let end = Instant::now() + GRACE;
    while Instant::now() < end && signals.pending().next().is_none() {
        thread::sleep(PAUSE);
    }
    let _names_stay_as_they_are = crate::atomic::abandon();
    // Not `std::process::exit`, which runs destructors while other threads still work.
    signal_hook::low_level::exit(Exit::Signal(first).code().into());
}

/// Whether `signal` was ignored when the process started, as under `nohup`, and shall stay so. Ask before a handler is
/// set.
#[must_use]
pub fn is_ignored(signal: c_int) -> bool {
    ignored_signals() & (1 << (signal - 1)) != 0
}

/// Bit *n* - 1 for signal *n* (proc(5), `SigIgn`): the one way to ask that needs no `unsafe`.
fn ignored_signals() -> u64 {
    std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|status| {
            let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
            u64::from_str_radix(mask.trim(), 16).ok()
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests;
