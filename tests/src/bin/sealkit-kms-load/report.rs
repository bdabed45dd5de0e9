//! What was measured, as lines for people or as JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use sealkit_rig::kms_plugin::Usage;
use serde::Serialize;

use crate::contestant::{Contestant, KmsCalls};
use crate::open::milliseconds;
use crate::tally::Tally;

/// One plugin doing one thing.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Phase {
    pub(crate) plugin: String,
    phase: String,
    calls: u64,
    pub(crate) errors: BTreeMap<String, u64>,
    pub(crate) per_second: f64,
    p50_ms: f64,
    pub(crate) p99_ms: f64,
    max_ms: f64,
    pub(crate) kms_calls: KmsCalls,
    /// `VmHWM` of the plugin since its start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) peak_memory_mib: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cpu_us_per_call: Option<f64>,
    /// The median over all turns of p99 here minus p99 of the bare SDK.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) added_p99_ms: Option<f64>,
    /// The differences of all turns, in order of size.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    added_p99_of_turns_ms: Vec<f64>,
}

/// A phase that goes on.
pub(crate) struct Begun {
    phase: String,
    usage: Option<Usage>,
}

impl Phase {
    pub(crate) fn new(plugin: &str, phase: &str, tally: &Tally, kms_calls: KmsCalls) -> Self {
        let [p50, p99, max] = tally.quantiles([0.5, 0.99, 1.0]);
        Self {
            plugin: plugin.to_owned(),
            phase: phase.to_owned(),
            calls: tally.calls(),
            errors: tally.errors.clone(),
            per_second: tally.per_second(),
            p50_ms: milliseconds(p50),
            p99_ms: milliseconds(p99),
            max_ms: milliseconds(max),
            kms_calls,
            peak_memory_mib: None,
            cpu_us_per_call: None,
            added_p99_ms: None,
            added_p99_of_turns_ms: Vec::new(),
        }
    }

    /// Begins to measure a plugin.
    pub(crate) fn begin(contestant: &Contestant, phase: &str) -> Begun {
        Begun { phase: phase.to_owned(), usage: contestant.usage() }
    }

    /// With the plugin's peak memory so far, and its CPU time for these calls.
    pub(crate) fn with_process(mut self, contestant: &Contestant, cpu: Option<Duration>) -> Self {
        self.peak_memory_mib = contestant.usage().map(|usage| mebibytes(usage.peak_memory));
        self.cpu_us_per_call = cpu.map(|cpu| cpu.as_secs_f64() * 1e6 / self.calls.max(1) as f64);
        self
    }

    pub(crate) fn with_added(mut self, median: f64, turns: &[f64]) -> Self {
        self.added_p99_ms = Some(median);
        self.added_p99_of_turns_ms = turns.to_vec();
        self
    }

    /// The differences of all turns, as text.
    pub(crate) fn turns(&self) -> String {
        let turns: Vec<String> = self.added_p99_of_turns_ms.iter().map(|added| format!("{added:.2}")).collect();
        turns.join(", ")
    }
}

impl Begun {
    pub(crate) fn end(self, contestant: &Contestant, tally: &Tally) -> Phase {
        let usage = contestant.usage();
        let cpu = usage.zip(self.usage).map(|(after, before)| after.cpu.saturating_sub(before.cpu));
        Phase::new(&contestant.name, &self.phase, tally, contestant.kms_calls()).with_process(contestant, cpu)
    }
}

pub(crate) fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// All phases of a run.
pub(crate) struct Report {
    json: bool,
    phases: Vec<Phase>,
}

impl Report {
    pub(crate) fn new(json: bool) -> Self {
        Self { json, phases: Vec::new() }
    }

    /// Prints a phase as it ends.
    pub(crate) fn add(&mut self, phase: Phase) {
        if self.json {
            println!("{}", serde_json::to_string(&phase).expect("numbers and strings are JSON"));
        } else {
            print(&phase);
        }
        self.phases.push(phase);
    }

    /// Prints the other plugins' figures as multiples of the first one's, phase by phase.
    pub(crate) fn ratios(&self) {
        if self.json {
            return;
        }
        for (at, phase) in self.phases.iter().enumerate() {
            let first = self.phases[..at].iter().find(|other| other.phase == phase.phase);
            let Some(first) = first.filter(|first| first.plugin != phase.plugin) else { continue };
            let times = |a: f64, b: f64| if b > 0.0 { format!("{:.2} x", a / b) } else { "-".to_owned() };
            println!(
                "{} / {}, {}: calls a second {}, p50 {}, p99 {}, peak memory {}, CPU a call {}",
                phase.plugin,
                first.plugin,
                phase.phase,
                times(phase.per_second, first.per_second),
                times(phase.p50_ms, first.p50_ms),
                times(phase.p99_ms, first.p99_ms),
                times(phase.peak_memory_mib.unwrap_or(0.0), first.peak_memory_mib.unwrap_or(0.0)),
                times(phase.cpu_us_per_call.unwrap_or(0.0), first.cpu_us_per_call.unwrap_or(0.0)),
            );
        }
    }
}

fn print(phase: &Phase) {
    println!("{}: {}", phase.plugin, phase.phase);
    println!("  {} calls, {:.0} a second", phase.calls, phase.per_second);
    println!("  p50 {:.2} ms, p99 {:.2} ms, longest {:.2} ms", phase.p50_ms, phase.p99_ms, phase.max_ms);
    if let Some(added) = phase.added_p99_ms {
        println!("  p99 beyond the bare SDK's: {added:.2} ms (median of {})", phase.turns());
    }
    println!("  errors: {}", counts(&phase.errors));
    println!("  calls to KMS, probes included: {}", counts(&phase.kms_calls));
    if let (Some(memory), Some(cpu)) = (phase.peak_memory_mib, phase.cpu_us_per_call) {
        println!("  peak memory {memory:.1} MiB, {cpu:.0} us of CPU a call");
    }
}

pub(crate) fn counts<K: std::fmt::Display>(counts: &BTreeMap<K, u64>) -> String {
    if counts.is_empty() {
        return "none".to_owned();
    }
    counts.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
}
