//! Keyrings: what wraps and unwraps data keys.
//!
//! | keyring | wraps by | |
//! |---|---|---|
//! | [`raw_aes`] | AES-256-GCM under a key you hold | what [`local_key`] reads from a key file |
//! | `kms` | AWS KMS | with the feature `kms` |
//! | [`multi`] | several keyrings together | any one of them can decrypt |
//!
//! A keyring is asynchronous and names no runtime. One that does no I/O, such as the raw AES keyring, is ready at once
//! and may be driven by any executor, `pollster` for example.
//!
//! Source: AWS Encryption SDK specification, `framework/keyring-interface.md`.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::materials::{DecryptionMaterials, EncryptionMaterials};
use crate::message::EncryptedDataKey;

mod error;
#[cfg(feature = "kms")]
pub mod kms;
pub mod local_key;
pub mod multi;
pub mod raw_aes;

pub use error::KeyringError;
pub(crate) use error::name_of_key;

/// Wraps and unwraps data keys.
///
/// Both methods take the materials by value: what a keyring that fails has done to them is gone with them.
pub trait Keyring: Send + Sync {
    /// Generates a data key where there is none yet, and appends at least one wrapped copy of it.
    ///
    /// # Errors
    ///
    /// Any failure is fatal: a message is wrapped under all keys that were asked for, or not made.
    fn on_encrypt(&self, materials: EncryptionMaterials) -> BoxFuture<'_, Result<EncryptionMaterials, KeyringError>>;

    /// Unwraps the data key from the first of `encrypted_data_keys` that this keyring can unwrap, and says in
    /// [`DecryptionMaterials::unwrapped_by`] which it was.
    ///
    /// # Errors
    ///
    /// If the materials hold a data key already, and if none can be unwrapped; then the failures of those that were
    /// tried are collected in [`KeyringError::NoDataKeyUnwrapped`].
    fn on_decrypt<'a>(
        &'a self,
        materials: DecryptionMaterials,
        encrypted_data_keys: &'a [EncryptedDataKey],
    ) -> BoxFuture<'a, Result<DecryptionMaterials, KeyringError>>;
}

impl<T: Keyring + ?Sized> Keyring for Arc<T> {
    fn on_encrypt(&self, materials: EncryptionMaterials) -> BoxFuture<'_, Result<EncryptionMaterials, KeyringError>> {
        (**self).on_encrypt(materials)
    }

    fn on_decrypt<'a>(
        &'a self,
        materials: DecryptionMaterials,
        encrypted_data_keys: &'a [EncryptedDataKey],
    ) -> BoxFuture<'a, Result<DecryptionMaterials, KeyringError>> {
        (**self).on_decrypt(materials, encrypted_data_keys)
    }
}
