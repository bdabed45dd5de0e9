//! What has a state of its own, read when `/metrics` is asked for.

use std::time::SystemTime;

use prometheus::core::Collector;
use prometheus::proto::MetricFamily;
use prometheus::{IntCounterVec, IntGaugeVec, Opts};

use super::{VALID, counters};
use crate::audit::Audit;
use crate::health::{Reason, State, Verdict};
use crate::keys::{KekStatistics, ListOutcome, RotationStatus, StateFileHealth, Statistics};
use crate::service::SocketState;

/// The families of one reading. They are made anew for each, so no two of them mix.
struct Reading {
    build: IntGaugeVec,
    state: IntGaugeVec,
    reason: IntGaugeVec,
    status: IntGaugeVec,
    degraded: IntGaugeVec,
    failed_over: IntGaugeVec,
    restart_carried: IntGaugeVec,
    writes_carried: IntGaugeVec,
    probes: IntCounterVec,
    flushes: IntCounterVec,
    entries: IntGaugeVec,
    hits: IntCounterVec,
    joined: IntCounterVec,
    loads: IntCounterVec,
    failures: IntCounterVec,
    evictions: IntCounterVec,
    v1_deks: IntGaugeVec,
    connections: IntCounterVec,
    audit_lost: IntCounterVec,
    credentials_expiry: IntGaugeVec,
    keks: IntGaugeVec,
    kek_age: IntGaugeVec,
    kek_uses: IntGaugeVec,
    kek_failures: IntGaugeVec,
    keks_forgotten: IntCounterVec,
    state_file: IntGaugeVec,
    material_rotated: IntGaugeVec,
    material_waiting: IntGaugeVec,
    rotations_listed: IntGaugeVec,
}

/// All families of this reading.
pub(super) fn gather<'a>(
    sockets: impl IntoIterator<Item = &'a SocketState>,
    audit: Option<&Audit>,
) -> Vec<MetricFamily> {
    let reading = Reading::new();
    reading.build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
    reading.audit_lost.with_label_values::<&str>(&[]).inc_by(audit.map_or(0, Audit::lost));
    for socket in sockets {
        reading.read(socket);
    }
    reading.families()
}

impl Reading {
    fn new() -> Self {
        Self {
            build: gauges("seal_kms_plugin_build_info", "1, with the version", &["version"]),
            state: gauges(
                "seal_kms_plugin_state",
                "1 for the state that the write key is in, 0 for the others",
                &["socket", "state"],
            ),
            reason: gauges(
                "seal_kms_plugin_unwell_reason",
                "1 for the reason for which the write key is out or revoked, 0 for the others",
                &["socket", "reason"],
            ),
            status: gauges(
                "seal_kms_plugin_status",
                "1 for what Status says: ok, unhealthy (healthz text) or failed (gRPC error)",
                &["socket", "verdict"],
            ),
            degraded: gauges(
                "seal_kms_plugin_degraded",
                "1 if anything is wrong with the write key, whatever Status says",
                &["socket"],
            ),
            failed_over: gauges(
                "seal_kms_plugin_failed_over",
                "1 if a replica Region serves the key, whose own does not answer or throttles",
                &["socket", "key"],
            ),
            restart_carried: gauges(
                "seal_kms_plugin_restart_carried",
                "1 if a restart of kube-apiserver would be carried through a KMS outage",
                &["socket"],
            ),
            writes_carried: gauges(
                "seal_kms_plugin_writes_carried",
                "1 if Encrypt needs no KMS: a valid local KEK is in memory, or the write key is a key file",
                &["socket"],
            ),
            probes: counters(
                "seal_kms_plugin_probes_total",
                "Probes of the write key, by outcome: ok or a reason",
                &["socket", "outcome"],
            ),
            flushes: counters(
                "seal_kms_plugin_flushes_total",
                "Times that what was unwrapped under a revoked key was dropped",
                &["socket"],
            ),
            entries: gauges("seal_kms_plugin_cache_entries", "Entries of the unwrap cache", &["socket"]),
            hits: counters("seal_kms_plugin_cache_hits_total", "Decrypts served from the unwrap cache", &["socket"]),
            joined: counters(
                "seal_kms_plugin_cache_joined_total",
                "Decrypts that shared the call of another for the same ciphertext",
                &["socket"],
            ),
            loads: counters("seal_kms_plugin_cache_loads_total", "Decrypts for which KMS was asked", &["socket"]),
            failures: counters("seal_kms_plugin_cache_load_failures_total", "Of these, those that failed", &["socket"]),
            evictions: counters(
                "seal_kms_plugin_cache_evictions_total",
                "Entries that left the unwrap cache: full (for newer ones) or flushed",
                &["socket", "reason"],
            ),
            v1_deks: gauges(
                "seal_kms_plugin_v1_deks",
                "Distinct v1 DEKs that kube-apiserver asked for in the last one to two hours; its own cache holds 1,000",
                &["socket"],
            ),
            connections: counters(
                "seal_kms_plugin_connections_total",
                "Connections to the socket: accepted, refused (uid not allowed), surplus (too many), failed",
                &["socket", "outcome"],
            ),
            audit_lost: counters("seal_kms_plugin_audit_lost_total", "Audit lines that could not be written", &[]),
            credentials_expiry: gauges(
                "seal_kms_plugin_credentials_expiry_timestamp_seconds",
                "When the AWS credentials expire that were found last; absent for those that never do",
                &["socket"],
            ),
            keks: gauges(
                "seal_kms_plugin_keks",
                "KEKs that are known: unwrapped (in memory), or pending (waiting for KMS to unwrap them)",
                &["socket", "state"],
            ),
            kek_age: gauges("seal_kms_plugin_kek_age_seconds", "Age of the KEK that writes", &["socket"]),
            kek_uses: gauges("seal_kms_plugin_kek_uses", "Uses of the KEK that writes", &["socket"]),
            kek_failures: gauges(
                "seal_kms_plugin_kek_renewal_failures",
                "Failures in a row to make the first KEK, or the next",
                &["socket"],
            ),
            keks_forgotten: counters(
                "seal_kms_plugin_keks_forgotten_total",
                "KEKs forgotten to make room: etcd holds more of them than are remembered",
                &["socket"],
            ),
            state_file: gauges(
                "seal_kms_plugin_state_file_ok",
                "0 if the state file cannot be written or is not ours; absent without one",
                &["socket"],
            ),
            material_rotated: gauges(
                "seal_kms_plugin_key_material_rotated_timestamp_seconds",
                "When AWS rotated to the key material that is announced; absent for a key's first one",
                &["socket"],
            ),
            material_waiting: gauges(
                "seal_kms_plugin_key_material_waiting",
                "1 if KMS was last seen to use other key material than is announced",
                &["socket"],
            ),
            rotations_listed: gauges(
                "seal_kms_plugin_key_rotations_list_ok",
                "0 if kms:ListKeyRotations could not be had when it was last needed: rotation is not seen then",
                &["socket"],
            ),
        }
    }

    fn read(&self, socket: &SocketState) {
        let label = &**socket.label();
        let (keys, health) = (socket.keys(), socket.health());
        let state = health.state();
        for each in State::ALL {
            self.state.with_label_values(&[label, each.as_str()]).set((each == state).into());
        }
        let (verdict, reason) = match socket.verdict() {
            Verdict::Ok => ("ok", health.reason()),
            Verdict::Unhealthy(reason) => ("unhealthy", Some(reason)),
            Verdict::Failed(reason) => ("failed", Some(reason)),
        };
        for each in Reason::ALL {
            self.reason.with_label_values(&[label, each.as_str()]).set((Some(each) == reason).into());
        }
        for each in ["ok", "unhealthy", "failed"] {
            self.status.with_label_values(&[label, each]).set((each == verdict).into());
        }
        let well = matches!(state, State::Ok | State::Starting);
        self.degraded.with_label_values(&[label]).set((!well).into());
        let all = std::iter::once(&keys.settings().write).chain(&keys.settings().read);
        for key in all.filter(|key| !key.replicas.is_empty()) {
            self.failed_over.with_label_values(&[label, &*key.name]).set(health.is_failed_over(&key.name).into());
        }
        self.restart_carried.with_label_values(&[label]).set(keys.carries_restart().into());
        self.writes_carried.with_label_values(&[label]).set(keys.writes_without_kms().into());
        for (outcome, count) in health.probes() {
            self.probes.with_label_values(&[label, outcome]).inc_by(count);
        }
        self.flushes.with_label_values(&[label]).inc_by(health.flushes());
        if let Some(expiry) = socket.credentials_expiry() {
            self.credentials_expiry.with_label_values(&[label]).set(unix(expiry));
        }
        self.read_keys(label, &keys.statistics());
        if let Some(rotation) = keys.rotation() {
            self.read_rotation(label, &rotation);
        }
        if let Some(counts) = socket.connections() {
            for (outcome, count) in [
                ("accepted", counts.accepted()),
                ("refused", counts.refused()),
                ("surplus", counts.surplus()),
                ("failed", counts.failed()),
            ] {
                self.connections.with_label_values(&[label, outcome]).inc_by(count);
            }
        }
    }

    fn read_keys(&self, label: &str, statistics: &Statistics) {
        let unwraps = &statistics.unwraps;
        self.entries.with_label_values(&[label]).set(signed(unwraps.entries));
        self.hits.with_label_values(&[label]).inc_by(unwraps.hits);
        self.joined.with_label_values(&[label]).inc_by(unwraps.joined);
        self.loads.with_label_values(&[label]).inc_by(unwraps.loads);
        self.failures.with_label_values(&[label]).inc_by(unwraps.failures);
        self.evictions.with_label_values(&[label, "full"]).inc_by(unwraps.evicted_full);
        self.evictions.with_label_values(&[label, "flushed"]).inc_by(unwraps.evicted_asked);
        self.v1_deks.with_label_values(&[label]).set(signed(statistics.v1_deks));
        self.read_keks(label, &statistics.keks);
    }

    fn read_keks(&self, label: &str, keks: &KekStatistics) {
        self.keks.with_label_values(&[label, "unwrapped"]).set(signed(keks.unwrapped));
        self.keks.with_label_values(&[label, "pending"]).set(signed(keks.pending));
        if let Some(writing) = keks.writing {
            self.kek_age.with_label_values(&[label]).set(i64::try_from(writing.age_seconds).unwrap_or(i64::MAX));
            self.kek_uses.with_label_values(&[label]).set(i64::try_from(writing.uses).unwrap_or(i64::MAX));
        }
        self.kek_failures.with_label_values(&[label]).set(keks.failures.into());
        self.keks_forgotten.with_label_values(&[label]).inc_by(keks.forgotten);
        if keks.state_file != StateFileHealth::NotConfigured {
            self.state_file.with_label_values(&[label]).set((keks.state_file == StateFileHealth::Ok).into());
        }
    }

    fn read_rotation(&self, label: &str, rotation: &RotationStatus) {
        if let Some(at) = rotation.rotated {
            self.material_rotated.with_label_values(&[label]).set(unix(at));
        }
        self.material_waiting.with_label_values(&[label]).set(rotation.waiting.into());
        let fails = matches!(rotation.list, ListOutcome::Failed(_));
        self.rotations_listed.with_label_values(&[label]).set((!fails).into());
    }

    fn families(&self) -> Vec<MetricFamily> {
        let families = self.all().into_iter().flat_map(Collector::collect);
        // The encoder refuses a family without a sample.
        families.filter(|family| !family.get_metric().is_empty()).collect()
    }

    fn all(&self) -> [&dyn Collector; 29] {
        [
            &self.build,
            &self.state,
            &self.reason,
            &self.status,
            &self.degraded,
            &self.failed_over,
            &self.restart_carried,
            &self.writes_carried,
            &self.probes,
            &self.flushes,
            &self.entries,
            &self.hits,
            &self.joined,
            &self.loads,
            &self.failures,
            &self.evictions,
            &self.v1_deks,
            &self.connections,
            &self.audit_lost,
            &self.credentials_expiry,
            &self.keks,
            &self.kek_age,
            &self.kek_uses,
            &self.kek_failures,
            &self.keks_forgotten,
            &self.state_file,
            &self.material_rotated,
            &self.material_waiting,
            &self.rotations_listed,
        ]
    }
}

/// The names of all metrics that are read.
#[cfg(test)]
pub(super) fn names() -> Vec<String> {
    let reading = Reading::new();
    let descriptions = reading.all().into_iter().flat_map(Collector::desc);
    descriptions.map(|description| description.fq_name.clone()).collect()
}

fn gauges(name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
    IntGaugeVec::new(Opts::new(name, help), labels).expect(VALID)
}

fn unix(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
