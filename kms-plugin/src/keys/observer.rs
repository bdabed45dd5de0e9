//! What is told of each call to KMS, to health, metrics and audit alike.

use std::time::Duration;

use sealkit_aws::Fault;

use super::Api;

/// On whose behalf a call to KMS is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// kube-apiserver asked, by this API.
    Traffic(Api),
    /// The plugin watches its write key.
    Probe,
    /// The plugin makes or unwraps a KEK, or looks up rotations, for itself.
    Upkeep,
}

/// An operation of KMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KmsOperation {
    /// `kms:Encrypt`
    Encrypt,
    /// `kms:Decrypt`
    Decrypt,
    /// `kms:GenerateDataKey`
    GenerateDataKey,
    /// `kms:ListKeyRotations`
    ListKeyRotations,
}

impl KmsOperation {
    /// The IAM action.
    #[must_use]
    pub fn action(self) -> &'static str {
        match self {
            Self::Encrypt => "kms:Encrypt",
            Self::Decrypt => "kms:Decrypt",
            Self::GenerateDataKey => "kms:GenerateDataKey",
            Self::ListKeyRotations => "kms:ListKeyRotations",
        }
    }
}

/// One call to KMS in one Region, over: all attempts that the SDK made count as one.
#[derive(Clone, Copy, Debug)]
pub struct KmsCall<'a> {
    /// The key as it is configured, for which the call was made. A Decrypt names none to KMS, so this is the key that
    /// it was expected to be under: KMS' own answer is in `answered_by`.
    pub key: &'a str,
    /// The key's ARN as KMS answered it.
    pub answered_by: Option<&'a str>,
    /// Whether the outcome says something of `key` itself: an Encrypt, a probe, or an answer or error that names the
    /// key. A Decrypt of unknown bytes that is denied does not.
    pub speaks_for_key: bool,
    /// What was called.
    pub operation: KmsOperation,
    /// On whose behalf.
    pub source: Source,
    /// The UID that kube-apiserver gave the request (v2 only).
    pub uid: Option<&'a str>,
    /// The Region that was asked.
    pub region: &'a str,
    /// The key's own Region; `region` is that of a replica if it differs. None where it is not known: of a blob that
    /// was opened on behalf of another configured key.
    pub home: Option<&'a str>,
    /// The request id in KMS' answer.
    pub request_id: Option<&'a str>,
    /// From the start of the first attempt to the end of the last.
    pub latency: Duration,
    /// How it ended.
    pub outcome: Result<(), &'a Fault>,
}

/// Who is told of each call to KMS, and of what was served without one. Must not block.
pub trait Observer: Send + Sync + 'static {
    /// A call is over.
    fn kms_call(&self, call: &KmsCall<'_>);

    /// A Decrypt was served from memory; `request_id` is of the call that filled the cache, `key` the ARN (or the
    /// configured name) of the key. Under a key file, which is in memory, it has none.
    fn served_from_memory(&self, api: Api, key: &str, request_id: Option<&str>);

    /// An Encrypt was done under a local KEK in memory; `request_id` is of the call that made or unwrapped the KEK, `key`
    /// the ARN (or the configured name) of the key that it is under. Under a key file it has none.
    fn encrypted_in_memory(&self, api: Api, key: &str, request_id: Option<&str>) {
        let _ = (api, key, request_id);
    }
}
