//! The materials manager that asks one keyring.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{Cmm, DecryptionMaterialsRequest, EncryptionMaterialsRequest};
use crate::context::PUBLIC_KEY;
use crate::keyring::{Keyring, KeyringError};
use crate::materials::{DecryptionMaterials, EncryptionMaterials};
use crate::primitives::{SigningKey, VerifyingKey};

/// Asks a keyring for every message, and adds the keys of signed suites.
///
/// Under a signed suite each message gets a new signing key, whose public half travels in the encryption context.
pub struct DefaultCmm {
    keyring: Arc<dyn Keyring>,
}

impl DefaultCmm {
    /// A manager that asks `keyring`.
    #[must_use]
    pub fn new(keyring: Arc<dyn Keyring>) -> Self {
        Self { keyring }
    }

    async fn encryption(&self, request: EncryptionMaterialsRequest) -> Result<EncryptionMaterials, KeyringError> {
        let mut materials = EncryptionMaterials::new(request.suite, request.context);
        if materials.context.contains_key(PUBLIC_KEY) {
            return Err(KeyringError::PublicKeyPresent);
        }
        if request.suite.is_signed() {
            let key = SigningKey::generate().map_err(|_| KeyringError::RandomUnavailable)?;
            materials.context.insert_public_key(STANDARD.encode(key.public_key()));
            materials.signing_key = Some(key);
        }
        let materials = self.keyring.on_encrypt(materials).await?;
        if materials.data_key.is_none() {
            return Err(KeyringError::NoDataKeyGenerated);
        }
        if materials.encrypted_data_keys.is_empty() {
            return Err(KeyringError::NoEncryptedDataKey);
        }
        Ok(materials)
    }

    async fn decryption(&self, request: DecryptionMaterialsRequest) -> Result<DecryptionMaterials, KeyringError> {
        let DecryptionMaterialsRequest { suite, encrypted_data_keys, context } = request;
        let verification_key = match (suite.is_signed(), context.get(PUBLIC_KEY)) {
            (true, Some(point)) => Some(Arc::new(parse_public_key(point)?)),
            (true, None) => return Err(KeyringError::PublicKeyMissing),
            (false, Some(_)) => return Err(KeyringError::PublicKeyUnexpected),
            (false, None) => None,
        };
        let mut materials = DecryptionMaterials::new(suite, context);
        materials.verification_key = verification_key;
        let materials = self.keyring.on_decrypt(materials, &encrypted_data_keys).await?;
        match materials.unwrapped_by {
            Some(index) if index < encrypted_data_keys.len() && materials.data_key.is_some() => Ok(materials),
            _ => Err(KeyringError::not_unwrapped(Vec::new(), &encrypted_data_keys)),
        }
    }
}

impl Cmm for DefaultCmm {
    fn encryption_materials(
        &self,
        request: EncryptionMaterialsRequest,
    ) -> BoxFuture<'_, Result<EncryptionMaterials, KeyringError>> {
        self.encryption(request).boxed()
    }

    fn decryption_materials(
        &self,
        request: DecryptionMaterialsRequest,
    ) -> BoxFuture<'_, Result<DecryptionMaterials, KeyringError>> {
        self.decryption(request).boxed()
    }
}

fn parse_public_key(text: &str) -> Result<VerifyingKey, KeyringError> {
    let point = STANDARD.decode(text).map_err(|_| KeyringError::PublicKeyMissing)?;
    VerifyingKey::from_compressed(&point).map_err(|_| KeyringError::PublicKeyMissing)
}

#[cfg(test)]
mod tests;
