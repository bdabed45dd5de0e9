//! Several keyrings as one.
//!
//! Source: AWS Encryption SDK specification, `framework/multi-keyring.md`.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{Keyring, KeyringError};
use crate::materials::{DecryptionMaterials, EncryptionMaterials};
use crate::message::EncryptedDataKey;

/// Encrypts under all of its keyrings; any one of them decrypts.
///
/// The generator makes the data key and the children wrap it as well. On decrypt they are asked in the same order, and
/// what goes wrong with one is reported only if none succeeds.
pub struct MultiKeyring {
    generator: Option<Arc<dyn Keyring>>,
    children: Vec<Arc<dyn Keyring>>,
}

/// A multi-keyring was given no keyring at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a multi-keyring needs a generator or at least one child keyring")]
pub struct NoKeyrings;

impl MultiKeyring {
    /// A keyring of these. Without a generator it can decrypt, and encrypt only as the child of another one.
    ///
    /// # Errors
    ///
    /// [`NoKeyrings`] if there is neither generator nor child.
    pub fn new(generator: Option<Arc<dyn Keyring>>, children: Vec<Arc<dyn Keyring>>) -> Result<Self, NoKeyrings> {
        if generator.is_none() && children.is_empty() {
            return Err(NoKeyrings);
        }
        Ok(Self { generator, children })
    }

    async fn encrypt(&self, mut materials: EncryptionMaterials) -> Result<EncryptionMaterials, KeyringError> {
        if let Some(generator) = &self.generator {
            if materials.data_key.is_some() {
                return Err(KeyringError::DataKeyPresent);
            }
            materials = generator.on_encrypt(materials).await?;
        }
        if materials.data_key.is_none() {
            return Err(KeyringError::NoDataKeyGenerated);
        }
        for child in &self.children {
            materials = child.on_encrypt(materials).await?;
        }
        Ok(materials)
    }

    async fn decrypt(
        &self,
        materials: DecryptionMaterials,
        encrypted_data_keys: &[EncryptedDataKey],
    ) -> Result<DecryptionMaterials, KeyringError> {
        if materials.data_key.is_some() {
            return Err(KeyringError::DataKeyPresent);
        }
        let mut errors = Vec::new();
        for keyring in self.generator.iter().chain(&self.children) {
            match keyring.on_decrypt(materials.duplicate(), encrypted_data_keys).await {
                Ok(unwrapped) if unwrapped.data_key.is_some() => return Ok(unwrapped),
                Ok(_) => {}
                Err(error) => errors.push(error),
            }
        }
        Err(KeyringError::not_unwrapped(errors, encrypted_data_keys))
    }
}

impl Keyring for MultiKeyring {
    fn on_encrypt(&self, materials: EncryptionMaterials) -> BoxFuture<'_, Result<EncryptionMaterials, KeyringError>> {
        self.encrypt(materials).boxed()
    }

    fn on_decrypt<'a>(
        &'a self,
        materials: DecryptionMaterials,
        encrypted_data_keys: &'a [EncryptedDataKey],
    ) -> BoxFuture<'a, Result<DecryptionMaterials, KeyringError>> {
        self.decrypt(materials, encrypted_data_keys).boxed()
    }
}

#[cfg(test)]
mod tests;
