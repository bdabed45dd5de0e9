//! Names, parsed once at the edge: of KMS keys ([`KeyArn`], [`AliasArn`] and [`KeyIdentifier`]), secrets
//! ([`SecretArn`], [`SecretId`]), parameters ([`ParameterArn`], [`ParameterId`]) and roles ([`RoleArn`]).
//!
//! ```
//! use sealkit_aws::arn::KeyArn;
//!
//! let here: KeyArn =
//!     "arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab".parse()?;
//! let there = here.in_region("us-east-1")?;
//! assert!(here.mrk_matches(&there));
//! assert_eq!(there.region(), "us-east-1");
//! # Ok::<(), sealkit_aws::arn::ArnError>(())
//! ```

use std::str::FromStr;

mod error;
#[macro_use]
mod fields;
mod id;
mod identifier;
mod parameter;
mod role;
mod secret;
mod shape;
#[cfg(test)]
mod tests;

pub use error::{ArnError, ArnFlaw};
pub use id::{ParameterId, SecretId};
pub use identifier::KeyIdentifier;
pub use parameter::ParameterArn;
pub use role::RoleArn;
pub use secret::SecretArn;

use shape::{Resource, is_partition};
pub use shape::{is_account, is_region, partition_of};

/// The longest identifier that KMS, Secrets Manager and Parameter Store take, in bytes.
const MAX_LENGTH: usize = 2048;

/// What begins the id of a multi-Region key.
const MULTI_REGION_PREFIX: &str = "mrk-";

/// The ARN of one KMS key: `arn:PARTITION:kms:REGION:ACCOUNT:key/ID`.
///
/// The id is held to KMS' alphabet and not to its present shapes (a UUID, `mrk-` and 32 hexadecimal
/// digits): a message that names a key of a future shape must still be readable, and emulators let
/// their users choose ids.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyArn(String);

/// The ARN of one KMS alias: `arn:PARTITION:kms:REGION:ACCOUNT:alias/NAME`.
///
/// An alias can be moved to another key, so encrypted data keys never name one: resolve it
/// (`kms:DescribeKey`) before comparing it with what a message holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AliasArn(String);

impl KeyArn {
    /// The Region whose replica of the key this names.
    #[must_use]
    pub fn region(&self) -> &str {
        field(&self.0, 3)
    }

    /// The key's id, without `key/`.
    #[must_use]
    pub fn resource_id(&self) -> &str {
        field(&self.0, 5).trim_start_matches("key/")
    }

    /// Whether the key has, or may have, replicas in other Regions.
    #[must_use]
    pub fn is_multi_region(&self) -> bool {
        self.resource_id().starts_with(MULTI_REGION_PREFIX)
    }

    /// The ARN of this multi-Region key's replica in `region`.
    ///
    /// # Errors
    /// The key is a single-Region key, or `region` does not have the form of a Region's name.
    pub fn in_region(&self, region: &str) -> Result<Self, ArnError> {
        if !self.is_multi_region() {
            return Err(ArnError::new(&self.0, ArnFlaw::SingleRegion));
        }
        if !is_region(region) {
            return Err(ArnError::new(&self.0, ArnFlaw::Region(region.to_owned())));
        }
        Ok(Self(format!("arn:{}:kms:{region}:{}:key/{}", self.partition(), self.account(), self.resource_id())))
    }

    /// Whether both name the same key, or replicas of the same multi-Region key.
    ///
    /// Source: AWS Encryption SDK specification,
    /// `framework/aws-kms/aws-kms-mrk-match-for-decrypt.md`.
    #[must_use]
    pub fn mrk_matches(&self, other: &Self) -> bool {
        self == other
            || (self.is_multi_region()
                && other.is_multi_region()
                && self.partition() == other.partition()
                && self.account() == other.account()
                && self.resource_id() == other.resource_id())
    }
}

impl AliasArn {
    /// The Region the alias belongs to; aliases, unlike multi-Region keys, have no replicas.
    #[must_use]
    pub fn region(&self) -> &str {
        field(&self.0, 3)
    }

    /// The alias with its prefix: `alias/NAME`.
    #[must_use]
    pub fn alias_name(&self) -> &str {
        field(&self.0, 5)
    }
}

impl FromStr for KeyArn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        match parse(text)? {
            Resource::Key => Ok(Self(text.to_owned())),
            Resource::Alias => Err(ArnError::new(text, ArnFlaw::AliasForKey)),
        }
    }
}

impl FromStr for AliasArn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        match parse(text)? {
            Resource::Alias => Ok(Self(text.to_owned())),
            Resource::Key => Err(ArnError::new(text, ArnFlaw::KeyForAlias)),
        }
    }
}

arn_parts!(KeyArn);

arn_parts!(AliasArn);

/// Checks an ARN of KMS field by field and says what it names; the first flaw from the left is
/// reported.
fn parse(text: &str) -> Result<Resource, ArnError> {
    let flaw = |flaw| ArnError::new(text, flaw);
    if text.len() > MAX_LENGTH {
        return Err(flaw(ArnFlaw::TooLong(text.len())));
    }
    let fields: Vec<&str> = text.split(':').collect();
    if fields[0] != "arn" {
        return Err(flaw(ArnFlaw::NoArn));
    }
    let [_, partition, service, region, account, resource] = fields[..] else {
        return Err(flaw(ArnFlaw::Fields(fields.len())));
    };
    if !is_partition(partition) {
        return Err(flaw(ArnFlaw::Partition(partition.to_owned())));
    }
    if service != "kms" {
        return Err(flaw(ArnFlaw::Service(service.to_owned())));
    }
    if !is_region(region) {
        return Err(flaw(ArnFlaw::Region(region.to_owned())));
    }
    if !is_account(account) {
        return Err(flaw(ArnFlaw::Account(account.to_owned())));
    }
    Resource::parse(resource).ok_or_else(|| flaw(ArnFlaw::Resource(resource.to_owned())))
}

/// The `index`-th part of an ARN that [`parse`] has accepted.
fn field(arn: &str, index: usize) -> &str {
    arn.split(':').nth(index).unwrap_or_default()
}
