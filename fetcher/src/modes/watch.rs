//! `watch`: what `init` does, then everything anew as often as it is asked for, until it is told to end.
//!
//! ```text
//!             ┌────────────── jittered pause, SIGHUP or POST /refresh ─────────────┐
//! prepare ── fetch ── publish ─┬─ switched ── notify ──┬── freshness ── /readyz ───┘
//!  or take    all      what    └─ unchanged ───────────┘   age, reason  /metrics
//!  over                came
//! ```
//!
//! The first publication is all or nothing. After it an object that can't be had keeps its last good bytes and all
//! others move on.

mod endpoints;
mod freshness;
mod metrics;
mod notify;
mod refreshing;
mod signals;

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sealkit_host::audit;
use sealkit_host::endpoints::ListenAddress;
use sealkit_host::exit::Exit;
use sealkit_host::text::Escaped;
use tokio::time::Instant;

use super::prepare::{Fetched, Prepared};
use super::publishing::{outputs, prepare};
use super::refresh::Schedule;
use super::{confinement, ending};
use crate::args::WatchArgs;
use crate::failure::Failure;
use crate::output::{self, MadeTo, planned_units};
use crate::publish::{Outcome, Publisher};
use crate::report::{OutputKind, Published, Report};
use endpoints::{Asked, Served};
use freshness::Freshness;
use metrics::Metrics;
use notify::Notifier;
use signals::{Came, Signals};

/// Who refreshes more often is warned: each pod pays for it, and shares the account's quotas.
const SHORT_INTERVAL: Duration = Duration::from_secs(60);

/// How often we look, between refreshes, whether the target is still there.
const TARGET_LOOK: Duration = Duration::from_secs(60);

/// Runs the mode to its end.
pub async fn run(args: &WatchArgs) -> Exit {
    let mut signals = Signals::new();
    let mut report = Report::new("watch", super::specification::origin(&args.fetch.spec.spec));
    let started = tokio::select! {
        biased;
        // Nothing is fetched yet.
        failure = signals.ended(|| {}) => Err(vec![failure]),
        started = Watch::start(args) => started,
    };
    match started {
        Ok(watch) => watch.run(signals, report).await,
        Err(failures) => {
            report.failures = failures;
            ending::tell(&mut report, &args.fetch.reports)
        }
    }
}

/// All that stays while the process does.
struct Watch<'a> {
    args: &'a WatchArgs,
    prepared: Prepared,
    publisher: Publisher,
    notifier: Notifier,
    freshness: Arc<Freshness>,
    metrics: Arc<Metrics>,
    asked: Arc<Asked>,
    schedule: Schedule,
    /// When a replaced generation has outlived its readers.
    sweep_at: Option<Instant>,
}

impl<'a> Watch<'a> {
    /// Everything before the first call.
    async fn start(args: &'a WatchArgs) -> Result<Self, Vec<Failure>> {
        let (notifier, listener) = (Notifier::new(&args.notify), listen(args.refresh.listen));
        let (prepared, publisher) = match prepare(&args.fetch, &args.target).await {
            Ok(it) if notifier.is_ok() && listener.is_ok() => it,
            prepared => {
                let of_flags = notifier.err().into_iter().chain(listener.err());
                return Err(prepared.err().unwrap_or_default().into_iter().chain(of_flags).collect());
            }
        };
        let (Ok(mut notifier), Ok(listener)) = (notifier, listener) else { return Err(Vec::new()) };
        if !prepared.aws.login_files().runs_process {
            notifier.reap_orphans();
        }
        let freshness = Arc::new(Freshness::new(planned_units(&prepared.plan)));
        let (metrics, asked) = (Arc::new(Metrics::new()), Arc::new(Asked::default()));
        if let Some(listener) = listener {
            tracing::info!(address = listener.local_addr().ok().map(|it| it.to_string()), "listening");
            let served = Served {
                freshness: Arc::clone(&freshness),
                metrics: Arc::clone(&metrics),
                asked: Arc::clone(&asked),
                lost_lines: prepared.record.lost(),
            };
            tokio::spawn(sealkit_host::endpoints::serve(listener, served, std::future::pending()));
        }
        if notifier.runs_command() {
            tracing::info!("not confined by Landlock: a command is run after each switch");
        } else {
            confinement::confine(&prepared, &args.fetch, publisher.target().path(), notifier.sends_signals());
        }
        if args.refresh.interval < SHORT_INTERVAL {
            tracing::warn!(
                "--interval {}: all that is wanted is asked for as often; `seal-fetcher plan --interval` says what that \
                 costs",
                humantime::format_duration(args.refresh.interval)
            );
        }
        let schedule = Schedule::new(args.refresh.interval);
        Ok(Self { args, prepared, publisher, notifier, freshness, metrics, asked, schedule, sweep_at: None })
    }

    async fn run(mut self, mut signals: Signals, mut report: Report) -> Exit {
        let mut is_first = !self.take_over();
        loop {
            let fetched = tokio::select! {
                biased;
                // What was answered before the signal is asked for again.
                failure = signals.ended(|| self.asked.ask()) => return self.ended(failure, is_first, report),
                fetched = self.prepared.fetch() => fetched.with_variables_as_files(&self.prepared.plan),
            };
            let outcome = self.publish(fetched, is_first);
            if self.publisher.target().is_gone() {
                report.failures = vec![target_gone(self.publisher.target().path())];
                return ending::tell(&mut report, &self.args.fetch.reports);
            }
            let is_complete = match outcome {
                Err(failures) if is_first => {
                    report.failures = failures;
                    return ending::tell(&mut report, &self.args.fetch.reports);
                }
                Err(failures) => self.tell_refresh(&report, failures, None),
                Ok((published, failures)) if is_first => {
                    // Nothing but an audit line can be missing here.
                    let is_recorded = failures.is_empty();
                    tracing::info!(
                        generation = published.generation,
                        files = published.outputs.len(),
                        changed = published.is_changed,
                        "published"
                    );
                    report.published = Some(published);
                    report.failures = failures;
                    let exit = ending::tell(&mut report, &self.args.fetch.reports);
                    if !is_recorded {
                        return exit;
                    }
                    // What else can't be told of a success is no reason to let the pod wait.
                    self.prepared.record.survive_losses();
                    report.failures.is_empty()
                }
                Ok((published, failures)) => self.tell_refresh(&report, failures, Some(published)),
            };
            is_first = false;
            if output::has_endless_template() {
                report.failures = vec![endless_template()];
                return ending::tell(&mut report, &self.args.fetch.reports);
            }
            if let Some(failure) = self.pause(is_complete, &mut signals).await {
                return self.ended(failure, false, report);
            }
        }
    }

    /// Whether something is published already: then this is no beginning, and readers have what they need.
    fn take_over(&mut self) -> bool {
        let Ok(Some(published)) = self.publisher.current() else { return false };
        tracing::info!(generation = published.generation.as_str(), "taken over what is published");
        self.freshness.take_over(&published);
        self.prepared.record.survive_losses();
        // What it replaced may still be there.
        self.sweep_at = Some(Instant::now() + self.args.target.rules.keep);
        true
    }

    /// Publishes what came, with the last good bytes of the rest; what failed beside it. Nothing if it is the first time
    /// and anything failed, or if the target can't be switched.
    fn publish(&mut self, mut fetched: Fetched, is_first: bool) -> Result<(Published, Vec<Failure>), Vec<Failure>> {
        let current = self.publisher.current().ok().flatten();
        if let Some(current) = &current {
            refreshing::keep_before_fallback(&mut fetched, current);
            refreshing::refuse_taken(&mut fetched, current);
        }
        let mut failures: Vec<Failure> = fetched.failures().cloned().collect();
        let resource = self.publisher.target().path().to_string_lossy().into_owned();
        if !failures.is_empty() {
            self.prepared.record.not_published(&failures, &resource);
        }
        if is_first && !failures.is_empty() {
            return Err(failures);
        }
        let known: BTreeSet<&str> = current.iter().flat_map(|it| &it.units).map(|unit| unit.unit.as_str()).collect();
        let mut outcome = self.publisher.publish(&refreshing::publications(&fetched, &known), fetched.at);
        // First what has grown, then whatever content names.
        while let Err(error) = &outcome
            && !is_first
            && error.is_for_want_of_room()
            && refreshing::hold_back_found(&mut fetched, &self.prepared.plan, current.as_ref(), error)
        {
            let held: Vec<Failure> = fetched.failures().filter(|it| !failures.contains(it)).cloned().collect();
            self.prepared.record.not_published(&held, &resource);
            failures.extend(held);
            outcome = self.publisher.publish(&refreshing::publications(&fetched, &known), fetched.at);
        }
        let outcome = outcome.map_err(|error| {
            let failure = Failure::from(error);
            self.prepared.record.not_published(std::slice::from_ref(&failure), &resource);
            self.freshness.not_switched(&failure, &fetched);
            self.metrics.refreshed(metrics::Refreshed::Failed);
            let mut failures = failures.clone();
            failures.push(failure);
            failures
        })?;
        let is_changed = matches!(outcome, Outcome::Switched { .. });
        let published = self.publisher.current().ok().flatten();
        if let Some(published) = &published {
            self.freshness.published(published, &fetched);
        }
        if is_changed {
            self.metrics.switched();
            self.sweep_at = Some(Instant::now() + self.args.target.rules.keep);
            failures.extend(self.prepared.record.published(fetched.made(), &resource).err());
            if !is_first {
                self.notifier.tell(&self.metrics);
            }
        }
        self.metrics.refreshed(match failures.is_empty() {
            true => metrics::Refreshed::Complete,
            false if fetched.units.iter().all(|unit| unit.result.is_err()) => metrics::Refreshed::Failed,
            false => metrics::Refreshed::Partial,
        });
        let published = Published {
            target: Some(self.publisher.target().path().to_owned()),
            generation: published.map(|it| it.generation.as_str().to_owned()),
            is_changed,
            outputs: outputs(&fetched.units, |made| match &made.to {
                MadeTo::File(file) => Some((OutputKind::File, file.path.clone())),
                MadeTo::Variable(_) => None,
            }),
        };
        Ok((published, failures))
    }

    /// Tells how a refresh went; whether it brought everything.
    fn tell_refresh(&self, first: &Report, failures: Vec<Failure>, published: Option<Published>) -> bool {
        let mut report = Report::new("watch", first.spec.clone()).failed(failures);
        let problems = report.problems().len();
        for problem in report.problems() {
            tracing::warn!(class = problem.class.class(), "the last good bytes stay: {problem}");
        }
        if let Some(published) = &published {
            let told = match problems {
                0 => "refreshed",
                _ => "refreshed in part: what could not be had stays as it was",
            };
            tracing::info!(generation = published.generation, changed = published.is_changed, problems, "{told}");
        }
        report.published = published;
        if let Some(path) = &self.args.fetch.reports.report
            && let Err(error) = crate::report::write_json(&report, path)
        {
            tracing::warn!(path = %path.display(), %error, "the report can't be written");
        }
        report.failures.is_empty()
    }

    /// Waits for the next refresh: its time, a signal, or whoever asks for it. A failure is the signal that ends us.
    async fn pause(&mut self, is_complete: bool, signals: &mut Signals) -> Option<Failure> {
        let earliest = Asked::earliest();
        let refresh_at = earliest.max(Instant::now() + self.schedule.pause(is_complete));
        self.metrics.next_refresh(SystemTime::now() + refresh_at.saturating_duration_since(Instant::now()));
        loop {
            let sweep_at = self.sweep_at;
            tokio::select! {
                biased;
                came = signals.next() => match came {
                    Came::End(failure) => return Some(failure),
                    // However many come, and by whichever way.
                    Came::Refresh => self.asked.ask(),
                },
                () = until(sweep_at) => {
                    self.sweep_at = None;
                    if let Err(error) = self.publisher.sweep() {
                        tracing::warn!(%error, "a replaced generation can't be removed");
                    }
                }
                () = self.asked.refresh(earliest) => {
                    tracing::info!("asked to refresh now");
                    return None;
                }
                () = tokio::time::sleep_until(refresh_at) => return None,
                // Then the next refresh ends us.
                () = tokio::time::sleep(TARGET_LOOK) => if self.publisher.target().is_gone() {
                    return None;
                },
            }
        }
    }

    /// Before the first publication the work was not done; after it, it was.
    fn ended(&self, failure: Failure, is_first: bool, mut report: Report) -> Exit {
        if is_first {
            report.failures = vec![failure];
            return ending::tell(&mut report, &self.args.fetch.reports);
        }
        tracing::info!("ended; what is published stays");
        Exit::Ok
    }
}

/// What runs on takes ever more memory, and can only be ended with us. All others were refreshed before.
fn endless_template() -> Failure {
    let message = "a template does not come to an end, and can be stopped with this process only";
    Failure::other("", audit::Failure::Refused, message, "the log names it: make it simpler")
}

/// Another directory of the same name was never proven, and Landlock does not let us open it.
fn target_gone(path: &Path) -> Failure {
    let message = format!("{}: it was removed while we ran, and readers see nothing", Escaped::new(path));
    Failure::other("", audit::Failure::Io, message, "make it again, and start again; remove files below it at most")
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// Before anything is fetched: an address that is in use is told at once.
fn listen(address: Option<ListenAddress>) -> Result<Option<TcpListener>, Failure> {
    let Some(address) = address else { return Ok(None) };
    let listener = address.bind().map_err(|error| {
        let message = format!("--listen {address}: {error}");
        Failure::other("", audit::Failure::Io, message, "choose a free address of this pod")
    })?;
    Ok(Some(listener))
}
