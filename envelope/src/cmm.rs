//! Cryptographic materials managers: from a request for materials to a keyring, and what belongs on the way.
//!
//! [`DefaultCmm`] makes and reads the signature keys of signed suites and asks its keyring for the data key.
//! [`CachingCmm`] stands in front of it and keeps data keys for a while.
//!
//! Source: AWS Encryption SDK specification, `framework/cmm-interface.md`, `framework/default-cmm.md` and
//! `framework/caching-cmm.md`.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::keyring::KeyringError;
use crate::materials::{DecryptionMaterials, EncryptionMaterials};
use crate::{AlgorithmSuite, EncryptedDataKey, EncryptionContext};

mod caching;
mod default;
mod entry_id;

pub use caching::{CacheLimits, CachingCmm};
pub use default::DefaultCmm;

/// A request for what encrypts one message.
#[derive(Clone, Debug)]
pub struct EncryptionMaterialsRequest {
    /// The suite to encrypt under.
    pub suite: AlgorithmSuite,
    /// The caller's encryption context.
    pub context: EncryptionContext,
    /// The plaintext's length in bytes, if it is known before it is read; whoever states it encrypts no more.
    pub plaintext_length: Option<u64>,
}

/// A request for what decrypts one message.
#[derive(Clone, Debug)]
pub struct DecryptionMaterialsRequest {
    /// The suite that the header names.
    pub suite: AlgorithmSuite,
    /// The encrypted data keys of the header, in its order.
    pub encrypted_data_keys: Vec<EncryptedDataKey>,
    /// The whole context: what the header stores, and what the caller adds.
    pub context: EncryptionContext,
}

/// Assembles the materials for one message.
pub trait Cmm: Send + Sync {
    /// Materials with a data key, at least one wrapped copy of it and, under a signed suite, a signing key.
    ///
    /// # Errors
    ///
    /// Those of the keyring, all fatal.
    fn encryption_materials(
        &self,
        request: EncryptionMaterialsRequest,
    ) -> BoxFuture<'_, Result<EncryptionMaterials, KeyringError>>;

    /// Materials with the data key, and which encrypted data key it came from.
    ///
    /// # Errors
    ///
    /// If no encrypted data key can be unwrapped, or if suite and context do not fit together.
    fn decryption_materials(
        &self,
        request: DecryptionMaterialsRequest,
    ) -> BoxFuture<'_, Result<DecryptionMaterials, KeyringError>>;
}

impl<T: Cmm + ?Sized> Cmm for Arc<T> {
    fn encryption_materials(
        &self,
        request: EncryptionMaterialsRequest,
    ) -> BoxFuture<'_, Result<EncryptionMaterials, KeyringError>> {
        (**self).encryption_materials(request)
    }

    fn decryption_materials(
        &self,
        request: DecryptionMaterialsRequest,
    ) -> BoxFuture<'_, Result<DecryptionMaterials, KeyringError>> {
        (**self).decryption_materials(request)
    }
}
