//! Latencies and errors of many calls. All latencies are kept, so that quantiles are exact.

use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    latencies: Vec<Duration>,
    pub(crate) errors: BTreeMap<String, u64>,
    /// How long all of it took.
    pub(crate) wall: Duration,
}

impl Tally {
    pub(crate) fn record(&mut self, latency: Duration, outcome: Result<(), String>) {
        self.latencies.push(latency);
        if let Err(name) = outcome {
            *self.errors.entry(name).or_default() += 1;
        }
    }

    /// Takes in what happened one after the other.
    pub(crate) fn merge(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        for (name, count) in other.errors {
            *self.errors.entry(name).or_default() += count;
        }
        self.wall += other.wall;
    }

    pub(crate) fn calls(&self) -> u64 {
        self.latencies.len() as u64
    }

    pub(crate) fn failed(&self) -> u64 {
        self.errors.values().sum()
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.calls() as f64 / self.wall.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// The latencies below which these parts of all lie, in the order of `parts` (0 to 1).
    pub(crate) fn quantiles<const N: usize>(&self, parts: [f64; N]) -> [Duration; N] {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        parts.map(|part| {
            // Nearest rank: the smallest latency that at least this part of all does not exceed.
            let rank = (part * sorted.len() as f64).ceil().max(1.0);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and the length")]
            sorted.get(rank as usize - 1).copied().unwrap_or_default()
        })
    }

    pub(crate) fn p99(&self) -> Duration {
        self.quantiles([0.99])[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_nearest_ranks() {
        let mut tally = Tally::default();
        assert_eq!(tally.quantiles([0.5]), [Duration::ZERO]);
        for milliseconds in (1..=100).rev() {
            tally.record(Duration::from_millis(milliseconds), Ok(()));
        }
        assert_eq!(tally.quantiles([0.5, 0.99, 1.0]).map(|latency| latency.as_millis()), [50, 99, 100]);
    }
}
