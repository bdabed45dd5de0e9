//! What is counted at one socket.

use std::sync::Arc;
use std::time::Instant;

use prometheus::{Histogram, IntCounter, IntGauge};
use sealkit_aws::{Fault, FaultClass};
use tonic::Code;

use super::Metrics;
use super::series::Series;
use crate::audit::Served;
use crate::keys::{Api, KmsCall, KmsOperation, Source};

/// The process' metrics, seen from one socket.
#[derive(Clone, Debug)]
pub struct SocketMetrics {
    metrics: Arc<Metrics>,
    socket: Arc<str>,
    in_flight: IntGauge,
    /// Found once: they are counted for each request.
    from_memory: [[IntCounter; 2]; 2],
    _series: Arc<Series>,
}

impl SocketMetrics {
    /// Of the socket that is called `socket` in labels.
    #[must_use]
    pub fn new(metrics: Arc<Metrics>, socket: &str) -> Self {
        let name: Arc<str> = socket.into();
        // First of all: from here on they stay.
        let series = Arc::new(Series::new(Arc::clone(&metrics), Arc::clone(&name)));
        let in_flight = metrics.in_flight.with_label_values(&[socket]);
        let from_memory = [Api::V1Beta1, Api::V2].map(|api| {
            ["encrypt", "decrypt"]
                .map(|operation| metrics.memory.with_label_values(&[socket, api_word(api), operation]))
        });
        Self { metrics, socket: name, in_flight, from_memory, _series: series }
    }

    /// The socket's label.
    #[must_use]
    pub fn socket(&self) -> &Arc<str> {
        &self.socket
    }

    /// A call to KMS is over.
    pub fn kms_call(&self, call: &KmsCall<'_>) {
        let class = call.outcome.err().map(Fault::class);
        let source = match call.source {
            Source::Traffic(_) => "traffic",
            Source::Probe => "probe",
            Source::Upkeep => "upkeep",
        };
        let operation = match call.operation {
            KmsOperation::Encrypt => "encrypt",
            KmsOperation::Decrypt => "decrypt",
            KmsOperation::GenerateDataKey => "generate-data-key",
            KmsOperation::ListKeyRotations => "list-key-rotations",
        };
        let outcome = class.map_or("ok", FaultClass::as_str);
        let labels = [&*self.socket, call.key, call.region, operation, source, outcome];
        self.metrics.kms_calls.with_label_values(&labels).inc();

        let aep = matches!(call.operation, KmsOperation::Encrypt | KmsOperation::Decrypt);
        if let (Source::Traffic(api), true) = (call.source, aep) {
            let labels = [call.key, aep_status(call.outcome), operation, aep_version(api)];
            self.metrics.operations.with_label_values(&labels).inc();
            let milliseconds = call.latency.as_secs_f64() * 1_000.0;
            self.metrics.operation_ms.with_label_values(&labels).observe(milliseconds);
        }
    }

    /// A request was served without a call to KMS.
    pub fn served_from_memory(&self, api: Api, served: Served) {
        self.from_memory[usize::from(api == Api::V2)][usize::from(served == Served::Decrypt)].inc();
    }

    /// A request begins.
    #[must_use]
    pub fn rpc(&self, api: Api, method: &'static str) -> Rpc {
        self.in_flight.inc();
        let seconds = self.metrics.rpc_seconds.with_label_values(&[&*self.socket, api_word(api), method]);
        Rpc { metrics: self.clone(), api, method, began: Instant::now(), seconds, code: None }
    }
}

/// A request that is being served. One that is dropped before it [ended](Rpc::end) was given up: its client left, or
/// the server answered in its place when its deadline was over.
#[derive(Debug)]
pub struct Rpc {
    metrics: SocketMetrics,
    api: Api,
    method: &'static str,
    began: Instant,
    seconds: Histogram,
    code: Option<Code>,
}

impl Rpc {
    /// It is answered with `code`.
    pub fn end(mut self, code: Code) {
        self.code = Some(code);
    }
}

impl Drop for Rpc {
    fn drop(&mut self) {
        self.metrics.in_flight.dec();
        self.seconds.observe(self.began.elapsed().as_secs_f64());
        let code = self.code.map_or("abandoned", code_word);
        let labels = [&*self.metrics.socket, api_word(self.api), self.method, code];
        self.metrics.metrics.rpcs.with_label_values(&labels).inc();
    }
}

/// AEP's classes.
fn aep_status(outcome: Result<(), &Fault>) -> &'static str {
    match outcome {
        Ok(()) => "success",
        Err(fault) if fault.class() == FaultClass::Throttled => "failure-throttle",
        Err(fault) if fault.code() == Some("InvalidCiphertextException") => "failure-corruption",
        Err(_) => "failure",
    }
}

/// AEP's word for an API.
fn aep_version(api: Api) -> &'static str {
    match api {
        Api::V1Beta1 => "v1",
        Api::V2 => "v2",
    }
}

fn api_word(api: Api) -> &'static str {
    match api {
        Api::V1Beta1 => "v1beta1",
        Api::V2 => "v2",
    }
}

/// The names that Kubernetes' own metrics give the codes.
fn code_word(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "Canceled",
        Code::Unknown => "Unknown",
        Code::InvalidArgument => "InvalidArgument",
        Code::DeadlineExceeded => "DeadlineExceeded",
        Code::NotFound => "NotFound",
        Code::AlreadyExists => "AlreadyExists",
        Code::PermissionDenied => "PermissionDenied",
        Code::ResourceExhausted => "ResourceExhausted",
        Code::FailedPrecondition => "FailedPrecondition",
        Code::Aborted => "Aborted",
        Code::OutOfRange => "OutOfRange",
        Code::Unimplemented => "Unimplemented",
        Code::Internal => "Internal",
        Code::Unavailable => "Unavailable",
        Code::DataLoss => "DataLoss",
        Code::Unauthenticated => "Unauthenticated",
    }
}
