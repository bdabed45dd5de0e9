//! The AWS Encryption SDK message format, version 2: the only module that parses or writes its bytes.

mod encrypted_data_key;

pub use encrypted_data_key::{EncryptedDataKey, WrappingKey};
