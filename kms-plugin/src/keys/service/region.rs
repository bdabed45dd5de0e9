//! One request to KMS in one Region, inside its part of the time.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_kms::config::Builder;
use aws_sdk_kms::config::timeout::TimeoutConfig;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::operation::RequestId;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{DataKeySpec, IncludeKeyMaterial, KeyMaterialState, RotationsListEntry};
use sealkit_aws::Fault;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::site::Site;
use super::untrue;
use crate::keys::KmsOperation;
use crate::keys::rotation::Listed;

/// A request.
#[derive(Clone, Copy)]
pub(super) enum Ask<'a> {
    Encrypt {
        plaintext: &'a [u8],
    },
    Decrypt {
        blob: &'a [u8],
    },
    GenerateDataKey,
    /// Of the key with this ARN: the operation takes no alias.
    ListKeyRotations {
        arn: &'a str,
    },
}

/// Entries of a page, the most that can be asked for.
const PAGE: i32 = 1000;

/// Pages that are read at most: AWS may make them as short as it likes.
const MAX_PAGES: usize = 1000;

impl Ask<'_> {
    pub(super) fn operation(self) -> KmsOperation {
        match self {
            Self::Encrypt { .. } => KmsOperation::Encrypt,
            Self::Decrypt { .. } => KmsOperation::Decrypt,
            Self::GenerateDataKey => KmsOperation::GenerateDataKey,
            Self::ListKeyRotations { .. } => KmsOperation::ListKeyRotations,
        }
    }
}

/// An answer as it came, not yet checked.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) key_id: String,
    pub(super) blob: Vec<u8>,
    pub(super) plaintext: Zeroizing<Vec<u8>>,
    pub(super) request_id: Option<String>,
    pub(super) key_material: Option<String>,
    /// The materials of the key that have been in use, in the order of the pages.
    pub(super) materials: Vec<Listed>,
}

/// Sends `ask` with all its attempts inside `time`. A Decrypt sends no key, as aws-encryption-provider does not: the blob
/// says what it is under.
pub(super) async fn send(
    site: &Site,
    context: &HashMap<String, String>,
    ask: Ask<'_>,
    time: Duration,
) -> Result<Answer, Box<Fault>> {
    let (client, key_id) = (&site.client, site.key_id.as_str());
    let context = (!context.is_empty()).then(|| context.clone());
    let bounded = Builder::new().timeout_config(TimeoutConfig::builder().operation_timeout(time).build());
    let named = if let Ask::ListKeyRotations { arn } = ask { arn } else { key_id };
    let refuse = Refuse { operation: ask.operation(), key_id: named, region: &site.region };
    match ask {
        Ask::Encrypt { plaintext } => {
            let request = client.encrypt().key_id(key_id).plaintext(Blob::new(plaintext));
            let request = request.set_encryption_context(context).customize().config_override(bounded);
            let answer = request.send().await.map_err(|error| refuse.with(&error))?;
            let request_id = answer.request_id().map(str::to_owned);
            let (key_id, blob) = (answer.key_id.unwrap_or_default(), bytes(answer.ciphertext_blob));
            Ok(Answer { key_id, blob, request_id, ..Answer::default() })
        }
        Ask::Decrypt { blob } => {
            let request = client.decrypt().ciphertext_blob(Blob::new(blob)).set_encryption_context(context);
            let answer = request.customize().config_override(bounded).send().await;
            let answer = answer.map_err(|error| refuse.with(&error))?;
            let request_id = answer.request_id().map(str::to_owned);
            let (key_id, key_material) = (answer.key_id.unwrap_or_default(), answer.key_material_id);
            let plaintext = Zeroizing::new(bytes(answer.plaintext));
            Ok(Answer { key_id, plaintext, request_id, key_material, ..Answer::default() })
        }
        Ask::GenerateDataKey => {
            let request = client.generate_data_key().key_id(key_id).key_spec(DataKeySpec::Aes256);
            let request = request.set_encryption_context(context).customize().config_override(bounded);
            let answer = request.send().await.map_err(|error| refuse.with(&error))?;
            let request_id = answer.request_id().map(str::to_owned);
            let (key_id, key_material) = (answer.key_id.unwrap_or_default(), answer.key_material_id);
            let (blob, plaintext) = (bytes(answer.ciphertext_blob), Zeroizing::new(bytes(answer.plaintext)));
            Ok(Answer { key_id, blob, plaintext, request_id, key_material, ..Answer::default() })
        }
        Ask::ListKeyRotations { arn } => {
            let mut listed = Answer { key_id: arn.to_owned(), ..Answer::default() };
            let end = Instant::now() + time;
            let mut marker = None;
            for _ in 0..MAX_PAGES {
                let left = end.saturating_duration_since(Instant::now());
                let bounded = Builder::new().timeout_config(TimeoutConfig::builder().operation_timeout(left).build());
                let request = client.list_key_rotations().key_id(arn).set_marker(marker.take()).limit(PAGE);
                let request = request.include_key_material(IncludeKeyMaterial::AllKeyMaterial);
                let page = request.customize().config_override(bounded).send().await;
                let page = page.map_err(|error| refuse.with(&error))?;
                listed.request_id = page.request_id().map(str::to_owned);
                listed.materials.extend(page.rotations.unwrap_or_default().into_iter().filter_map(was_in_use));
                marker = page.next_marker.filter(|_| page.truncated);
                if marker.is_none() {
                    return Ok(listed);
                }
            }
            let cause = "the list of rotations does not end";
            Err(untrue(ask.operation(), arn, &site.region, cause, listed.request_id.as_deref()))
        }
    }
}

/// A material that encrypts, or did; one that waits for its import or rotation was never used.
fn was_in_use(entry: RotationsListEntry) -> Option<Listed> {
    let used = matches!(entry.key_material_state, Some(KeyMaterialState::Current | KeyMaterialState::NonCurrent));
    let rotated = entry.rotation_date.and_then(|date| date.to_millis().ok());
    entry.key_material_id.filter(|id| used && !id.is_empty()).map(|id| Listed { id, rotated })
}

/// What a fault says of where it happened.
struct Refuse<'a> {
    operation: KmsOperation,
    key_id: &'a str,
    region: &'a str,
}

impl Refuse<'_> {
    fn with<E>(&self, error: &SdkError<E>) -> Box<Fault>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        Box::new(Fault::from_sdk(self.operation.action(), self.key_id, Some(self.region), error))
    }
}

fn bytes(blob: Option<Blob>) -> Vec<u8> {
    blob.map(Blob::into_inner).unwrap_or_default()
}
