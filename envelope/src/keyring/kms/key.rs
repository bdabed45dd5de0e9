//! One KMS key as configured.

use sealkit_aws::arn::KeyIdentifier;

use super::{KmsClients, KmsConfigError};

/// A KMS key, with the Regions that stand in for its own.
///
/// Failover is a property of one multi-Region key. It happens when KMS does not answer or throttles, never when it
/// refuses: a key that is disabled in one Region must not be used by way of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KmsKey {
    identifier: KeyIdentifier,
    failover_regions: Vec<String>,
    encrypt_failover: bool,
}

/// Where to ask for a key, and by what name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Site {
    pub(super) key_id: String,
    pub(super) region: String,
}

impl KmsKey {
    /// A key that is asked for in its own Region only.
    #[must_use]
    pub fn new(identifier: KeyIdentifier) -> Self {
        Self { identifier, failover_regions: Vec::new(), encrypt_failover: false }
    }

    /// Decrypts by the replicas in these Regions, in this order, after the key's own.
    ///
    /// # Errors
    ///
    /// If there are any and the key is not given as the ARN of a multi-Region key, if a Region has not the form of
    /// one, or if one is given twice or is the key's own.
    pub fn with_failover_regions(
        mut self,
        regions: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Self, KmsConfigError> {
        let key = self.identifier.to_string();
        for region in regions {
            let region = region.into();
            let arn = self.identifier.key_arn().filter(|arn| arn.is_multi_region());
            let arn = arn.ok_or_else(|| KmsConfigError::FailoverOfSingleRegionKey { key: key.clone() })?;
            if arn.region() == region || self.failover_regions.contains(&region) {
                return Err(KmsConfigError::FailoverRegionTwice { key, region });
            }
            if arn.in_region(&region).is_err() {
                return Err(KmsConfigError::NotARegion { region });
            }
            self.failover_regions.push(region);
        }
        Ok(self)
    }

    /// Lets encryption fail over as well. Then messages are wrapped by another Region's replica while this one's KMS
    /// is down.
    #[must_use]
    pub fn with_encrypt_failover(mut self, encrypt_failover: bool) -> Self {
        self.encrypt_failover = encrypt_failover;
        self
    }

    /// The identifier, as given.
    #[must_use]
    pub fn identifier(&self) -> &KeyIdentifier {
        &self.identifier
    }

    /// The Regions that stand in for the key's own, in the order of trying.
    #[must_use]
    pub fn failover_regions(&self) -> &[String] {
        &self.failover_regions
    }

    /// Where to ask, in the order of trying.
    ///
    /// # Errors
    ///
    /// If one of the Regions has no client.
    pub(super) fn sites(&self, clients: &KmsClients) -> Result<Sites, KmsConfigError> {
        let region = self.identifier.region().or(clients.default_region());
        let region = region.ok_or_else(|| KmsConfigError::NoRegion { key: self.identifier.to_string() })?;
        let home = Site { key_id: self.identifier.to_string(), region: region.to_owned() };
        let arn = self.identifier.key_arn();
        let replicas = self.failover_regions.iter().filter_map(|region| {
            let arn = arn?.in_region(region).ok()?;
            Some(Site { key_id: arn.to_string(), region: region.clone() })
        });
        let all: Vec<_> = std::iter::once(home).chain(replicas).collect();
        all.iter().try_for_each(|site| clients.require(&site.region))?;
        Ok(Sites { encrypt: if self.encrypt_failover { all.len() } else { 1 }, all })
    }
}

/// Where to ask for one key.
pub(super) struct Sites {
    all: Vec<Site>,
    encrypt: usize,
}

impl Sites {
    pub(super) fn for_encrypt(&self) -> &[Site] {
        &self.all[..self.encrypt]
    }

    pub(super) fn for_decrypt(&self) -> &[Site] {
        &self.all
    }
}
