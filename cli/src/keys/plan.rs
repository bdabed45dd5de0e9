//! What one input, and all others to which the same rules apply, is encrypted or decrypted with.

use sealkit_envelope::{Decryptor, EncryptionContext, Encryptor};

/// How to encrypt.
#[derive(Clone)]
pub(crate) struct EncryptPlan {
    /// Encrypts under the keys, suite, frame length and limits that apply.
    pub(crate) encryptor: Encryptor,
    /// The context that applies: typed pairs and those of rules.
    pub(crate) context: EncryptionContext,
    /// The keys by name, as `--dry-run` and `--json` show them.
    pub(crate) keys: Vec<String>,
}

/// How to decrypt.
#[derive(Clone)]
pub(crate) struct DecryptPlan {
    /// Decrypts by the keys and the policy that apply.
    pub(crate) decryptor: Decryptor,
    /// The pairs that were typed: each must be stored in the message, or have been required and not stored.
    pub(crate) context: EncryptionContext,
}
