//! What an Encrypt and a Decrypt are to both APIs.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use sealkit_aws::FaultClass;
use sealkit_envelope::Plaintext;
use tokio::time::Instant;
use tonic::{Code, Request, Status};

use super::code;
use super::state::SocketState;
use crate::audit::Served;
use crate::health::{KeyHealth, Verdict};
use crate::keys::{self, Api, KeySet, Refusal, Wrapped};
use crate::metrics::Rpc;
use crate::server::Deadline;

/// A call that comes with no deadline of the server's: inside kube-apiserver's 3 seconds.
const UNSAID: Duration = Duration::from_millis(2_900);

/// Who asks, and until when.
pub(super) struct Call<'a> {
    pub(super) api: Api,
    /// Of v2.
    pub(super) uid: Option<&'a str>,
    pub(super) deadline: Instant,
}

/// By when a request must be answered.
pub(super) fn deadline<T>(request: &Request<T>) -> Instant {
    let said = request.extensions().get::<Deadline>().map(|deadline| deadline.0);
    said.unwrap_or_else(|| Instant::now() + UNSAID)
}

impl SocketState {
    /// Encrypts a seed or DEK under the write key.
    pub(super) async fn encrypt(&self, call: &Call<'_>, plaintext: &[u8]) -> Result<Wrapped, Status> {
        let rpc = self.metrics().rpc(call.api, "Encrypt");
        let (keys, health) = self.keys_and_health();
        let answer = match revoked_under_a_kek(&keys, &health) {
            Some(refusal) => Err(refusal),
            None => keys.encrypt(&call.request(), plaintext).await,
        };
        self.end(rpc, call, Served::Encrypt, &health, answer)
    }

    /// Decrypts what was encrypted under one of the keys.
    pub(super) async fn decrypt(
        &self,
        call: &Call<'_>,
        ciphertext: &[u8],
        key_id: Option<&str>,
        annotations: &HashMap<String, Vec<u8>>,
    ) -> Result<Plaintext, Status> {
        let rpc = self.metrics().rpc(call.api, "Decrypt");
        let (keys, health) = self.keys_and_health();
        let answer = keys.decrypt(&call.request(), ciphertext, key_id, annotations).await;
        let answer = answer.map_err(|refusal| as_revoked(refusal, &health));
        self.end(rpc, call, Served::Decrypt, &health, answer)
    }

    /// Tells of the end of a call, and makes a status of a refusal.
    fn end<T>(
        &self,
        rpc: Rpc,
        call: &Call<'_>,
        served: Served,
        health: &KeyHealth,
        answer: Result<T, Refusal>,
    ) -> Result<T, Status> {
        let refusal = match answer {
            Ok(answer) => {
                rpc.end(Code::Ok);
                return Ok(answer);
            }
            Err(refusal) => refusal,
        };
        let status = code::status(&refusal);
        rpc.end(status.code());
        if let Some(audit) = self.audit() {
            audit.rpc_failed(served, call.uid, health.write_key(), &refusal);
        }
        if let Some(failures_not_logged) = self.quiet.room() {
            let (socket, uid, code) = (&**self.label(), call.uid.map(Shown), Word(status.code()));
            tracing::warn!(socket, uid = uid.map(tracing::field::display), %code, failures_not_logged, %refusal, "{served:?} failed");
        }
        Err(status)
    }
}

impl<'a> Call<'a> {
    fn request(&self) -> keys::Request<'a> {
        keys::Request { api: self.api, uid: self.uid, deadline: self.deadline }
    }
}

/// A local KEK in memory must not outlive the key that it is under: KMS is not asked, so it cannot refuse.
fn revoked_under_a_kek(keys: &KeySet, health: &KeyHealth) -> Option<Refusal> {
    let revoked = keys.carries_writes() && matches!(health.verdict(true), Verdict::Failed(_));
    revoked.then(|| Refusal::Revoked { key: health.write_key().to_owned() })
}

/// Once it is certain that the write key is revoked, its Decrypts end alike, whichever way KMS words the refusal.
fn as_revoked(refusal: Refusal, health: &KeyHealth) -> Refusal {
    match refusal {
        Refusal::Kms(fault)
            if matches!(fault.class(), FaultClass::Denied | FaultClass::Absent)
                && fault.resource() == health.write_key()
                && health.is_decrypt_revoked() =>
        {
            Refusal::Revoked { key: health.write_key().to_owned() }
        }
        other => other,
    }
}

/// A UID as it may stand in a log: kube-apiserver sends UUIDs, another client whatever it likes.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().take(64).try_for_each(|c| write!(f, "{}", c.escape_default()))
    }
}

/// A code by its name.
struct Word(Code);

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}
