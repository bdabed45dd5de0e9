//! Which keys may unwrap a data key.

use crate::message::WrappingKey;

/// A key, or a set of keys, that a policy allows.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum AllowedKey {
    /// One AWS KMS key by its ARN; for a multi-Region key, every replica of it.
    AwsKmsKey {
        /// The key ARN.
        arn: String,
    },
    /// Every AWS KMS key of one account.
    AwsKmsAccount {
        /// The partition: `aws`, `aws-cn`, `aws-us-gov`, …
        partition: String,
        /// The account, 12 digits.
        account: String,
    },
    /// One raw AES key.
    RawAes {
        /// The key namespace, `sealkit` for local keys.
        namespace: String,
        /// The key name.
        name: String,
    },
}

impl AllowedKey {
    pub(crate) fn matches(&self, key: &WrappingKey<'_>) -> bool {
        match (self, key) {
            (Self::AwsKmsKey { arn }, WrappingKey::AwsKms { key_id }) => same_key(arn, key_id),
            (Self::AwsKmsAccount { partition, account }, WrappingKey::AwsKms { key_id }) => {
                let parts: Vec<_> = key_id.splitn(6, ':').collect();
                matches!(parts[..], ["arn", p, "kms", _, a, resource] if p == partition && a == account
                    && resource.starts_with("key/"))
            }
            (Self::RawAes { namespace, name }, WrappingKey::RawAes { namespace: ns, name: n }) => {
                namespace == ns && name == n
            }
            _ => false,
        }
    }
}

/// Identical, or replicas of one multi-Region key: equal but for the Region.
fn same_key(left: &str, right: &str) -> bool {
    if left == right {
        return true;
    }
    let split = |arn| str::splitn(arn, 6, ':').collect::<Vec<_>>();
    match (&split(left)[..], &split(right)[..]) {
        ([a0, a1, a2, _, a4, a5], [b0, b1, b2, _, b4, b5]) => {
            a5.starts_with("key/mrk-") && (a0, a1, a2, a4, a5) == (b0, b1, b2, b4, b5)
        }
        _ => false,
    }
}
