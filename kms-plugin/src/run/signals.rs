//! SIGTERM and SIGINT end the work, SIGHUP has the file read again.

use sealkit_host::signal::is_ignored;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that mean something here.
pub(super) struct Signals {
    pub(super) ends: Ends,
    pub(super) hangup: Option<Signal>,
}

/// Those that end the work.
pub(super) struct Ends {
    term: Option<Signal>,
    interrupt: Option<Signal>,
}

impl Signals {
    /// From here on they do not end the process. What was ignored at the start stays ignored.
    pub(super) fn new() -> std::io::Result<Self> {
        let listen = |kind: SignalKind| {
            if is_ignored(kind.as_raw_value()) { Ok(None) } else { signal(kind).map(Some) }
        };
        let ends = Ends { term: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? };
        Ok(Self { ends, hangup: listen(SignalKind::hangup())? })
    }
}

impl Ends {
    /// The name of the next one.
    pub(super) async fn next(&mut self) -> &'static str {
        tokio::select! {
            () = next(&mut self.term) => "SIGTERM",
            () = next(&mut self.interrupt) => "SIGINT",
        }
    }
}

/// The next time that it comes; never, if it is to stay ignored.
pub(super) async fn next(signal: &mut Option<Signal>) {
    match signal {
        // It ends only with the runtime.
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}
