//! What `/metrics` says, each described in `docs/fetcher-metrics.md`. Labels are words of ours: no name of a secret, a
//! file or a process is ever in one.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prometheus::proto::MetricFamily;
use prometheus::{Encoder as _, Gauge, GaugeVec, IntCounter, IntCounterVec, Opts, Registry, TextEncoder};

use super::freshness::Status;

/// The form that [`Metrics::render`] gives.
pub(super) const CONTENT_TYPE: &str = prometheus::TEXT_FORMAT;

const VALID: &str = "names and labels are constants";

/// What is counted as it happens; what has a state of its own is read when it is asked for.
pub(super) struct Metrics {
    registry: Registry,
    refreshes: IntCounterVec,
    switches: IntCounter,
    notifications: IntCounterVec,
    next_refresh: Gauge,
}

/// How a refresh ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refreshed {
    /// Everything came.
    Complete,
    /// Some of it; the rest keeps its last good bytes.
    Partial,
    /// Nothing could be published.
    Failed,
}

impl Metrics {
    /// Nothing counted yet.
    pub(super) fn new() -> Self {
        let counters = |name, help, label| IntCounterVec::new(Opts::new(name, help), label).expect(VALID);
        let refreshes = counters("seal_fetcher_refreshes_total", "Refreshes, by how they ended", &["outcome"]);
        let switches = IntCounter::new("seal_fetcher_switches_total", "New generations").expect(VALID);
        let notifications =
            counters("seal_fetcher_notifications_total", "Notifications after a switch", &["kind", "outcome"]);
        let next_refresh =
            Gauge::new("seal_fetcher_next_refresh_timestamp_seconds", "When the next refresh begins").expect(VALID);
        for outcome in ["complete", "partial", "failed"] {
            refreshes.with_label_values(&[outcome]);
        }
        let registry = Registry::new();
        registry.register(Box::new(refreshes.clone())).expect(VALID);
        registry.register(Box::new(switches.clone())).expect(VALID);
        registry.register(Box::new(notifications.clone())).expect(VALID);
        registry.register(Box::new(next_refresh.clone())).expect(VALID);
        Self { registry, refreshes, switches, notifications, next_refresh }
    }

    pub(super) fn refreshed(&self, outcome: Refreshed) {
        let word = match outcome {
            Refreshed::Complete => "complete",
            Refreshed::Partial => "partial",
            Refreshed::Failed => "failed",
        };
        self.refreshes.with_label_values(&[word]).inc();
    }

    pub(super) fn switched(&self) {
        self.switches.inc();
    }

    pub(super) fn notified(&self, kind: &str, is_done: bool) {
        self.notifications.with_label_values(&[kind, if is_done { "ok" } else { "failed" }]).inc();
    }

    pub(super) fn next_refresh(&self, at: SystemTime) {
        self.next_refresh.set(seconds(at));
    }

    /// Everything at one time, as Prometheus reads it.
    pub(super) fn render(&self, status: &Status, lost_lines: u64) -> String {
        let mut families = self.registry.gather();
        families.extend(read(status, lost_lines));
        families.extend(sealkit_host::process_metrics::gather());
        let mut text = Vec::new();
        TextEncoder::new().encode(&families, &mut text).expect("it is written to memory");
        String::from_utf8(text).unwrap_or_default()
    }
}

/// What is known from the state of the units.
fn read(status: &Status, lost_lines: u64) -> Vec<MetricFamily> {
    let registry = Registry::new();
    let gauge = |name: &str, help: &str, value: f64| {
        let gauge = Gauge::new(name, help).expect(VALID);
        gauge.set(value);
        registry.register(Box::new(gauge)).expect(VALID);
    };
    gauge("seal_fetcher_ready", "Whether everything that is wanted is published", f64::from(u8::from(status.ready)));
    let missing = status.units.iter().filter(|unit| unit.age_seconds.is_none()).count();
    gauge("seal_fetcher_units", "Outputs of the specification", number(status.units.len()));
    gauge("seal_fetcher_units_missing", "Outputs that were never published", number(missing));
    let fallback = status.units.iter().filter(|unit| unit.fallback).count();
    gauge("seal_fetcher_units_fallback", "Outputs that a sealed file stands in for", number(fallback));
    let oldest = status.units.iter().filter_map(|unit| unit.age_seconds).max().unwrap_or_default();
    gauge(
        "seal_fetcher_oldest_unit_age_seconds",
        "Since when the oldest output was not fetched",
        Duration::from_secs(oldest).as_secs_f64(),
    );
    for (name, help, at) in [
        ("seal_fetcher_last_refresh_timestamp_seconds", "When the last refresh ended", status.tried),
        ("seal_fetcher_last_complete_refresh_timestamp_seconds", "When everything came last", status.complete),
    ] {
        if let Some(at) = at {
            gauge(name, help, seconds(at));
        }
    }
    if let Some(first) = status.units.iter().filter_map(|unit| unit.not_after).min() {
        gauge(
            "seal_fetcher_certificate_not_after_timestamp_seconds",
            "When the first of the published certificates expires",
            Duration::from_secs(first).as_secs_f64(),
        );
    }
    let lost = IntCounter::new("seal_fetcher_audit_lines_lost_total", "Audit lines that could not be written");
    let lost = lost.expect(VALID);
    lost.inc_by(lost_lines);
    registry.register(Box::new(lost)).expect(VALID);
    let kept = GaugeVec::new(
        Opts::new("seal_fetcher_units_kept", "Outputs whose last good bytes stay, by why they could not be had"),
        &["class"],
    );
    let kept = kept.expect(VALID);
    let mut classes: BTreeMap<&str, usize> = BTreeMap::new();
    for unit in status.units.iter().filter(|unit| unit.age_seconds.is_some()) {
        if let Some(class) = unit.class {
            *classes.entry(class).or_default() += 1;
        }
    }
    for (class, count) in classes {
        kept.with_label_values(&[class]).set(number(count));
    }
    registry.register(Box::new(kept)).expect(VALID);
    registry.gather()
}

fn seconds(at: SystemTime) -> f64 {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
