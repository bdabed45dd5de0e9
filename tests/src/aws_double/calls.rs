//! What was called: exact counts, and a bounded log of the latest calls.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use super::operation::Operation;
use super::world::lock;

/// Calls kept in the log; counts are exact beyond it, and a benchmark's memory stays flat.
const LOG_LENGTH: usize = 4096;

/// Counts and log of an endpoint.
#[derive(Default)]
pub struct Calls {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    counts: BTreeMap<(Operation, String), u64>,
    in_flight: u64,
    peak_in_flight: u64,
    log: VecDeque<Call>,
}

/// One request, as it was received; it holds no plaintext.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Call {
    /// The operation.
    pub operation: Operation,
    /// The Region that the request was signed for; empty where it was not signed.
    pub region: String,
    /// `KeyId`, as sent.
    pub key_id: Option<String>,
    /// What the request names, as sent: keys, secrets, parameters, paths, roles.
    pub names: Vec<String>,
    /// `EncryptionContext`, as sent.
    pub context: BTreeMap<String, String>,
    /// The header `User-Agent`.
    pub user_agent: String,
    /// The ARN of the principal that signed the request.
    pub caller: String,
    /// The access key id that signed the request; empty where it was not signed.
    pub access_key_id: String,
    /// The request id in the answer.
    pub request_id: String,
}

impl Calls {
    /// Calls of `operation` in all Regions, faulty ones included.
    #[must_use]
    pub fn count(&self, operation: Operation) -> u64 {
        lock(&self.inner).counts.iter().filter(|((called, _), _)| *called == operation).map(|(_, count)| count).sum()
    }

    /// Calls of `operation` in `region`, faulty ones included.
    #[must_use]
    pub fn count_in(&self, operation: Operation, region: &str) -> u64 {
        lock(&self.inner).counts.get(&(operation, region.to_owned())).copied().unwrap_or(0)
    }

    /// All calls of all operations.
    #[must_use]
    pub fn total(&self) -> u64 {
        lock(&self.inner).counts.values().sum()
    }

    /// Counts by operation and Region.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<(Operation, String), u64> {
        lock(&self.inner).counts.clone()
    }

    /// The most requests that were being answered at one time.
    #[must_use]
    pub fn peak_in_flight(&self) -> u64 {
        lock(&self.inner).peak_in_flight
    }

    /// The latest calls, oldest first; at most 4,096.
    #[must_use]
    pub fn log(&self) -> Vec<Call> {
        lock(&self.inner).log.iter().cloned().collect()
    }

    /// Forgets counts and log.
    pub fn reset(&self) {
        let mut inner = lock(&self.inner);
        inner.counts.clear();
        inner.log.clear();
        inner.peak_in_flight = inner.in_flight;
    }

    /// Records a request; it is in flight until the guard is dropped, also when its connection goes away.
    pub(super) fn record(&self, call: Call) -> InFlight<'_> {
        let mut inner = lock(&self.inner);
        *inner.counts.entry((call.operation, call.region.clone())).or_default() += 1;
        inner.in_flight += 1;
        inner.peak_in_flight = inner.peak_in_flight.max(inner.in_flight);
        if inner.log.len() == LOG_LENGTH {
            inner.log.pop_front();
        }
        inner.log.push_back(call);
        InFlight { calls: self }
    }
}

pub(super) struct InFlight<'a> {
    calls: &'a Calls,
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        lock(&self.calls.inner).in_flight -= 1;
    }
}
