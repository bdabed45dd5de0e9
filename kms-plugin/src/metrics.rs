//! What `/metrics` says; each metric is described in `docs/kms-plugin-metrics.md`.
//!
//! Two kinds: what is counted as it happens lives in a registry ([`Metrics`]), what has a state of its own (health,
//! caches, KEKs) is read when it is asked for (`reading`).
//!
//! Labels have few values: sockets, keys and Regions of the configuration, and words of our own. Names of objects,
//! UIDs, encryption contexts and error texts are never in one.

mod reading;
mod series;
mod socket;

use std::time::{SystemTime, UNIX_EPOCH};

use prometheus::core::Collector;
use prometheus::{
    Encoder as _, Gauge, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};

use crate::audit::Audit;
use crate::service::SocketState;

use series::Users;
pub use socket::{Rpc, SocketMetrics};

/// The form that [`Metrics::render`] gives.
pub const CONTENT_TYPE: &str = prometheus::TEXT_FORMAT;

/// What is counted as it happens. One for the process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// AEP's two, with its labels: (key_arn, status, operation, version).
    operations: IntCounterVec,
    operation_ms: HistogramVec,
    kms_calls: IntCounterVec,
    memory: IntCounterVec,
    rpcs: IntCounterVec,
    rpc_seconds: HistogramVec,
    in_flight: IntGaugeVec,
    reloads: IntCounterVec,
    reload_succeeded: IntGauge,
    reload_time: Gauge,
    users: Users,
}

/// How a reload of the configuration ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reload {
    /// The new configuration is in use.
    Applied,
    /// It is the same as before.
    Unchanged,
    /// It has mistakes, or needs a restart: the old one stays.
    Refused,
}

impl Reload {
    /// The word for it, in metrics and the log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Unchanged => "unchanged",
            Self::Refused => "refused",
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Nothing counted yet.
    #[must_use]
    pub fn new() -> Self {
        let registry = Registry::new();
        let this = Self {
            operations: counters(
                "aws_encryption_provider_kms_operations_total",
                "Encrypt and Decrypt calls to KMS made for kube-apiserver; probes and what was served from memory apart",
                &AEP_LABELS,
            ),
            operation_ms: histograms(
                "aws_encryption_provider_kms_operation_latency_ms",
                "Latency of these calls in milliseconds, retries included",
                &AEP_LABELS,
                prometheus::exponential_buckets(2.0, 2.0, 14),
            ),
            kms_calls: counters(
                "seal_kms_plugin_kms_calls_total",
                "All calls to KMS, by on whose behalf they were made and how they ended",
                &["socket", "key", "region", "operation", "source", "outcome"],
            ),
            memory: counters(
                "seal_kms_plugin_served_from_memory_total",
                "Requests of kube-apiserver that needed no call to KMS",
                &["socket", "api", "operation"],
            ),
            rpcs: counters(
                "seal_kms_plugin_rpcs_total",
                "Requests of kube-apiserver that ended, by gRPC code",
                &["socket", "api", "method", "code"],
            ),
            rpc_seconds: histograms(
                "seal_kms_plugin_rpc_duration_seconds",
                "From the request of kube-apiserver to its answer",
                &["socket", "api", "method"],
                prometheus::exponential_buckets(0.000_1, 4.0, 9),
            ),
            in_flight: IntGaugeVec::new(
                Opts::new("seal_kms_plugin_rpcs_in_flight", "Requests of kube-apiserver that are being served"),
                &["socket"],
            )
            .expect(VALID),
            reloads: counters(
                "seal_kms_plugin_config_reloads_total",
                "Reloads of the configuration, by how they ended: applied, unchanged, refused",
                &["outcome"],
            ),
            reload_succeeded: IntGauge::new(
                "seal_kms_plugin_config_last_reload_successful",
                "0 if the configuration was refused, for mistakes or what needs a restart, and an older one is in use",
            )
            .expect(VALID),
            reload_time: Gauge::new(
                "seal_kms_plugin_config_last_reload_timestamp_seconds",
                "When the configuration was last read",
            )
            .expect(VALID),
            registry,
            users: Users::default(),
        };
        for metric in this.all() {
            this.registry.register(metric).expect("each name is registered once");
        }
        for outcome in [Reload::Applied, Reload::Unchanged, Reload::Refused] {
            this.reloads.with_label_values(&[outcome.as_str()]);
        }
        this.reload_succeeded.set(1);
        this.reload_time.set(now());
        this
    }

    /// The configuration was read again.
    pub fn reloaded(&self, reload: Reload) {
        self.reloads.with_label_values(&[reload.as_str()]).inc();
        self.reload_succeeded.set((reload != Reload::Refused).into());
        self.reload_time.set(now());
    }

    /// All metrics as text, those that `sockets` and `audit` have a state for included.
    #[must_use]
    pub fn render<'a>(&self, sockets: impl IntoIterator<Item = &'a SocketState>, audit: Option<&Audit>) -> Vec<u8> {
        let mut families = self.registry.gather();
        families.extend(reading::gather(sockets, audit));
        families.extend(sealkit_host::process_metrics::gather());
        families.sort_by(|a, b| a.name().cmp(b.name()));
        let mut text = Vec::new();
        TextEncoder::new().encode(&families, &mut text).expect("memory takes what is written to it");
        text
    }

    /// The names of all metrics, with or without a sample.
    #[cfg(test)]
    fn names(&self) -> std::collections::BTreeSet<String> {
        let counted = self.all();
        let descriptions = counted.iter().flat_map(|metric| metric.desc());
        descriptions.map(|description| description.fq_name.clone()).chain(reading::names()).collect()
    }

    fn all(&self) -> [Box<dyn Collector>; 10] {
        [
            Box::new(self.operations.clone()),
            Box::new(self.operation_ms.clone()),
            Box::new(self.kms_calls.clone()),
            Box::new(self.memory.clone()),
            Box::new(self.rpcs.clone()),
            Box::new(self.rpc_seconds.clone()),
            Box::new(self.in_flight.clone()),
            Box::new(self.reloads.clone()),
            Box::new(self.reload_succeeded.clone()),
            Box::new(self.reload_time.clone()),
        ]
    }
}

const AEP_LABELS: [&str; 4] = ["key_arn", "status", "operation", "version"];
const VALID: &str = "names and labels are constants that Prometheus allows";

fn counters(name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    IntCounterVec::new(Opts::new(name, help), labels).expect(VALID)
}

fn histograms(name: &str, help: &str, labels: &[&str], buckets: prometheus::Result<Vec<f64>>) -> HistogramVec {
    let options = HistogramOpts::new(name, help).buckets(buckets.expect(VALID));
    HistogramVec::new(options, labels).expect(VALID)
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

#[cfg(test)]
mod tests;
