//! SIGTERM and SIGINT end it, SIGHUP refreshes.

use sealkit_host::{audit, signal};
use tokio::signal::unix::{Signal, SignalKind, signal as listen};

use crate::failure::Failure;

/// What came.
pub(super) enum Came {
    /// We are to end.
    End(Failure),
    /// Everything is to be fetched anew.
    Refresh,
}

/// The three, of which one that was ignored when the process started stays ignored.
pub(super) struct Signals {
    term: Option<Signal>,
    interrupt: Option<Signal>,
    hangup: Option<Signal>,
}

impl Signals {
    /// From here on they do not end the process by themselves.
    pub(super) fn new() -> Self {
        let heeded = |kind: SignalKind| (!signal::is_ignored(kind.as_raw_value())).then(|| listen(kind).ok()).flatten();
        Self {
            term: heeded(SignalKind::terminate()),
            interrupt: heeded(SignalKind::interrupt()),
            hangup: heeded(SignalKind::hangup()),
        }
    }

    /// The next of them.
    pub(super) async fn next(&mut self) -> Came {
        tokio::select! {
            biased;
            () = received(&mut self.term) => Came::End(ended_by("SIGTERM", 15)),
            () = received(&mut self.interrupt) => Came::End(ended_by("SIGINT", 2)),
            () = received(&mut self.hangup) => Came::Refresh,
        }
    }

    /// The next that ends us; `refresh` is told of those that do not.
    pub(super) async fn ended(&mut self, refresh: impl Fn()) -> Failure {
        loop {
            match self.next().await {
                Came::End(failure) => return failure,
                Came::Refresh => refresh(),
            }
        }
    }
}

async fn received(signal: &mut Option<Signal>) {
    match signal {
        // It ends only with the runtime.
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

fn ended_by(name: &str, number: u8) -> Failure {
    let message = format!("ended by {name} before anything was published");
    Failure::other("", audit::Failure::Interrupted(number), message, "")
}
