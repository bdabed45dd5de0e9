//! `exec --watch`: stays beside the command, and starts it again when secrets change.
//!
//! ```text
//!            ┌──────────────── nothing new, or a failure ───────────────┐
//! started ── runs ── fetched ── changed ── stop signal ── grace ── KILL ── started
//!            │                             └─ ended ────────────────────┘
//!            └─ ended by itself, or by a signal that was passed on ── its exit code is ours
//! ```

use std::pin::Pin;
use std::process::Command;
use std::time::Duration;

use rustix::process::{Pid, Signal as Number, WaitOptions, WaitStatus, wait, waitpid};
use tokio::time::{Instant, sleep_until};

use super::delivery::{Delivered, Deliverer};
use super::memory_file::MemoryFile;
use super::relay::{Came, Relay, pass_on, send};
use super::{Failed, program};
use crate::args::ExecArgs;
use crate::modes::prepare::{Fetched, Prepared};
use crate::modes::refresh::Schedule;
use crate::report::Report;

/// The one who stays.
pub(super) struct Supervisor<'a> {
    prepared: &'a Prepared,
    deliverer: Deliverer,
    args: &'a ExecArgs,
    schedule: Schedule,
    /// Whether all orphans of the container become our children.
    is_init: bool,
}

/// The next start of the command.
struct Next {
    command: Command,
    memory: Vec<MemoryFile>,
}

/// The command as it runs.
struct Running {
    pid: Pid,
    /// It was told to end so that it can be started anew; then it is killed at this time.
    replaced: Option<(Instant, Next)>,
    /// Somebody else told it to end.
    is_told_to_end: bool,
}

impl<'a> Supervisor<'a> {
    pub(super) fn new(prepared: &'a Prepared, deliverer: Deliverer, args: &'a ExecArgs) -> Self {
        // A program of the profile's is waited for by whoever started it: its status must not be taken away.
        let is_init = std::process::id() == 1 && !prepared.aws.login_files().runs_process;
        let schedule = Schedule::new(args.supervision.interval);
        Self { prepared, deliverer, args, schedule, is_init }
    }

    /// Starts the command and stays until it ends: its exit code, 128 + n if a signal ended it.
    pub(super) async fn run(
        mut self,
        command: Command,
        memory: Vec<MemoryFile>,
        mut relay: Relay,
    ) -> Result<u8, Failed> {
        let mut running = start(Next { command, memory })?;
        let mut refresh = self.refresh(true);
        loop {
            let kill_at = running.replaced.as_ref().map(|(at, _)| *at);
            tokio::select! {
                biased;
                came = relay.next() => match came {
                    Came::Signal(number) => {
                        running.is_told_to_end |= [Number::TERM, Number::INT, Number::QUIT].contains(&number);
                        pass_on(number, running.pid);
                    }
                    Came::Child => {
                        let Some(status) = self.reap(running.pid) else { continue };
                        match running.replaced {
                            Some((_, next)) if !running.is_told_to_end => running = start(next)?,
                            _ => return Ok(code(status)),
                        }
                    }
                },
                () = until(kill_at) => {
                    tracing::warn!("the command did not end in time, and is killed");
                    send(Number::KILL, running.pid);
                    if let Some((at, _)) = &mut running.replaced {
                        *at += Duration::from_secs(3_600);
                    }
                }
                fetched = &mut refresh => {
                    drop(refresh);
                    let is_complete = self.deliver(fetched, &mut running);
                    refresh = self.refresh(is_complete);
                }
            }
        }
    }

    /// The next fetch, when its time has come.
    fn refresh(&mut self, is_complete: bool) -> Pin<Box<dyn Future<Output = Fetched> + 'a>> {
        let (at, prepared) = (Instant::now() + self.schedule.pause(is_complete), self.prepared);
        Box::pin(async move {
            sleep_until(at).await;
            prepared.fetch().await
        })
    }

    /// Whether everything could be had. If it has changed, the command is told to end.
    fn deliver(&mut self, fetched: Fetched, running: &mut Running) -> bool {
        let delivered = self.deliverer.deliver(self.prepared, fetched).and_then(|delivered| {
            delivered.iter().try_for_each(|it| it.environment.fits(&self.args.command))?;
            Ok(delivered)
        });
        match delivered {
            Ok(None) => true,
            Ok(Some(Delivered { environment, memory, .. })) => {
                let stop = self.args.supervision.stop_signal;
                tracing::info!(signal = %stop, "secrets have changed: the command is started again");
                let next = Next { command: program::command(&self.args.command, &environment), memory };
                let kill_at = running.replaced.take().map(|(at, _)| at);
                if kill_at.is_none() {
                    send(stop.0, running.pid);
                }
                let kill_at = kill_at.unwrap_or_else(|| Instant::now() + self.args.supervision.grace);
                running.replaced = Some((kill_at, next));
                true
            }
            Err(failures) => {
                let report = Report::new("exec", "").failed(failures);
                for problem in report.problems() {
                    tracing::warn!(class = problem.class.class(), "the command goes on with what it has: {problem}");
                }
                false
            }
        }
    }

    /// Takes the state of children that ended; that of `command` if it is among them.
    fn reap(&self, command: Pid) -> Option<WaitStatus> {
        let mut found = None;
        loop {
            let waited =
                if self.is_init { wait(WaitOptions::NOHANG) } else { waitpid(Some(command), WaitOptions::NOHANG) };
            match waited {
                Ok(Some((pid, status))) if pid == command => found = Some(status),
                Ok(Some(_)) => {}
                // None has ended, or there is none any more.
                Ok(None) | Err(_) => return found,
            }
        }
    }
}

/// Starts the command. What it was given is dropped as soon as it has it.
fn start(next: Next) -> Result<Running, Failed> {
    let Next { mut command, memory } = next;
    let child = program::spawn(&mut command)?;
    drop((command, memory));
    Ok(Running { pid: Pid::from_child(&child), replaced: None, is_told_to_end: false })
}

/// As shells have it.
fn code(status: WaitStatus) -> u8 {
    let code = status.exit_status().or_else(|| status.terminating_signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}
