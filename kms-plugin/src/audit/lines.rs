//! What stands in a line.

use sealkit_aws::{Fault, FaultClass};
use sealkit_host::audit::{AuditEvent, Failure};

use super::Served;
use super::hits::Uses;
use super::losses::Gap;
use crate::keys::{KmsCall, Refusal};

impl Served {
    fn operation(self) -> &'static str {
        match self {
            Self::Encrypt => "encrypt",
            Self::Decrypt => "decrypt",
        }
    }
}

/// A call to KMS, joined to kube-apiserver's request by its UID and to CloudTrail by the request id.
pub(super) fn kms_call(call: &KmsCall<'_>) -> AuditEvent {
    let event = match call.outcome {
        Ok(()) => AuditEvent::ok(call.operation.action()),
        Err(fault) => {
            // Where credentials were refused, that is the call which was made.
            let action = fault.login_action().unwrap_or(call.operation.action());
            with_code(AuditEvent::failed(action, class_of(fault.class())), fault)
        }
    };
    let event = named(event, call.answered_by.unwrap_or(call.key));
    let event = if call.answered_by.is_some_and(|arn| arn != call.key) { event.resource(call.key) } else { event };
    event.object(call.uid.unwrap_or_default()).region(call.region).request_id(call.request_id.unwrap_or_default())
}

/// A request that was refused.
pub(super) fn rpc_failed(served: Served, uid: Option<&str>, write_key: &str, refusal: &Refusal) -> AuditEvent {
    let failure = match refusal {
        Refusal::Malformed(_) => Failure::Refused,
        Refusal::Kms(fault) => class_of(fault.class()),
        Refusal::Busy { .. } => Failure::Throttled,
        Refusal::Revoked { .. } => Failure::Revoked,
        Refusal::Deadline | Refusal::StaleMaterial { .. } => Failure::Outage,
        Refusal::Internal(_) => Failure::Internal,
    };
    let event = AuditEvent::failed(served.operation(), failure).object(uid.unwrap_or_default());
    match refusal {
        Refusal::Kms(fault) => with_code(named(event, fault.resource()), fault)
            .region(fault.region().unwrap_or_default())
            .request_id(fault.request_id().unwrap_or_default()),
        Refusal::Revoked { key } | Refusal::StaleMaterial { key } => named(event, key),
        _ => named(event, write_key),
    }
}

/// What was served from memory, as often as `uses` says.
pub(super) fn served(served: Served, key: &str, request_id: &str, uses: &Uses) -> AuditEvent {
    let event = named(AuditEvent::ok(served.operation()), key).request_id(request_id).cached();
    event.aggregate(uses.count, uses.since)
}

/// Lines that are missing.
pub(super) fn lost(gap: &Gap) -> AuditEvent {
    AuditEvent::failed("audit-lost", Failure::Io).aggregate(gap.count, gap.since)
}

/// A key ARN or a local key is the `key`, an alias or a key id what was addressed.
fn named(event: AuditEvent, key: &str) -> AuditEvent {
    let is_key = key.starts_with("local:") || (key.starts_with("arn:") && key.contains(":key/"));
    if is_key { event.key(key) } else { event.resource(key) }
}

fn with_code(event: AuditEvent, fault: &Fault) -> AuditEvent {
    event.code(fault.code().unwrap_or_default())
}

/// The class in the words of the audit lines.
fn class_of(class: FaultClass) -> Failure {
    Failure::of_class(class.as_str())
}
