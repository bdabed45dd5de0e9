//! Signals on their way to the command.

use std::future::poll_fn;
use std::task::{Context, Poll};

use rustix::process::{Pid, Signal as Number, getpgrp, kill_process};
use rustix::termios::tcgetpgrp;
use sealkit_host::signal::is_ignored;
use tokio::signal::unix::{Signal, SignalKind, signal as listen};

/// What is passed on. Job control (SIGTSTP and the like) is left to the terminal.
const RELAYED: [Number; 7] =
    [Number::TERM, Number::INT, Number::HUP, Number::QUIT, Number::USR1, Number::USR2, Number::WINCH];

/// The signals that come to this process and are the command's.
pub(super) struct Relay {
    relayed: Vec<(Number, Signal)>,
    /// That a child changed its state.
    children: Option<Signal>,
}

/// What came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// A signal for the command.
    Signal(Number),
    /// A child ended, or more than one.
    Child,
}

impl Relay {
    /// From here on they do nothing to this process. What was ignored at the start stays so, and the command inherits
    /// that.
    pub(super) fn new() -> Self {
        let heeded = |number: Number| !is_ignored(number.as_raw());
        let open = |number: Number| Some((number, listen(SignalKind::from_raw(number.as_raw())).ok()?));
        Self {
            relayed: RELAYED.into_iter().filter(|number| heeded(*number)).filter_map(open).collect(),
            children: listen(SignalKind::child()).ok(),
        }
    }

    /// The next that comes.
    pub(super) async fn next(&mut self) -> Came {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Came> {
        for (number, signal) in &mut self.relayed {
            if signal.poll_recv(context).is_ready() {
                return Poll::Ready(Came::Signal(*number));
            }
        }
        let children = self.children.as_mut().map(|children| children.poll_recv(context));
        if children.is_some_and(|polled| polled.is_ready()) { Poll::Ready(Came::Child) } else { Poll::Pending }
    }
}

/// Passes a signal on to the command. Those that a terminal sends to all of its foreground process group, the command
/// has from the terminal already.
pub(super) fn pass_on(number: Number, command: Pid) {
    let of_terminal = [Number::INT, Number::QUIT, Number::WINCH].contains(&number);
    if of_terminal && is_in_foreground() {
        return;
    }
    send(number, command);
}

/// Sends a signal to the command; that it is gone already will be noticed when it is waited for.
pub(super) fn send(number: Number, command: Pid) {
    if let Err(error) = kill_process(command, number) {
        tracing::debug!(%error, signal = number.as_raw(), "the command can't be sent a signal");
    }
}

/// Whether a terminal is ours to read from, so that what is typed there goes to the command too.
fn is_in_foreground() -> bool {
    let ours = getpgrp();
    tcgetpgrp(std::io::stdin()).or_else(|_| tcgetpgrp(std::io::stderr())).is_ok_and(|group| group == ours)
}
