//! What many pods ask of an account, and what that costs.
//!
//! Quotas and prices are those that AWS documents for most Regions; they are told with every estimate, for both change.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use super::calls::{Action, Calls};

/// What is reckoned with. Prices change and differ by Region, so every estimate says them.
pub const PRICES: &str = "0.05 USD for 10,000 calls of Secrets Manager, 0.03 USD of KMS, none for standard parameters; \
                          taxes, discounts, stored secrets, and KMS calls behind customer managed keys are not in it";

/// Hours of a month, as AWS reckons them.
const HOURS: f64 = 730.0;

/// What limits calls: per second, account and Region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quota {
    /// What it is for.
    pub name: &'static str,
    /// Calls a second.
    pub per_second: u32,
    /// Whether AWS raises it.
    pub is_adjustable: bool,
}

const SECRETS: Quota = Quota { name: "GetSecretValue", per_second: 10_000, is_adjustable: false };
const BATCHES: Quota = Quota { name: "BatchGetSecretValue", per_second: 100, is_adjustable: false };
const LISTS: Quota = Quota { name: "ListSecrets", per_second: 100, is_adjustable: false };
/// One for all reads of parameters, unless the account pays for high throughput.
const PARAMETERS: Quota = Quota { name: "Parameter Store reads", per_second: 40, is_adjustable: true };

fn quota(action: Action) -> Option<Quota> {
    match action {
        Action::GetSecretValue => Some(SECRETS),
        Action::BatchGetSecretValue => Some(BATCHES),
        Action::ListSecrets => Some(LISTS),
        Action::GetParameters | Action::GetParametersByPath => Some(PARAMETERS),
        // Those of KMS and STS differ by Region and are far above what starts of pods need.
        Action::Decrypt | Action::AssumeRole => None,
    }
}

/// USD for ten thousand calls. Standard parameters and STS cost nothing.
fn price(action: Action) -> f64 {
    match action {
        Action::GetSecretValue | Action::BatchGetSecretValue | Action::ListSecrets => 0.05,
        Action::Decrypt => 0.03,
        Action::GetParameters | Action::GetParametersByPath | Action::AssumeRole => 0.0,
    }
}

/// What pods of one plan ask for together.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// How many pods.
    pub pods: NonZeroU32,
    /// How often each refreshes.
    pub interval: Duration,
    /// Calls of one start of one pod.
    pub calls: Calls,
    /// Calls a second of all pods, on average, by action.
    pub per_second: BTreeMap<Action, f64>,
    /// What is needed when all start at once.
    pub herds: Vec<Herd>,
    /// Calls a month of all pods, but for those of starts.
    pub monthly_calls: f64,
    /// What they cost.
    pub monthly_usd: f64,
}

/// A quota that all pods meet when they start at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Herd {
    /// The quota.
    pub quota: Quota,
    /// Where.
    pub region: Option<String>,
    /// Calls of all pods.
    pub calls: u64,
}

impl Herd {
    /// How long it takes at best, in seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.calls as f64 / f64::from(self.quota.per_second)
    }
}

impl Estimate {
    /// For so many pods that refresh so often. Pods that start once and end cost what a refresh does.
    #[must_use]
    pub fn new(calls: Calls, pods: NonZeroU32, interval: Duration) -> Self {
        let many = f64::from(pods.get());
        let seconds = interval.as_secs_f64().max(f64::MIN_POSITIVE);
        let refreshes = HOURS * 3_600.0 / seconds;
        let counts = calls.by_action();
        let per_second = counts.iter().map(|(action, count)| (*action, many * *count as f64 / seconds)).collect();
        let monthly = |of: fn(Action) -> f64| {
            counts.iter().map(|(action, count)| of(*action) * *count as f64 * many * refreshes).sum::<f64>()
        };
        let (monthly_calls, monthly_usd) = (monthly(|_| 1.0), monthly(price) / 10_000.0);
        let mut met: BTreeMap<(Quota, Option<&str>), u64> = BTreeMap::new();
        for (action, region, count) in calls.by_region() {
            if let Some(quota) = quota(action) {
                *met.entry((quota, region)).or_default() += count * u64::from(pods.get());
            }
        }
        let mut herds: Vec<_> = met
            .into_iter()
            .map(|((quota, region), calls)| Herd { quota, region: region.map(str::to_owned), calls })
            .collect();
        herds.sort_by(|a, b| b.seconds().total_cmp(&a.seconds()));
        Self { pods, interval, per_second, herds, monthly_calls, monthly_usd, calls }
    }

    /// How long it takes at best until all pods have started that start at once, in seconds: quotas do not wait for
    /// each other.
    #[must_use]
    pub fn herd_seconds(&self) -> f64 {
        self.herds.first().map_or(0.0, Herd::seconds)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

    use super::*;
    use crate::plan::testing::{plan, pod};
    use crate::plan::{Defaults, Overrides, Plan};
    use crate::spec::{Batch, Form, Object};

    fn estimate(plan: &Plan, pods: u32, interval: Duration) -> Estimate {
        Estimate::new(Calls::of(plan), NonZeroU32::new(pods).unwrap(), interval)
    }

    const HOUR: Duration = Duration::from_secs(3_600);

    #[test]
    fn two_thousand_pods_with_47_secrets_cost_340_dollars_by_the_hour_and_20000_by_the_minute() {
        let mut spec = pod(Form::CsiParameters);
        spec.entries.retain(|entry| matches!(entry.object, Object::Secret(_)));
        let plan = plan(spec).unwrap();
        let hourly = estimate(&plan, 2_000, HOUR);
        assert!((68e6..70e6).contains(&hourly.monthly_calls), "{}", hourly.monthly_calls);
        assert!((340.0..346.0).contains(&hourly.monthly_usd), "{}", hourly.monthly_usd);
        assert!((hourly.per_second[&Action::GetSecretValue] - 26.1).abs() < 0.1);
        let by_the_minute = estimate(&plan, 2_000, Duration::from_secs(60)).monthly_usd;
        assert!((20_000.0..21_000.0).contains(&by_the_minute), "{by_the_minute}");
    }

    #[test]
    fn five_hundred_pods_that_start_at_once_need_what_the_quotas_give() {
        let seconds = |batch| {
            let overrides = Overrides { batch: Some(batch), ..Overrides::default() };
            let plan = Plan::new(pod(Form::Native), &overrides, &Defaults::default()).unwrap();
            let estimate = estimate(&plan, 500, HOUR);
            estimate.herds.iter().map(|herd| (herd.quota.name, herd.calls, herd.seconds())).collect::<Vec<_>>()
        };
        let parameters = ("Parameter Store reads", 1_500, 37.5);
        assert_eq!(seconds(Batch::Always), [parameters, ("BatchGetSecretValue", 1_500, 15.0)]);
        assert_eq!(seconds(Batch::Never), [parameters, ("GetSecretValue", 23_500, 2.35)]);
    }

    #[test]
    fn parameters_cost_nothing() {
        let mut spec = pod(Form::Native);
        spec.entries.retain(|entry| matches!(entry.object, Object::Parameter(_)));
        let estimate = estimate(&plan(spec).unwrap(), 100, HOUR);
        assert!(estimate.monthly_usd == 0.0 && estimate.monthly_calls > 200_000.0);
    }
}
