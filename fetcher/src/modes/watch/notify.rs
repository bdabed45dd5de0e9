//! Who is told of a switch: over HTTP, by a signal, by a command.
//!
//! Readers that watch the directory need none of this. A notification never holds up a refresh, and one that is still
//! being tried when the next switch comes is replaced by it.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use futures_util::future::join;
use http::{Method, Uri};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, kill_process_group, wait};
use sealkit_host::audit;
use sealkit_host::text::error_chain;
use tokio::process::Command;
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

use super::metrics::Metrics;
use crate::args::{NotifyArgs, NotifySignal};
use crate::failure::Failure;
use crate::modes::http::{has_password, request};

/// A service that is being restarted itself is back after one of these.
const PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(30)];
/// For one request.
const ANSWER: Duration = Duration::from_secs(5);
/// For one command.
const COMMAND: Duration = Duration::from_secs(60);

/// Tells whoever is to be told.
pub(super) struct Notifier {
    to: NotifyArgs,
    /// Whether what commands leave behind comes to us when it ends.
    reaps: bool,
    running: Option<AbortHandle>,
}

impl Notifier {
    /// Checks what can be before anything is fetched.
    pub(super) fn new(args: &NotifyArgs) -> Result<Self, Failure> {
        let wrong = |message: &str, hint: &str| Failure::other("", audit::Failure::Config, message, hint);
        if args.http.as_ref().is_some_and(|url| !is_loopback(url)) {
            return Err(wrong(
                "--notify-http: the host is not this machine",
                "name localhost, 127.0.0.1 or [::1]: containers of a pod or task share them",
            ));
        }
        if args.http.as_ref().is_some_and(has_password) {
            return Err(wrong("--notify-http: a name and a password are not sent", "leave them out"));
        }
        if args.command.as_ref().is_some_and(|command| command.split_whitespace().next().is_none()) {
            return Err(wrong("--notify-command: it is empty", "name a program, and its arguments after blanks"));
        }
        Ok(Self { to: args.clone(), reaps: false, running: None })
    }

    /// Takes the state of orphans, as process 1 of a container has to. Nobody else may wait for children then.
    pub(super) fn reap_orphans(&mut self) {
        self.reaps = std::process::id() == 1;
    }

    /// Whether a program that is not ours is run.
    pub(super) fn runs_command(&self) -> bool {
        self.to.command.is_some()
    }

    /// Whether signals are sent.
    pub(super) fn sends_signals(&self) -> bool {
        self.to.signal.is_some()
    }

    /// Tells of a switch, beside whatever else is done.
    pub(super) fn tell(&mut self, metrics: &Arc<Metrics>) {
        if let Some(running) = self.running.take().filter(|running| !running.is_finished()) {
            tracing::info!("the next switch came: what was still being told of the last one is given up");
            running.abort();
        }
        if self.to.http.is_none() && self.to.signal.is_none() && self.to.command.is_none() {
            return;
        }
        let (to, reaps, metrics) = (self.to.clone(), self.reaps, Arc::clone(metrics));
        self.running = Some(
            tokio::spawn(async move {
                tell_all(&to, &metrics).await;
                if reaps {
                    // The command itself was waited for. What ends later is taken after the next switch.
                    while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
                }
            })
            .abort_handle(),
        );
    }
}

async fn tell_all(to: &NotifyArgs, metrics: &Metrics) {
    if let Some(signal) = &to.signal {
        told(metrics, "signal", &signal.process, send(signal).map_err(|error| error.to_string()));
    }
    // Neither waits for the other: one that hangs is replaced with the next switch.
    let http = async {
        if let Some(url) = &to.http {
            // Without a query, which may be a password.
            let whom = format!("http://{}{}", url.authority().map_or("", http::uri::Authority::as_str), url.path());
            told(metrics, "http", &whom, post(url).await);
        }
    };
    let command = async {
        if let Some(command) = &to.command {
            told(metrics, "command", command.split_whitespace().next().unwrap_or_default(), run(command).await);
        }
    };
    join(http, command).await;
}

fn told(metrics: &Metrics, kind: &str, whom: &str, outcome: Result<(), String>) {
    metrics.notified(kind, outcome.is_ok());
    match outcome {
        Ok(()) => tracing::info!(kind, whom, "notified"),
        Err(error) => tracing::warn!(kind, whom, "not notified: {error}"),
    }
}

/// Posts until somebody answers with success.
async fn post(url: &Uri) -> Result<(), String> {
    let mut pauses = PAUSES.into_iter();
    loop {
        let error = match request(Method::POST, url, ANSWER).await {
            Ok(status) if status.is_success() => return Ok(()),
            Ok(status) => format!("answered with {status}"),
            Err(error) => error_chain(&error),
        };
        match pauses.next() {
            Some(pause) => sleep(pause).await,
            None => return Err(error),
        }
    }
}

/// Sends the signal to all processes of its name but ourselves.
fn send(signal: &NotifySignal) -> io::Result<()> {
    let (mut sent, mut refused) = (0_usize, None);
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
        // A process that has ended meanwhile has no name.
        let Ok(name) = fs::read_to_string(entry.path().join("comm")) else { continue };
        if name.trim_end_matches('\n') != signal.process || u32::try_from(pid) == Ok(std::process::id()) {
            continue;
        }
        match Pid::from_raw(pid).map(|pid| kill_process(pid, signal.signal.0)) {
            Some(Ok(())) => sent += 1,
            Some(Err(error)) => refused = Some(error),
            None => {}
        }
    }
    match (sent, refused) {
        (0, Some(error)) => Err(error.into()),
        (0, None) => Err(io::Error::other(
            "no process of this name is seen: share the process namespace (shareProcessNamespace, pidMode task)",
        )),
        _ => Ok(()),
    }
}

/// A command that is running, with all that it started and that stayed in its process group: killed when dropped.
struct Running(Option<Pid>);

impl Drop for Running {
    fn drop(&mut self) {
        // Nobody is left of a group that has ended. A child that is not waited for yet keeps the number of its group.
        let _gone = self.0.map(|group| kill_process_group(group, Signal::KILL));
    }
}

/// Runs the command to its end.
async fn run(command: &str) -> Result<(), String> {
    let mut words = command.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or_default());
    // Its standard output is not ours: logs go to standard error.
    command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).process_group(0);
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let mut running = Running(child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?)));
    let status = timeout(COMMAND, child.wait()).await;
    if status.is_ok() {
        // Its number may be another's now; what it left behind on purpose, such as a daemon, is its own affair.
        running.0 = None;
    }
    match status {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(status.to_string()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("not done within {} s", COMMAND.as_secs())),
    }
}

fn is_loopback(url: &Uri) -> bool {
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_told() {
        for (url, fits) in [
            ("http://localhost:80/", true),
            ("http://127.0.0.2/x", true),
            ("http://[::1]:8080/", true),
            ("http://10.0.0.1/", false),
            ("http://example.com/", false),
        ] {
            let args = NotifyArgs { http: url.parse().ok(), ..NotifyArgs::default() };
            assert_eq!(Notifier::new(&args).is_ok(), fits, "{url}");
        }
    }
}
