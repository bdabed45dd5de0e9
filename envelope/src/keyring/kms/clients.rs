//! One KMS client a Region.

use std::collections::BTreeMap;

use aws_sdk_kms::Client;

use super::KmsConfigError;

/// Ready KMS clients by Region. The first one given also serves identifiers that name no Region.
#[derive(Clone, Debug, Default)]
pub struct KmsClients {
    clients: BTreeMap<String, Client>,
    default_region: Option<String>,
}

impl KmsClients {
    /// No client yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the client for `region`, in place of an earlier one.
    ///
    /// # Errors
    ///
    /// If the client is configured for another Region.
    pub fn with(mut self, region: impl Into<String>, client: Client) -> Result<Self, KmsConfigError> {
        let region = region.into();
        if let Some(actual) = client.config().region().filter(|actual| actual.as_ref() != region) {
            return Err(KmsConfigError::ClientOfOtherRegion { region, actual: actual.to_string() });
        }
        self.default_region.get_or_insert_with(|| region.clone());
        self.clients.insert(region, client);
        Ok(self)
    }

    /// The client for `region`.
    #[must_use]
    pub fn get(&self, region: &str) -> Option<&Client> {
        self.clients.get(region)
    }

    /// The Region of identifiers that name none: that of the first client given.
    #[must_use]
    pub fn default_region(&self) -> Option<&str> {
        self.default_region.as_deref()
    }

    /// The Regions that have a client, in alphabetical order.
    pub fn regions(&self) -> impl Iterator<Item = &str> {
        self.clients.keys().map(String::as_str)
    }

    /// # Errors
    ///
    /// [`KmsConfigError::NoClient`] if `region` has none.
    pub(super) fn require(&self, region: &str) -> Result<(), KmsConfigError> {
        match self.get(region) {
            Some(_) => Ok(()),
            None => Err(KmsConfigError::NoClient { region: region.to_owned() }),
        }
    }
}
