//! Gives up on KMS for the rest of a run where asking again would only take time.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use sealkit_aws::FaultClass;
use sealkit_envelope::EncryptionContext;
use sealkit_envelope::cmm::{Cmm, DecryptionMaterialsRequest, EncryptionMaterialsRequest};
use sealkit_envelope::keyring::KeyringError;
use sealkit_envelope::materials::{DecryptionMaterials, EncryptionMaterials};

/// A manager that answers at once with what went wrong before.
///
/// An unreachable service costs the whole deadline each time, half a minute: a batch of a thousand files must not wait
/// for it a thousand times. So:
///
/// - *Encrypt*: a data key that could not be had for a context is not asked for again. All files of a batch would ask
///   the same.
/// - *Decrypt*: messages differ, and one that is refused says nothing about the next; only a service that does not
///   answer, and a missing or expired login, are the same for all.
pub(crate) struct GivingUp {
    inner: Arc<dyn Cmm>,
    encrypt: Mutex<HashMap<(u16, EncryptionContext), KeyringError>>,
    decrypt: Mutex<Option<KeyringError>>,
}

impl GivingUp {
    pub(crate) fn new(inner: Arc<dyn Cmm>) -> Self {
        Self { inner, encrypt: Mutex::default(), decrypt: Mutex::default() }
    }
}

type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, KeyringError>> + Send + 'a>>;

impl Cmm for GivingUp {
    fn encryption_materials(&self, request: EncryptionMaterialsRequest) -> Pending<'_, EncryptionMaterials> {
        Box::pin(async move {
            let id = (request.suite.id(), request.context.clone());
            let known = self.encrypt.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
            if let Some(known) = known {
                return Err(known);
            }
            let materials = self.inner.encryption_materials(request).await;
            if let Err(error) = &materials {
                self.encrypt.lock().unwrap_or_else(PoisonError::into_inner).insert(id, error.clone());
            }
            materials
        })
    }

    fn decryption_materials(&self, request: DecryptionMaterialsRequest) -> Pending<'_, DecryptionMaterials> {
        Box::pin(async move {
            let known = self.decrypt.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some(known) = known {
                return Err(known);
            }
            let materials = self.inner.decryption_materials(request).await;
            if let Err(error) = &materials
                && concerns_all(error)
            {
                *self.decrypt.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
            }
            materials
        })
    }
}

/// Whether every other message would fail the same way.
fn concerns_all(error: &KeyringError) -> bool {
    let leaves = error.leaves();
    !leaves.is_empty()
        && leaves.iter().all(|leaf| match leaf {
            KeyringError::Kms(fault) => matches!(
                fault.class(),
                FaultClass::Outage | FaultClass::ExpiredLogin | FaultClass::NoCredentials | FaultClass::Misconfigured
            ),
            KeyringError::NoReplicaAnswered { errors } => errors.iter().all(concerns_all),
            _ => false,
        })
}
