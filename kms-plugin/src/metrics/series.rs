//! How long the series of a socket stay: while somebody counts in them. A socket that is gone would otherwise stand in
//! `/metrics` for good, with the numbers that it had.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus::core::{Collector as _, MetricVec, MetricVecBuilder};

use super::Metrics;

/// How many count for each socket: the same one may be served again while its last calls end.
#[derive(Debug, Default)]
pub(super) struct Users(Mutex<HashMap<Arc<str>, usize>>);

/// The series of a socket; the last of them to be dropped takes them out.
#[derive(Debug)]
pub(super) struct Series {
    metrics: Arc<Metrics>,
    socket: Arc<str>,
}

impl Users {
    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Series {
    pub(super) fn new(metrics: Arc<Metrics>, socket: Arc<str>) -> Self {
        *metrics.users.lock().entry(Arc::clone(&socket)).or_default() += 1;
        Self { metrics, socket }
    }
}

impl Drop for Series {
    fn drop(&mut self) {
        let Metrics { kms_calls, memory, rpcs, rpc_seconds, in_flight, users, .. } = &*self.metrics;
        // Held to the end, so that nobody who begins meanwhile loses its series.
        let mut users = users.lock();
        if let Some(others) = users.get_mut(&self.socket).filter(|count| **count > 1) {
            *others -= 1;
            return;
        }
        users.remove(&self.socket);
        for counters in [kms_calls, memory, rpcs] {
            remove(counters, &self.socket);
        }
        remove(rpc_seconds, &self.socket);
        remove(in_flight, &self.socket);
    }
}

fn remove<B: MetricVecBuilder>(vector: &MetricVec<B>, socket: &str) {
    for family in vector.collect() {
        for metric in family.get_metric() {
            let labels: HashMap<&str, &str> =
                metric.get_label().iter().map(|label| (label.name(), label.value())).collect();
            if labels.get("socket") == Some(&socket) {
                vector.remove(&labels).expect("nobody else removes series");
            }
        }
    }
}
