//! Keys and the ARNs that name them.

use std::fmt;
use std::time::SystemTime;

use serde::Deserialize;

/// The state of a key, with the name that the API gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub enum KeyState {
    /// Usable.
    Enabled,
    /// Refused with `DisabledException`.
    Disabled,
    /// Refused with `KMSInvalidStateException`, as are the rest.
    PendingDeletion,
    /// Without key material yet.
    PendingImport,
    /// In a custom key store that is disconnected.
    Unavailable,
}

/// A key ARN or alias ARN in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Arn {
    pub(super) partition: String,
    pub(super) region: String,
    pub(super) account: String,
    pub(super) resource: String,
}

pub(super) struct Key {
    pub(super) arn: Arn,
    pub(super) state: KeyState,
    /// Region of the primary; set for multi-Region keys.
    pub(super) primary: Option<String>,
    pub(super) created: SystemTime,
}

impl Arn {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        match [(); 6].map(|()| parts.next()) {
            [Some("arn"), Some(partition), Some("kms"), Some(region), Some(account), Some(resource)]
                if !partition.is_empty() && !region.is_empty() && !account.is_empty() =>
            {
                Some(Self {
                    partition: partition.to_owned(),
                    region: region.to_owned(),
                    account: account.to_owned(),
                    resource: resource.to_owned(),
                })
            }
            _ => None,
        }
    }

    pub(super) fn key(text: &str) -> Option<Self> {
        Self::parse(text).filter(|arn| arn.resource.strip_prefix("key/").is_some_and(|id| !id.is_empty()))
    }

    pub(super) fn is_multi_region(&self) -> bool {
        self.resource.starts_with("key/mrk-")
    }

    pub(super) fn in_region(&self, region: &str) -> Self {
        Self { region: region.to_owned(), ..self.clone() }
    }

    /// The ARN of another resource in the same account and Region.
    pub(super) fn sibling(&self, resource: &str) -> Self {
        Self { resource: resource.to_owned(), ..self.clone() }
    }

    pub(super) fn key_id(&self) -> &str {
        self.resource.strip_prefix("key/").unwrap_or(&self.resource)
    }

    /// What a key and its replicas have in common.
    pub(super) fn lineage(&self) -> String {
        let region = if self.is_multi_region() { "*" } else { &self.region };
        format!("{}:{region}:{}:{}", self.partition, self.account, self.key_id())
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, region, account, resource } = self;
        write!(f, "arn:{partition}:kms:{region}:{account}:{resource}")
    }
}

impl Key {
    pub(super) fn new(arn: Arn) -> Self {
        let primary = arn.is_multi_region().then(|| arn.region.clone());
        Self { arn, state: KeyState::Enabled, primary, created: SystemTime::now() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_replicas_share_a_lineage() {
        let lineage = |text: &str| Arn::key(text).expect("a key ARN").lineage();
        assert_eq!(
            lineage("arn:aws:kms:us-east-1:111122223333:key/mrk-1"),
            lineage("arn:aws:kms:eu-west-1:111122223333:key/mrk-1"),
        );
        assert_ne!(
            lineage("arn:aws:kms:us-east-1:111122223333:key/1"),
            lineage("arn:aws:kms:eu-west-1:111122223333:key/1"),
        );
    }

    #[test]
    fn what_is_no_key_arn_is_refused() {
        for text in ["", "arn:aws:kms:us-east-1:1:alias/a", "arn:aws:s3:us-east-1:1:key/a", "arn:aws:kms::1:key/a"] {
            assert_eq!(Arn::key(text), None, "{text}");
        }
    }
}
