//! The one place that asks KMS, or a local key: every call is bounded, checked and told.
//!
//! ```text
//! Wrapping ─┬─ Kms ── the key's Region, then its replicas ── permit ── SDK: attempts, back-off ── answer checked ── told
//!           └─ Local ── a key file
//! ```
//!
//! Everything ends inside the call's deadline: waiting for a permit, all attempts, and the Regions that stand in. Each
//! Region is given an equal part of the time that is left, so a silent one leaves time for the next.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealkit_aws::Fault;
use sealkit_envelope::{DataKey, Plaintext};
use tokio::time::Instant;

use super::directory::Directory;
use super::{AwsClients, KeyMistake, KeySettings, KmsOperation, Observer, Refusal, Source};
use kms::Kms;

mod kms;
mod region;

/// What is added to the encryption context of a wrapped KEK.
const KEK_PAIR: (&str, &str) = ("sealkit:purpose", "local-kek");

/// What a blob is for: an object's seed or DEK, or a KEK. They have different encryption contexts, so that none passes
/// for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// kube-apiserver's seeds and DEKs: the key's context, as aws-encryption-provider has it.
    Object,
    /// Our own KEKs: the context with one pair more.
    LocalKek,
}

/// On whose behalf, and until when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    /// On whose behalf.
    pub(super) source: Source,
    /// The UID of kube-apiserver's request.
    pub(super) uid: Option<&'a str>,
    /// When the caller must have its answer.
    pub(super) deadline: Instant,
}

/// A blob that was just made.
pub(super) struct Encrypted {
    pub(super) blob: Vec<u8>,
    pub(super) origin: Origin,
}

/// What a blob held.
pub(super) struct Unwrapped {
    pub(super) plaintext: Plaintext,
    pub(super) origin: Origin,
}

/// A KEK that was just made.
pub(super) struct Generated {
    pub(super) key: DataKey,
    pub(super) blob: Vec<u8>,
    pub(super) origin: Origin,
}

/// Who answered.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    /// The key's ARN; a local key's name.
    pub(super) arn: Arc<str>,
    /// The Region that answered; none for a local key.
    pub(super) region: Option<Arc<str>>,
    /// The id under which KMS logged the request.
    pub(super) request_id: Option<Box<str>>,
    /// The key material, where KMS names it: Decrypt and GenerateDataKey do.
    pub(super) key_material: Option<Box<str>>,
}

/// A key as it is asked: its contexts, its Regions, and who is told.
pub(super) struct Wrapping {
    backend: Kms,
    /// What decides whether a blob opens here: service, Regions and context.
    route: Route,
}

/// What decides whether a blob opens: where it is sent, with which context. Keys of one route open the same blobs, for
/// Decrypt names no key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    place: Place,
    context: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Kms { regions: Vec<String> },
}

impl Wrapping {
    /// The key at `index` of the directory.
    pub(super) fn new(
        settings: &KeySettings,
        index: usize,
        aws: &AwsClients,
        directory: &Arc<Directory>,
        observer: &Arc<dyn Observer>,
    ) -> Result<Self, Vec<KeyMistake>> {
        let backend = Kms::new(settings, index, aws, Arc::clone(directory), Arc::clone(observer))?;
        let place = Place::Kms { regions: backend.regions().map(str::to_owned).collect() };
        Ok(Self { backend, route: Route { place, context: settings.context.clone() } })
    }

    pub(super) fn route(&self) -> &Route {
        &self.route
    }

    /// Encrypts at most 4,096 bytes.
    pub(super) async fn encrypt(
        &self,
        call: &Call<'_>,
        purpose: Purpose,
        plaintext: &[u8],
    ) -> Result<Encrypted, Refusal> {
        self.backend.encrypt(call, purpose, plaintext).await
    }

    /// Decrypts a blob, under whichever key it is.
    pub(super) async fn decrypt(&self, call: &Call<'_>, purpose: Purpose, blob: &[u8]) -> Result<Unwrapped, Refusal> {
        self.backend.decrypt(call, purpose, blob).await
    }

    /// Makes a KEK.
    pub(super) async fn generate_data_key(&self, call: &Call<'_>) -> Result<Generated, Refusal> {
        self.backend.generate_data_key(call).await
    }

    /// Whether another key may open what this one did not: KMS refused the blob as it is, does not know its key there,
    /// or refuses by the name of another configured key, whose context may be the one that its policy asks for.
    pub(super) fn leads_on(&self, refusal: &Refusal) -> bool {
        self.backend.leads_on(refusal)
    }
}

/// A fault of an answer that breaks KMS' own contract: something between us and KMS made it.
fn untrue(operation: KmsOperation, key: &str, region: &str, cause: &str, request_id: Option<&str>) -> Box<Fault> {
    let fault = Fault::new(operation.action(), key, Some(region), sealkit_aws::FaultClass::Outage, cause);
    Box::new(fault.with_request_id(request_id))
}
