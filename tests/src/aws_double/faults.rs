//! Faults that a test sets: what goes wrong, on which calls, how often.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::operation::Operation;
use super::world::lock;

/// What happens in place of the right answer.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub enum Effect {
    /// An error of the service: HTTP status, code, message.
    Error(u16, String, String),
    /// An HTTP status with an HTML body, as a load balancer answers.
    Status(u16),
    /// The service's own refusal of a call beyond the rate, such as `ThrottlingException`.
    Throttle,
    /// The request is read and never answered.
    Silence,
    /// The connection is closed before any header.
    Close,
    /// The connection is reset (RST) before any header.
    Reset,
    /// The right answer, one byte each so many milliseconds.
    Drip(u64),
    /// Status 200 and a body of so many bytes that is no answer.
    Oversized(u64),
    /// The right answer, but cut off after half of its body.
    CutOff,
    /// The right answer with this `KeyId` in place of the right one.
    WrongKeyId(String),
    /// The right answer with `Plaintext` cut to so many bytes.
    ShortKey(usize),
    /// The right answer with one bit of `Plaintext` flipped.
    WrongKey,
    /// Status 200 and a JSON object without members.
    Empty,
}

/// An effect and the calls that it strikes.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct FaultRule {
    effect: Effect,
    #[serde(default)]
    operation: Option<Operation>,
    #[serde(default)]
    region: Option<String>,
    #[serde(default)]
    key: Option<String>,
    #[serde(default)]
    after: u64,
    #[serde(default)]
    times: Option<u64>,
}

impl FaultRule {
    /// Strikes every call with `effect` until it is narrowed.
    #[must_use]
    pub fn new(effect: Effect) -> Self {
        Self { effect, operation: None, region: None, key: None, after: 0, times: None }
    }

    /// Strikes calls of `operation` only.
    #[must_use]
    pub fn on(mut self, operation: Operation) -> Self {
        self.operation = Some(operation);
        self
    }

    /// Strikes calls in `region` only.
    #[must_use]
    pub fn in_region(mut self, region: &str) -> Self {
        self.region = Some(region.to_owned());
        self
    }

    /// Strikes only calls that name `key`, as sent: as `KeyId`, secret, parameter, path or role.
    #[must_use]
    pub fn for_key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    /// Lets the first `count` calls pass.
    #[must_use]
    pub fn after(mut self, count: u64) -> Self {
        self.after = count;
        self
    }

    /// Strikes `count` calls and lets later ones pass.
    #[must_use]
    pub fn times(mut self, count: u64) -> Self {
        self.times = Some(count);
        self
    }

    fn matches(&self, target: &Target<'_>) -> bool {
        self.operation.is_none_or(|operation| operation == target.operation)
            && self.region.as_deref().is_none_or(|region| region == target.region)
            && self.key.as_deref().is_none_or(|key| target.names.iter().any(|name| name == key))
    }

    /// Whether the rule strikes this matching call; it counts `after` and `times` down.
    fn strikes(&mut self) -> bool {
        if self.after > 0 {
            self.after -= 1;
            return false;
        }
        match &mut self.times {
            None => true,
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
        }
    }
}

/// The facts of a call that rules look at.
pub(super) struct Target<'a> {
    pub(super) operation: Operation,
    pub(super) region: &'a str,
    /// What the request names.
    pub(super) names: &'a [String],
}

#[derive(Default)]
pub(super) struct Faults {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    rules: Vec<FaultRule>,
    latency: Duration,
    latency_of: HashMap<Operation, Duration>,
    rates: HashMap<Operation, u32>,
    buckets: HashMap<(Operation, String), Bucket>,
}

impl Faults {
    pub(super) fn inject(&self, rule: FaultRule) {
        lock(&self.inner).rules.push(rule);
    }

    pub(super) fn clear(&self) {
        lock(&self.inner).rules.clear();
    }

    pub(super) fn set_latency(&self, operation: Option<Operation>, latency: Duration) {
        let mut inner = lock(&self.inner);
        match operation {
            Some(operation) => _ = inner.latency_of.insert(operation, latency),
            None => inner.latency = latency,
        }
    }

    pub(super) fn set_rate_limit(&self, operation: Operation, per_second: Option<u32>) {
        let mut inner = lock(&self.inner);
        let operation = operation.rate();
        inner.buckets.retain(|(limited, _), _| *limited != operation);
        match per_second {
            Some(rate) => _ = inner.rates.insert(operation, rate),
            None => _ = inner.rates.remove(&operation),
        }
    }

    pub(super) fn latency(&self, operation: Operation) -> Duration {
        let inner = lock(&self.inner);
        inner.latency_of.get(&operation).copied().unwrap_or(inner.latency)
    }

    /// Takes a call's token; false when the Region's rate is used up.
    pub(super) fn admit(&self, target: &Target<'_>) -> bool {
        let mut inner = lock(&self.inner);
        let Some(&rate) = inner.rates.get(&target.operation.rate()) else { return true };
        let key = (target.operation.rate(), target.region.to_owned());
        inner.buckets.entry(key).or_insert_with(|| Bucket::full(rate)).take(rate)
    }

    /// The effect that strikes this call, if any.
    pub(super) fn strike(&self, target: &Target<'_>) -> Option<Effect> {
        let mut inner = lock(&self.inner);
        inner
            .rules
            .iter_mut()
            .filter(|rule| rule.matches(target))
            .find_map(|rule| rule.strikes().then(|| rule.effect.clone()))
    }
}

/// A token bucket that holds one second's calls.
struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl Bucket {
    fn full(rate: u32) -> Self {
        Self { tokens: f64::from(rate), filled: Instant::now() }
    }

    fn take(&mut self, rate: u32) -> bool {
        let now = Instant::now();
        let refill = now.duration_since(self.filled).as_secs_f64() * f64::from(rate);
        self.tokens = (self.tokens + refill).min(f64::from(rate));
        self.filled = now;
        if self.tokens < 1.0 {
            return false;
        }
        self.tokens -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target<'a>(region: &'a str, names: &'a [String]) -> Target<'a> {
        Target { operation: Operation::Decrypt, region, names }
    }

    #[test]
    fn a_rule_fails_n_times_then_lets_pass() {
        let faults = Faults::default();
        faults.inject(FaultRule::new(Effect::Close).after(1).times(2));
        let struck: Vec<bool> = (0..4).map(|_| faults.strike(&target("us-east-1", &[])).is_some()).collect();
        assert_eq!(struck, [false, true, true, false]);
    }

    #[test]
    fn a_rule_strikes_only_what_it_names() {
        let faults = Faults::default();
        faults.inject(FaultRule::new(Effect::Close).on(Operation::Decrypt).in_region("us-east-1").for_key("alias/a"));
        let named = ["alias/a".to_owned()];
        assert!(faults.strike(&target("eu-west-1", &named)).is_none());
        assert!(faults.strike(&Target { operation: Operation::Encrypt, ..target("us-east-1", &named) }).is_none());
        assert!(faults.strike(&target("us-east-1", &[])).is_none());
        assert!(faults.strike(&target("us-east-1", &named)).is_some());
    }

    #[test]
    fn a_rate_is_of_one_region() {
        let faults = Faults::default();
        faults.set_rate_limit(Operation::Decrypt, Some(2));
        let admitted = (0..10).filter(|_| faults.admit(&target("us-east-1", &[]))).count();
        assert_eq!(admitted, 2);
        assert!(faults.admit(&target("eu-west-1", &[])));
    }

    #[test]
    fn reads_of_parameter_store_share_a_rate() {
        let faults = Faults::default();
        faults.set_rate_limit(Operation::GetParameter, Some(2));
        let reads = [Operation::GetParameters, Operation::GetParametersByPath, Operation::GetParameter];
        let admitted = reads.map(|operation| faults.admit(&Target { operation, ..target("us-east-1", &[]) }));
        assert_eq!(admitted, [true, true, false]);
    }
}
