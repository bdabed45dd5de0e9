//! The AWS Encryption SDK message format, version 2: the only module that parses or writes its bytes.

mod encrypted_data_key;

#[cfg(feature = "kms")]
pub(crate) use encrypted_data_key::AWS_KMS;
pub use encrypted_data_key::{EncryptedDataKey, WrappingKey};
