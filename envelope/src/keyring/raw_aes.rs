//! Wraps data keys under an AES-256 key that the caller holds.
//!
//! Source: AWS Encryption SDK specification, `framework/raw-aes-keyring.md`, with keys of 256 bits.

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};

use super::{Keyring, KeyringError};
use crate::materials::{DecryptionMaterials, EncryptionMaterials};
use crate::message::{EncryptedDataKey, WrappingKey};
use crate::primitives::{FrameKey, NONCE_LEN, TAG_LEN, random};
use crate::{DataKey, EncryptionContext};

/// The namespaces that begin so belong to the AWS KMS keyrings.
const RESERVED_NAMESPACE: &str = "aws-kms";

/// Bytes of a wrapped data key: AES-GCM ciphertext, then tag.
const WRAPPED_LEN: usize = 32 + TAG_LEN;

/// What follows the key's name in the provider information: the tag's length in **bits**, the IV's in bytes, the IV.
const PARAMETERS: [u8; 8] = [0, 0, 0, 128, 0, 0, 0, 12];

/// The longest key name, so that the provider information fits the format's 16-bit length.
const MAX_NAME_LEN: usize = u16::MAX as usize - PARAMETERS.len() - NONCE_LEN;

/// Wraps data keys by AES-256-GCM under one key, with the encryption context as associated data.
///
/// Every official SDK has this keyring: give it the same namespace, name and key.
///
/// ```
/// use std::sync::Arc;
/// use sealkit_envelope::keyring::raw_aes::RawAesKeyring;
/// use sealkit_envelope::secret::DataKey;
///
/// # let bytes = [7; 32];
/// let key = DataKey::from_slice(&bytes).ok_or("not 32 bytes")?;
/// let keyring = Arc::new(RawAesKeyring::new("example", "2026", &key)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The IV of each wrapped key is random, so one key wraps at most 2³² data keys (NIST SP 800-38D, 8.3).
pub struct RawAesKeyring {
    namespace: String,
    name: String,
    key: FrameKey,
}

/// Why a namespace or a name cannot be used for a raw AES key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidKeyName {
    /// The namespace begins `aws-kms`, which belongs to the AWS KMS keyrings.
    #[error("key namespace {namespace:?} begins with the reserved \"aws-kms\"")]
    Reserved {
        /// The offending namespace.
        namespace: String,
    },
    /// Namespace or name is empty, or holds something else than printable ASCII. The specification allows more, but
    /// the Python SDK before 4.0.1 cuts such names short and then finds no key.
    #[error("key namespace or name {text:?} is empty or not printable ASCII")]
    NotPrintableAscii {
        /// The offending namespace or name.
        text: String,
    },
    /// Namespace or name is longer than the format's 16-bit lengths can say.
    #[error("key namespace or name of {length} bytes is longer than {max} bytes")]
    TooLong {
        /// Its length in bytes.
        length: usize,
        /// The longest that fits, in bytes.
        max: usize,
    },
}

impl RawAesKeyring {
    /// A keyring that wraps under `key`, which messages will name as `namespace` and `name`.
    ///
    /// # Errors
    ///
    /// If namespace or name break the rules of [`InvalidKeyName`].
    pub fn new(namespace: impl Into<String>, name: impl Into<String>, key: &DataKey) -> Result<Self, InvalidKeyName> {
        let (namespace, name) = (namespace.into(), name.into());
        check_text(&namespace, usize::from(u16::MAX))?;
        check_text(&name, MAX_NAME_LEN)?;
        if namespace.starts_with(RESERVED_NAMESPACE) {
            return Err(InvalidKeyName::Reserved { namespace });
        }
        Ok(Self { namespace, name, key: FrameKey::new(key) })
    }

    fn wrap(&self, mut materials: EncryptionMaterials) -> Result<EncryptionMaterials, KeyringError> {
        let aad = associated_data(&materials.context)?;
        let mut iv = [0; NONCE_LEN];
        random(&mut iv).map_err(|_| KeyringError::RandomUnavailable)?;
        let data_key = match materials.data_key.take() {
            Some(data_key) => data_key,
            None => generate()?,
        };
        // Encrypted in the locked copy, so that the plaintext key is never in ordinary memory.
        let mut copy = data_key.duplicate();
        let tag = self.key.seal_in_place(&iv, &aad, copy.expose_secret_mut());
        materials.encrypted_data_keys.push(EncryptedDataKey {
            provider_id: self.namespace.clone(),
            provider_info: [self.name.as_bytes(), &PARAMETERS, &iv].concat(),
            ciphertext: [&copy.expose_secret()[..], &tag].concat(),
        });
        materials.data_key = Some(data_key);
        Ok(materials)
    }

    fn unwrap(
        &self,
        materials: DecryptionMaterials,
        encrypted_data_keys: &[EncryptedDataKey],
    ) -> Result<DecryptionMaterials, KeyringError> {
        if materials.data_key.is_some() {
            return Err(KeyringError::DataKeyPresent);
        }
        let aad = associated_data(&materials.context)?;
        let mut errors = Vec::new();
        for (index, wrapped) in encrypted_data_keys.iter().enumerate() {
            match wrapped.key() {
                WrappingKey::RawAes { namespace, name } if namespace == self.namespace && name == self.name => {}
                _ => continue,
            }
            match self.unwrap_one(wrapped, &aad) {
                Some(data_key) => return Ok(materials.with_data_key(data_key, index)),
                None => errors
                    .push(KeyringError::NotAuthentic { namespace: self.namespace.clone(), name: self.name.clone() }),
            }
        }
        Err(KeyringError::not_unwrapped(errors, encrypted_data_keys))
    }

    fn unwrap_one(&self, wrapped: &EncryptedDataKey, aad: &[u8]) -> Option<DataKey> {
        let iv: &[u8; NONCE_LEN] = wrapped.provider_info.last_chunk()?;
        let wrapped: &[u8; WRAPPED_LEN] = wrapped.ciphertext.as_slice().try_into().ok()?;
        let (ciphertext, tag) = wrapped.split_last_chunk()?;
        let mut data_key = DataKey::from_slice(ciphertext)?;
        self.key.open_in_place(iv, aad, data_key.expose_secret_mut(), tag).ok()?;
        Some(data_key)
    }
}

impl Keyring for RawAesKeyring {
    fn on_encrypt(&self, materials: EncryptionMaterials) -> BoxFuture<'_, Result<EncryptionMaterials, KeyringError>> {
        ready(self.wrap(materials)).boxed()
    }

    fn on_decrypt<'a>(
        &'a self,
        materials: DecryptionMaterials,
        encrypted_data_keys: &'a [EncryptedDataKey],
    ) -> BoxFuture<'a, Result<DecryptionMaterials, KeyringError>> {
        ready(self.unwrap(materials, encrypted_data_keys)).boxed()
    }
}

/// A new random data key.
fn generate() -> Result<DataKey, KeyringError> {
    let mut data_key = DataKey::zeroed();
    random(data_key.expose_secret_mut()).map_err(|_| KeyringError::RandomUnavailable)?;
    Ok(data_key)
}

/// The serialised context; a context that the format cannot serialise is an error for the keyring.
fn associated_data(context: &EncryptionContext) -> Result<Vec<u8>, KeyringError> {
    match context.serialized_len() {
        length if length > usize::from(u16::MAX) => Err(KeyringError::ContextTooLong { length }),
        _ => Ok(context.serialize()),
    }
}

fn check_text(text: &str, max: usize) -> Result<(), InvalidKeyName> {
    if text.len() > max {
        return Err(InvalidKeyName::TooLong { length: text.len(), max });
    }
    if text.is_empty() || !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Err(InvalidKeyName::NotPrintableAscii { text: text.to_owned() });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
