//! One wrapped copy of a data key, as it stands in a header.

/// A data key wrapped under one wrapping key.
///
/// Each field is at most 65,535 bytes long. Source: `data-format/message-header.md#encrypted-data-key-entries`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EncryptedDataKey {
    /// Which kind of keyring made it: `aws-kms`, or the key namespace of a raw keyring.
    pub provider_id: String,
    /// What that keyring needs to find its key: a key ARN, or a raw key's name and wrapping parameters.
    pub provider_info: Vec<u8>,
    /// The wrapped data key.
    pub ciphertext: Vec<u8>,
}

/// Which key wrapped a data key, read from the unauthenticated provider fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WrappingKey<'a> {
    /// An AWS KMS key.
    AwsKms {
        /// The key ARN, as the header gives it.
        key_id: &'a str,
    },
    /// A raw AES key: its provider information ends in a tag length, an IV length and an IV.
    RawAes {
        /// The key namespace, `sealkit` for local keys of `sealctl`.
        namespace: &'a str,
        /// The key name within the namespace.
        name: &'a str,
    },
    /// Something else.
    Other {
        /// The provider id.
        provider_id: &'a str,
        /// What it is, where the AWS Encryption SDK defines it.
        known_as: Option<&'static str>,
    },
}

/// The provider id of the AWS KMS keyring.
pub(crate) const AWS_KMS: &str = "aws-kms";

/// What follows the key name in a raw AES provider information: tag bits u32, IV length u32, IV of 12 bytes.
const RAW_AES_TRAILER: usize = 4 + 4 + 12;

impl EncryptedDataKey {
    /// Which key wrapped it. Nothing here is authenticated until the data key was unwrapped and the header verified.
    #[must_use]
    pub fn key(&self) -> WrappingKey<'_> {
        let provider_id = self.provider_id.as_str();
        if provider_id == AWS_KMS
            && let Ok(key_id) = std::str::from_utf8(&self.provider_info)
        {
            return WrappingKey::AwsKms { key_id };
        }
        if !provider_id.starts_with(AWS_KMS)
            && let Some(name) = self.raw_aes_name()
        {
            return WrappingKey::RawAes { namespace: provider_id, name };
        }
        let known_as = match provider_id {
            AWS_KMS => Some("AWS KMS, with a key id that is not text"),
            "aws-kms-hierarchy" => Some("AWS KMS hierarchical keyring"),
            "aws-kms-rsa" => Some("AWS KMS RSA keyring"),
            "aws-kms-ecdh" => Some("AWS KMS ECDH keyring"),
            "raw-ecdh" => Some("raw ECDH keyring"),
            _ if provider_id.starts_with(AWS_KMS) => None,
            _ => Some("raw RSA keyring, or a provider of its own"),
        };
        WrappingKey::Other { provider_id, known_as }
    }

    fn raw_aes_name(&self) -> Option<&str> {
        let at = self.provider_info.len().checked_sub(RAW_AES_TRAILER)?;
        let (name, trailer) = self.provider_info.split_at(at);
        let parameters = [0, 0, 0, 128, 0, 0, 0, 12];
        if trailer[..8] != parameters {
            return None;
        }
        std::str::from_utf8(name).ok()
    }

    /// Bytes that it takes in a header.
    pub(crate) fn serialized_len(&self) -> usize {
        6 + self.provider_id.len() + self.provider_info.len() + self.ciphertext.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edk(provider_id: &str, info: &[u8]) -> EncryptedDataKey {
        EncryptedDataKey { provider_id: provider_id.to_owned(), provider_info: info.to_vec(), ciphertext: vec![1] }
    }

    #[test]
    fn keys_are_told_apart() {
        let arn = "arn:aws:kms:eu-west-1:111122223333:key/mrk-1";
        assert_eq!(edk("aws-kms", arn.as_bytes()).key(), WrappingKey::AwsKms { key_id: arn });
        let info = b"demo\0\0\0\x80\0\0\0\x0c0123456789ab";
        assert_eq!(edk("sealkit", info).key(), WrappingKey::RawAes { namespace: "sealkit", name: "demo" });
        assert!(matches!(edk("aws-kms", &[0xff]).key(), WrappingKey::Other { known_as: Some(_), .. }));
        assert!(matches!(edk("aws-kms-hierarchy", b"x").key(), WrappingKey::Other { known_as: Some(_), .. }));
        assert!(matches!(edk("aws-kms-new", info).key(), WrappingKey::Other { known_as: None, .. }));
    }
}
