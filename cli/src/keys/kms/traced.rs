//! Joins each data key with the call to KMS that wrapped or unwrapped it, for the audit lines.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;

use sealkit_envelope::EncryptedDataKey;
use sealkit_envelope::keyring::kms::{AwsKmsKeyring, KmsCall};
use sealkit_envelope::keyring::{Keyring, KeyringError};
use sealkit_envelope::materials::{DecryptionMaterials, EncryptionMaterials};

use crate::keys::audit::Trail;

thread_local! {
    /// The calls that succeeded in the future that this thread is polling.
    static CALLS: RefCell<Option<Vec<KmsCall>>> = const { RefCell::new(None) };
}

/// Told of every call; it belongs to the future being polled, for observers are called within it.
pub(super) fn observe(call: &KmsCall) {
    if call.outcome.is_ok() {
        CALLS.with_borrow_mut(|calls| {
            if let Some(calls) = calls {
                calls.push(call.clone());
            }
        });
    }
}

/// A KMS keyring whose data keys are remembered with the calls that they came from.
pub(super) struct Traced {
    inner: AwsKmsKeyring,
    trail: Arc<Trail>,
}

impl Traced {
    pub(super) fn new(inner: AwsKmsKeyring, trail: Arc<Trail>) -> Self {
        Self { inner, trail }
    }

    fn remember(&self, wrapped: &EncryptedDataKey, call: Option<&KmsCall>) {
        if let Some(call) = call {
            self.trail.remember(wrapped, call.region.clone(), call.request_id.clone());
        }
    }
}

type Pending<'a, T> = std::pin::Pin<Box<dyn Future<Output = Result<T, KeyringError>> + Send + 'a>>;

impl Keyring for Traced {
    fn on_encrypt(&self, materials: EncryptionMaterials) -> Pending<'_, EncryptionMaterials> {
        Box::pin(async move {
            let before = materials.encrypted_data_keys.len();
            let (materials, calls) = collecting(self.inner.on_encrypt(materials)).await;
            let materials = materials?;
            for wrapped in &materials.encrypted_data_keys[before..] {
                // Further keys wrap at the same time: the call is the one for this key.
                let key_arn = std::str::from_utf8(&wrapped.provider_info).unwrap_or_default();
                let only = (calls.len() == 1).then(|| &calls[0]);
                self.remember(wrapped, only.or_else(|| calls.iter().find(|call| call.key == key_arn)));
            }
            Ok(materials)
        })
    }

    fn on_decrypt<'a>(
        &'a self,
        materials: DecryptionMaterials,
        encrypted_data_keys: &'a [EncryptedDataKey],
    ) -> Pending<'a, DecryptionMaterials> {
        Box::pin(async move {
            let (materials, calls) = collecting(self.inner.on_decrypt(materials, encrypted_data_keys)).await;
            let materials = materials?;
            if let Some(wrapped) = materials.unwrapped_by.and_then(|index| encrypted_data_keys.get(index)) {
                self.remember(wrapped, calls.last());
            }
            Ok(materials)
        })
    }
}

/// The future's output, and the calls that were observed while it was polled.
async fn collecting<T>(future: impl Future<Output = T>) -> (T, Vec<KmsCall>) {
    let mut future = pin!(future);
    let mut collected = Vec::new();
    let output = poll_fn(|context| {
        let outer = CALLS.replace(Some(std::mem::take(&mut collected)));
        let polled = future.as_mut().poll(context);
        collected = CALLS.replace(outer).unwrap_or_default();
        polled
    })
    .await;
    (output, collected)
}
