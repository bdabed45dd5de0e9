//! From the names that people use for a key to its ARN.

use sealkit_aws::arn::{KeyArn, KeyIdentifier};

use super::call::observed;
use super::key::Site;
use super::{KmsClients, KmsConfigError, KmsRuleError, Observer};
use crate::keyring::KeyringError;

const DESCRIBE: &str = "kms:DescribeKey";

/// The ARN of the key that `identifier` names now: an alias or a bare id by `kms:DescribeKey`, a key ARN without a call.
///
/// An alias can be moved to another key, so what it named when a message was encrypted may differ.
///
/// # Errors
///
/// If the identifier's Region has no client, if KMS does not answer or refuses, or answers without a key ARN.
pub async fn resolve_alias(
    clients: &KmsClients,
    identifier: &KeyIdentifier,
    observer: Option<&Observer>,
) -> Result<KeyArn, KeyringError> {
    if let Some(arn) = identifier.key_arn() {
        return Ok(arn.clone());
    }
    let key_id = identifier.to_string();
    let region = identifier.region().or(clients.default_region());
    let region = region.ok_or_else(|| KmsConfigError::NoRegion { key: key_id.clone() })?.to_owned();
    let client = clients.get(&region).ok_or_else(|| KmsConfigError::NoClient { region: region.clone() })?;
    let site = Site { key_id, region };
    let answer = client.describe_key().key_id(&site.key_id).send().await;
    let answer = observed(observer, DESCRIBE, &site, answer, |_| Vec::new())?;
    let answered = answer.key_metadata.and_then(|key| key.arn).unwrap_or_default();
    Ok(answered.parse().map_err(|_| KmsRuleError::AnswerKeyId {
        operation: DESCRIBE,
        requested: site.key_id,
        answered: answered.escape_debug().to_string(),
        request_id: None,
    })?)
}
