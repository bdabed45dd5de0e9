//! A KMS keyring of configured keys.
//!
//! Source: AWS Encryption SDK specification, `framework/aws-kms/aws-kms-mrk-keyring.md`, which for keys of a single
//! Region equals `aws-kms-keyring.md`, composed as in `aws-kms-mrk-multi-keyrings.md`.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use sealkit_aws::arn::KeyIdentifier;

use super::call::Caller;
use super::key::{Site, Sites};
use super::provider_info::Candidate;
use super::{KmsClients, KmsConfigError, KmsKey, KmsRuleError};
use crate::keyring::KeyringError;
use crate::materials::EncryptionMaterials;
use crate::{DataKey, EncryptedDataKey, EncryptionContext};

pub(super) struct Strict {
    /// The generator, then the others.
    keys: Vec<(KmsKey, Sites)>,
}

impl Strict {
    pub(super) fn new(clients: &KmsClients, keys: Vec<KmsKey>) -> Result<Self, KmsConfigError> {
        if keys.is_empty() {
            return Err(KmsConfigError::NoKey);
        }
        check_unique(&keys)?;
        let with_sites = |key: KmsKey| {
            let sites = key.sites(clients)?;
            Ok((key, sites))
        };
        Ok(Self { keys: keys.into_iter().map(with_sites).collect::<Result<_, _>>()? })
    }

    /// Generates where there is no data key yet; then every key that has not wrapped it does, all at once.
    pub(super) async fn encrypt(
        &self,
        caller: &Caller,
        mut materials: EncryptionMaterials,
    ) -> Result<EncryptionMaterials, KeyringError> {
        let context = &materials.context;
        let mut wrappers = self.keys.iter();
        let data_key = match materials.data_key.take() {
            Some(data_key) => data_key,
            None => {
                let (_, sites) = wrappers.next().ok_or(KmsConfigError::NoKey)?;
                let (data_key, wrapped) =
                    first_answer(sites.for_encrypt(), |site| caller.generate(site, context)).await?;
                materials.encrypted_data_keys.push(wrapped);
                data_key
            }
        };
        let wraps = wrappers.map(|(_, sites)| wrap(caller, sites.for_encrypt(), &data_key, context));
        let wrapped = try_join_all(wraps).await?;
        materials.encrypted_data_keys.extend(wrapped);
        materials.data_key = Some(data_key);
        Ok(materials)
    }

    /// Tries each key in order, and under each key all that it may have wrapped.
    pub(super) async fn decrypt(
        &self,
        caller: &Caller,
        context: &EncryptionContext,
        candidates: &[Candidate<'_>],
        errors: &mut Vec<KeyringError>,
    ) -> Option<(DataKey, usize)> {
        for (key, sites) in &self.keys {
            let Some(arn) = key.identifier().key_arn() else {
                errors.push(KmsRuleError::NotAKeyArn { identifier: key.identifier().to_string() }.into());
                continue;
            };
            for candidate in candidates.iter().filter(|candidate| arn.mrk_matches(&candidate.arn)) {
                let sites = sites.for_decrypt();
                match first_answer(sites, |site| caller.decrypt(site, candidate.ciphertext, context)).await {
                    Ok(data_key) => return Some((data_key, candidate.index)),
                    Err(error) => errors.push(error),
                }
            }
        }
        None
    }
}

async fn wrap(
    caller: &Caller,
    sites: &[Site],
    data_key: &DataKey,
    context: &EncryptionContext,
) -> Result<EncryptedDataKey, KeyringError> {
    first_answer(sites, |site| caller.encrypt(site, data_key, context)).await
}

/// The answer of the first site that gives one. Only one that does not answer, or throttles, is passed over.
async fn first_answer<'a, T, F>(sites: &'a [Site], ask: impl Fn(&'a Site) -> F) -> Result<T, KeyringError>
where
    F: Future<Output = Result<T, KeyringError>>,
{
    let mut errors = Vec::new();
    for site in sites {
        match ask(site).await {
            Err(KeyringError::Kms(fault)) if fault.class().is_failover_worthy() => {
                errors.push(KeyringError::Kms(fault));
            }
            Err(error) if errors.is_empty() => return Err(error),
            Err(error) => {
                errors.push(error);
                break;
            }
            Ok(answer) => return Ok(answer),
        }
    }
    match errors.pop() {
        Some(only) if errors.is_empty() => Err(only),
        last => Err(KeyringError::NoReplicaAnswered { errors: errors.into_iter().chain(last).collect() }),
    }
}

/// Refuses identifiers that name one key: equal ones, and multi-Region keys of one id, whatever their Region.
fn check_unique(keys: &[KmsKey]) -> Result<(), KmsConfigError> {
    let mut by_id: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for key in keys {
        let id = match key.identifier() {
            KeyIdentifier::KeyArn(arn) if arn.is_multi_region() => arn.resource_id(),
            identifier => identifier.as_str(),
        };
        by_id.entry(id).or_default().push(key.identifier().to_string());
    }
    let keys: Vec<_> = by_id.into_values().filter(|same| same.len() > 1).flatten().collect();
    if keys.is_empty() { Ok(()) } else { Err(KmsConfigError::SameKey { keys }) }
}
