//! A KMS keyring that lets the message name the key, within limits.
//!
//! Source: AWS Encryption SDK specification, `framework/aws-kms/aws-kms-discovery-keyring.md` and
//! `aws-kms-mrk-discovery-keyring.md`, each composed over Regions as in the multi-keyrings there.

use super::call::Caller;
use super::key::Site;
use super::provider_info::Candidate;
use super::{DiscoveryFilter, KmsClients, KmsConfigError};
use crate::keyring::KeyringError;
use crate::{DataKey, EncryptionContext};

pub(super) struct Discovery {
    filter: DiscoveryFilter,
    /// Where multi-Region keys are asked for, in order; `None` asks for every key where the message says it is.
    regions: Option<Vec<String>>,
}

impl Discovery {
    pub(super) fn of_any_region(filter: DiscoveryFilter) -> Self {
        Self { filter, regions: None }
    }

    pub(super) fn of_replicas(
        clients: &KmsClients,
        regions: Vec<String>,
        filter: DiscoveryFilter,
    ) -> Result<Self, KmsConfigError> {
        if regions.is_empty() {
            return Err(KmsConfigError::NoDiscoveryRegion);
        }
        regions.iter().try_for_each(|region| clients.require(region))?;
        Ok(Self { filter, regions: Some(regions) })
    }

    pub(super) async fn decrypt(
        &self,
        caller: &Caller,
        context: &EncryptionContext,
        candidates: &[Candidate<'_>],
        errors: &mut Vec<KeyringError>,
    ) -> Option<(DataKey, usize)> {
        for (candidate, site) in self.attempts(candidates) {
            match caller.decrypt(&site, candidate.ciphertext, context).await {
                Ok(data_key) => return Some((data_key, candidate.index)),
                Err(error) => errors.push(error),
            }
        }
        None
    }

    /// What is tried, in order: for each Region all candidates, as a multi-keyring of single-Region keyrings goes
    /// through them.
    fn attempts<'a, 'b>(&self, candidates: &'a [Candidate<'b>]) -> Vec<(&'a Candidate<'b>, Site)> {
        let allowed = candidates.iter().filter(|candidate| self.filter.allows(&candidate.arn));
        match &self.regions {
            None => allowed.map(|candidate| (candidate, home(candidate))).collect(),
            Some(regions) => {
                let in_region = |region: &String| {
                    let sites = allowed.clone().map(|candidate| Some((candidate, replica(candidate, region)?)));
                    sites.flatten().collect::<Vec<_>>()
                };
                regions.iter().flat_map(in_region).collect()
            }
        }
    }
}

/// Where the message says the key is.
fn home(candidate: &Candidate<'_>) -> Site {
    Site { key_id: candidate.arn.to_string(), region: candidate.arn.region().to_owned() }
}

/// The key in `region`: a replica of a multi-Region key, or a key of that very Region.
fn replica(candidate: &Candidate<'_>, region: &str) -> Option<Site> {
    if candidate.arn.region() == region {
        return Some(home(candidate));
    }
    let arn = candidate.arn.in_region(region).ok()?;
    Some(Site { key_id: arn.to_string(), region: region.to_owned() })
}
