//! The encrypted data keys that are of AWS KMS, with their key ARNs parsed.

use sealkit_aws::arn::KeyArn;

use super::KmsRuleError;
use crate::message::{AWS_KMS, EncryptedDataKey};

/// An encrypted data key that KMS wrapped, by what its header says.
pub(super) struct Candidate<'a> {
    /// Where it stands among those of the message.
    pub(super) index: usize,
    pub(super) arn: KeyArn,
    pub(super) ciphertext: &'a [u8],
}

/// Those of provider `aws-kms`; others are left to other keyrings.
///
/// # Errors
///
/// If the provider information of one of them is not the ARN of a key, which is fatal for the whole keyring: an honest
/// writer puts nothing else there.
pub(super) fn candidates(encrypted_data_keys: &[EncryptedDataKey]) -> Result<Vec<Candidate<'_>>, KmsRuleError> {
    encrypted_data_keys
        .iter()
        .enumerate()
        .filter(|(_, wrapped)| wrapped.provider_id == AWS_KMS)
        .map(|(index, wrapped)| {
            let arn = std::str::from_utf8(&wrapped.provider_info).ok().and_then(|text| text.parse().ok());
            let arn = arn.ok_or_else(|| KmsRuleError::ProviderInfo {
                provider_info: wrapped.provider_info.escape_ascii().to_string(),
            })?;
            Ok(Candidate { index, arn, ciphertext: &wrapped.ciphertext })
        })
        .collect()
}
