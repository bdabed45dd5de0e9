//! What a message is encrypted and decrypted with: keys, wrapped keys, context.
//!
//! Source: AWS Encryption SDK specification, `framework/structures.md` (encryption materials, decryption materials).

use std::sync::Arc;

use crate::primitives::{SigningKey, VerifyingKey};
use crate::{AlgorithmSuite, DataKey, EncryptedDataKey, EncryptionContext};

/// What encrypts one message; keyrings fill in the data key and its wrapped copies.
///
/// It has no `Debug`, for it holds keys.
#[non_exhaustive]
pub struct EncryptionMaterials {
    /// The suite that the message will name.
    pub suite: AlgorithmSuite,
    /// The whole encryption context, with the public key of a signed suite.
    pub context: EncryptionContext,
    /// The data key, once a keyring generated it.
    pub data_key: Option<DataKey>,
    /// Its wrapped copies, in the order in which they will stand in the header; empty without a data key.
    pub encrypted_data_keys: Vec<EncryptedDataKey>,
    /// Signs the message, under a signed suite.
    pub(crate) signing_key: Option<SigningKey>,
}

impl EncryptionMaterials {
    /// Materials that no keyring has seen yet.
    #[must_use]
    pub fn new(suite: AlgorithmSuite, context: EncryptionContext) -> Self {
        Self { suite, context, data_key: None, encrypted_data_keys: Vec::new(), signing_key: None }
    }

    /// A second copy, keys included: what a cache gives out.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self {
            suite: self.suite,
            context: self.context.clone(),
            data_key: self.data_key.as_ref().map(DataKey::duplicate),
            encrypted_data_keys: self.encrypted_data_keys.clone(),
            signing_key: self.signing_key.clone(),
        }
    }
}

/// What decrypts one message; a keyring fills in the data key.
///
/// It has no `Debug`, for it holds keys.
#[non_exhaustive]
pub struct DecryptionMaterials {
    /// The suite that the message names.
    pub suite: AlgorithmSuite,
    /// The whole encryption context: what the header stores, and what the caller adds to it.
    pub context: EncryptionContext,
    /// The data key, once a keyring unwrapped it.
    pub data_key: Option<DataKey>,
    /// Which encrypted data key it came from: an index into those of the request. Set together with `data_key`; a
    /// decrypt policy checks it for every message, also when the data key comes from a cache.
    pub unwrapped_by: Option<usize>,
    /// Verifies the message's signature, under a signed suite.
    pub(crate) verification_key: Option<Arc<VerifyingKey>>,
}

impl DecryptionMaterials {
    /// Materials that no keyring has seen yet.
    #[must_use]
    pub fn new(suite: AlgorithmSuite, context: EncryptionContext) -> Self {
        Self { suite, context, data_key: None, unwrapped_by: None, verification_key: None }
    }

    /// These materials with a data key that came from the encrypted data key at `index`.
    #[must_use]
    pub fn with_data_key(mut self, data_key: DataKey, index: usize) -> Self {
        self.data_key = Some(data_key);
        self.unwrapped_by = Some(index);
        self
    }

    /// A second copy, keys included: what a cache gives out.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self {
            suite: self.suite,
            context: self.context.clone(),
            data_key: self.data_key.as_ref().map(DataKey::duplicate),
            unwrapped_by: self.unwrapped_by,
            verification_key: self.verification_key.clone(),
        }
    }
}
