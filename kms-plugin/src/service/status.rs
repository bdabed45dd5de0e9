//! What Status says: the column of the state table in `docs/kms-plugin.md`.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use tonic::Status;

use super::state::{SocketState, verdict};
use crate::health::{Reason, Verdict};
use crate::proto::v2::StatusResponse;

/// What all versions of kube-apiserver accept; they pin the first answer.
const VERSION: &str = "v2beta1";

/// As long the first Status of a process waits for the first probe.
const FIRST_PROBE: Duration = Duration::from_millis(1_500);

impl SocketState {
    /// Answers from memory; until the first probe ended it may wait for it.
    pub(super) async fn status(&self, deadline: Instant) -> Result<StatusResponse, Status> {
        let (keys, health) = self.keys_and_health();
        if !health.is_probed() && !keys.carries_writes() {
            let until = deadline.min(Instant::now() + FIRST_PROBE);
            // What is known by then is the answer.
            let _ = timeout_at(until, health.first_probe()).await;
        }
        let healthz = match verdict(&keys, &health) {
            Verdict::Ok => "ok".to_owned(),
            Verdict::Unhealthy(reason) => format!("err: {reason}"),
            Verdict::Failed(reason) => return Err(revoked(health.write_key(), reason)),
        };
        let Some(key_id) = keys.key_id() else {
            // Any other key_id beside the text would make kube-apiserver encrypt a seed for it.
            let text = format!("the key material of {} is not known yet: KMS must answer first", health.write_key());
            return Err(Status::unavailable(text));
        };
        Ok(StatusResponse { version: VERSION.to_owned(), healthz, key_id: (*key_id).to_owned() })
    }
}

fn revoked(key: &str, reason: Reason) -> Status {
    let next = match reason {
        Reason::Denied => "allow kms:Encrypt and kms:Decrypt on it in the caller's IAM policy and in the key policy",
        Reason::NotFound => "check the key's name, account and Region",
        _ => "if it is meant to be used, enable it, cancel its deletion or import its material again",
    };
    Status::failed_precondition(format!(
        "the write key {key} is revoked ({reason}), so nothing is written under it; {next}"
    ))
}
