//! The one place that asks KMS, or a local key: every call is bounded, checked and told.
//!
//! ```text
//! Wrapping ─┬─ Kms ── the key's Region, then its replicas ── lane ── SDK: attempts, back-off ── answer checked ── told
//!           └─ Local ── a key file: no call, told as served from memory
//! ```
//!
//! Everything ends inside the call's deadline: waiting for a lane, all attempts, and the Regions that stand in. Each
//! Region is given an equal part of the time that is left, so a silent one leaves time for the next.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealkit_aws::Fault;
use sealkit_envelope::{DataKey, Plaintext};
use tokio::time::Instant;

use super::directory::Directory;
use super::rotation::{Listed, Material};
use super::{AwsClients, KeyMistake, KeySettings, KmsOperation, Observer, Refusal, Source};
use kms::Kms;
use local::Local;

mod kms;
mod lanes;
mod local;
mod region;
mod site;

/// Of an encryption context, all keys and values together, in bytes (KMS API reference, `Encrypt`).
const MAX_CONTEXT_LEN: usize = 8192;

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
    backend: Backend,
    route: Arc<Route>,
}

enum Backend {
    Kms(Kms),
    Local(Local),
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
    Local { fingerprint: String },
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
        let observer = Arc::clone(observer);
        let (backend, place) = if let Some(path) = local::path_in(&settings.name) {
            let local = Local::open(settings, path, observer)?;
            let fingerprint = local.fingerprint().to_owned();
            (Backend::Local(local), Place::Local { fingerprint })
        } else {
            let kms = Kms::new(settings, index, aws, Arc::clone(directory), observer)?;
            let regions = kms.regions().map(str::to_owned).collect();
            (Backend::Kms(kms), Place::Kms { regions })
        };
        Ok(Self { backend, route: Arc::new(Route { place, context: settings.context.clone() }) })
    }

    pub(super) fn route(&self) -> &Arc<Route> {
        &self.route
    }

    /// Whether a blob's form is one that this key may have made; where it is not, asking is in vain.
    pub(super) fn may_open(&self, blob: &[u8]) -> bool {
        match &self.backend {
            Backend::Kms(_) => !local::is_local(blob),
            Backend::Local(local) => local.made(blob),
        }
    }

    /// Whether it is a key file, which needs no KMS.
    pub(super) fn is_key_file(&self) -> bool {
        matches!(self.backend, Backend::Local(_))
    }

    /// Encrypts at most 4,096 bytes.
    pub(super) async fn encrypt(
        &self,
        call: &Call<'_>,
        purpose: Purpose,
        plaintext: &[u8],
    ) -> Result<Encrypted, Refusal> {
        match &self.backend {
            Backend::Kms(kms) => kms.encrypt(call, purpose, plaintext).await,
            Backend::Local(local) => local.encrypt(call, purpose, plaintext),
        }
    }

    /// Decrypts a blob, under whichever key it is.
    pub(super) async fn decrypt(&self, call: &Call<'_>, purpose: Purpose, blob: &[u8]) -> Result<Unwrapped, Refusal> {
        match &self.backend {
            Backend::Kms(kms) => kms.decrypt(call, purpose, blob).await,
            Backend::Local(local) => local.decrypt(call, purpose, blob),
        }
    }

    /// Makes a KEK.
    pub(super) async fn generate_data_key(&self, call: &Call<'_>) -> Result<Generated, Refusal> {
        match &self.backend {
            Backend::Kms(kms) => kms.generate_data_key(call).await,
            Backend::Local(local) => local.generate_data_key(),
        }
    }

    /// The materials of a key that have been in use, in no order that could be relied on.
    pub(super) async fn list_key_rotations(&self, call: &Call<'_>, arn: &str) -> Result<Vec<Listed>, Refusal> {
        match &self.backend {
            Backend::Kms(kms) => kms.list_key_rotations(call, arn).await,
            Backend::Local(_) => Err(Refusal::Internal("a key file has no key materials")),
        }
    }

    /// The key material behind an answer that names it; none from a key that has none.
    pub(super) fn material(&self, origin: &Origin) -> Option<Material> {
        let Backend::Kms(kms) = &self.backend else { return None };
        let id = origin.key_material.as_deref().filter(|id| !id.is_empty())?;
        Some(Material { key: kms.own_arn(&origin.arn), id: id.to_owned() })
    }

    /// Whether another key may open what this one did not: KMS refused the blob as it is, does not know its key there,
    /// or refuses by the name of another configured key, whose context may be the one that its policy asks for.
    pub(super) fn leads_on(&self, refusal: &Refusal) -> bool {
        match &self.backend {
            Backend::Kms(kms) => kms.leads_on(refusal),
            // Its fingerprint said that it is this key's.
            Backend::Local(_) => false,
        }
    }
}

/// Whether the file of a key that is one can be used; nothing is said of keys of KMS.
pub(crate) fn check_key_file(name: &str) -> Result<(), KeyMistake> {
    local::path_in(name).map_or(Ok(()), local::check)
}

/// Whether a key is a key file.
pub(super) fn is_key_file(settings: &KeySettings) -> bool {
    local::path_in(&settings.name).is_some()
}

/// A fault of an answer that breaks KMS' own contract: something between us and KMS made it.
fn untrue(operation: KmsOperation, key: &str, region: &str, cause: &str, request_id: Option<&str>) -> Box<Fault> {
    let fault = Fault::new(operation.action(), key, Some(region), sealkit_aws::FaultClass::Outage, cause);
    Box::new(fault.with_request_id(request_id))
}

fn check_context(settings: &KeySettings) -> Result<(), KeyMistake> {
    let length: usize = settings.context.iter().map(|(key, value)| key.len() + value.len()).sum();
    let cause = if length > MAX_CONTEXT_LEN {
        format!("it has {length} bytes, KMS takes {MAX_CONTEXT_LEN}")
    } else if settings.context.keys().any(String::is_empty) {
        "a key in it is empty".to_owned()
    } else if settings.context.contains_key(KEK_PAIR.0) {
        format!("{} is the plugin's own", KEK_PAIR.0)
    } else {
        return Ok(());
    };
    Err(KeyMistake::Context { name: settings.name.clone(), cause })
}
