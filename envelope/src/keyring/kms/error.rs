//! What is wrong with a KMS keyring's configuration, its messages, or what KMS answered.

/// Why a KMS keyring cannot be made of what was given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KmsConfigError {
    /// A strict keyring was given no key.
    #[error("an AWS KMS keyring needs at least one key")]
    NoKey,
    /// A key was given twice, or as several replicas of one multi-Region key: which of them to ask would be left to
    /// chance. Source: `aws-kms-mrk-are-unique.md`.
    #[error("these are one key: {}; give it once, further Regions as failover Regions", keys.join(", "))]
    SameKey {
        /// All identifiers that name the same key as another one does.
        keys: Vec<String>,
    },
    /// Failover Regions were given for a key that is not the ARN of a multi-Region key.
    #[error("failover Regions need the ARN of a multi-Region key (key/mrk-…), not {key}")]
    FailoverOfSingleRegionKey {
        /// The key's identifier.
        key: String,
    },
    /// A failover Region was given twice, or is the key's own.
    #[error("failover Region {region} of {key} is given twice or is the key's own")]
    FailoverRegionTwice {
        /// The key's identifier.
        key: String,
        /// The Region.
        region: String,
    },
    /// Not the name of a Region.
    #[error("{region:?} is not the name of a Region")]
    NotARegion {
        /// What was given.
        region: String,
    },
    /// The identifier names no Region, and there is no client to imply one.
    #[error("{key} names no Region, and none was given")]
    NoRegion {
        /// The key's identifier.
        key: String,
    },
    /// A Region has no client.
    #[error("there is no KMS client for Region {region}")]
    NoClient {
        /// The Region.
        region: String,
    },
    /// A client was given for one Region and is configured for another.
    #[error("the KMS client given for Region {region} is configured for {actual}")]
    ClientOfOtherRegion {
        /// The Region it was given for.
        region: String,
        /// The Region it would ask.
        actual: String,
    },
    /// Multi-Region discovery was given no Region.
    #[error("discovery of multi-Region keys needs at least one Region")]
    NoDiscoveryRegion,
    /// A discovery filter without partition or account.
    #[error("a discovery filter needs a partition and at least one account")]
    EmptyFilter,
    /// Not an AWS account.
    #[error("{account:?} is not an AWS account of twelve digits")]
    NotAnAccount {
        /// What was given.
        account: String,
    },
}

/// A message, or an answer of KMS, that breaks the rules of the AWS KMS keyrings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KmsRuleError {
    /// A message names, for AWS KMS, something that is not the ARN of a key. Fatal for the keyring.
    #[error("an encrypted data key of AWS KMS names \"{provider_info}\", which is not the ARN of a key")]
    ProviderInfo {
        /// What it names, with bytes outside of ASCII escaped.
        provider_info: String,
    },
    /// KMS wrapped the data key into nothing, or into more than it may.
    #[error("a data key wrapped by {key} has {length} bytes; AWS KMS makes 1 to 6144")]
    CiphertextLength {
        /// The key.
        key: String,
        /// The length in bytes.
        length: usize,
    },
    /// KMS answered for another key than it was asked for.
    #[error("{operation} of {requested} was answered for {answered}{}", request(request_id))]
    AnswerKeyId {
        /// The IAM action.
        operation: &'static str,
        /// The key in the request.
        requested: String,
        /// The key in the answer.
        answered: String,
        /// The id under which KMS logged the request.
        request_id: Option<String>,
    },
    /// KMS answered with a data key of another length.
    #[error("{operation} of {key} gave a data key of {length} bytes in place of 32{}", request(request_id))]
    AnswerLength {
        /// The IAM action.
        operation: &'static str,
        /// The key in the request.
        key: String,
        /// The length in bytes.
        length: usize,
        /// The id under which KMS logged the request.
        request_id: Option<String>,
    },
    /// A message is wrapped by a key of a Region for which discovery has no client.
    #[error("there is no KMS client for Region {region} of {key}")]
    NoClient {
        /// The key.
        key: String,
        /// Its Region.
        region: String,
    },
    /// The key was given by alias or bare id. Messages name key ARNs, so it matches none of them.
    #[error("{identifier} cannot decrypt by itself, for messages name key ARNs: resolve it by kms:DescribeKey first")]
    NotAKeyArn {
        /// The identifier.
        identifier: String,
    },
    /// A discovery keyring was asked to encrypt. It knows no key of its own.
    #[error("a discovery keyring only decrypts: encrypting needs a key")]
    DiscoveryEncrypts,
}

/// The end of an error text that says where to look it up.
fn request(id: &Option<String>) -> String {
    id.as_ref().map(|id| format!(" (request id {})", id.escape_debug())).unwrap_or_default()
}
