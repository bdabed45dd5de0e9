//! Whose keys a discovery keyring may use.

use std::collections::BTreeSet;

use sealkit_aws::arn::KeyArn;

use super::KmsConfigError;

/// A partition and a set of accounts: what a message may make a discovery keyring use.
///
/// A message chooses the key it is decrypted under. Without a filter anyone's message would decrypt, under the
/// sender's own key, and look like one of ours; so a filter there must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscoveryFilter {
    partition: String,
    accounts: BTreeSet<String>,
}

impl DiscoveryFilter {
    /// Keys of these accounts (twelve digits each) in `partition` (`aws`, `aws-cn`, `aws-us-gov`, …).
    ///
    /// # Errors
    ///
    /// If the partition is empty, there is no account, or one is not twelve digits.
    pub fn new(
        partition: impl Into<String>,
        accounts: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Self, KmsConfigError> {
        let (partition, accounts) = (partition.into(), accounts.into_iter().map(Into::into).collect::<BTreeSet<_>>());
        if partition.is_empty() || accounts.is_empty() {
            return Err(KmsConfigError::EmptyFilter);
        }
        let is_account = |account: &String| account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        match accounts.iter().find(|account| !is_account(account)) {
            Some(account) => Err(KmsConfigError::NotAnAccount { account: account.clone() }),
            None => Ok(Self { partition, accounts }),
        }
    }

    /// Whether this key may be used.
    #[must_use]
    pub fn allows(&self, key: &KeyArn) -> bool {
        key.partition() == self.partition && self.accounts.contains(key.account())
    }
}
