//! The operations that the endpoint knows.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// One API operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[non_exhaustive]
pub enum Operation {
    /// `kms:GenerateDataKey`
    GenerateDataKey,
    /// `kms:Encrypt`
    Encrypt,
    /// `kms:Decrypt`
    Decrypt,
    /// `kms:DescribeKey`
    DescribeKey,
    /// `kms:ReEncrypt`: policies know it as `kms:ReEncryptFrom` and `kms:ReEncryptTo`; here a denial of it is of both.
    ReEncrypt,
    /// `kms:RotateKeyOnDemand`
    RotateKeyOnDemand,
    /// `kms:ListKeyRotations`
    ListKeyRotations,
}

impl Operation {
    const ALL: [Self; 7] = [
        Self::GenerateDataKey,
        Self::Encrypt,
        Self::Decrypt,
        Self::DescribeKey,
        Self::ReEncrypt,
        Self::RotateKeyOnDemand,
        Self::ListKeyRotations,
    ];

    /// The operation's name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::GenerateDataKey => "GenerateDataKey",
            Self::Encrypt => "Encrypt",
            Self::Decrypt => "Decrypt",
            Self::DescribeKey => "DescribeKey",
            Self::ReEncrypt => "ReEncrypt",
            Self::RotateKeyOnDemand => "RotateKeyOnDemand",
            Self::ListKeyRotations => "ListKeyRotations",
        }
    }

    /// The operation's name in policies, such as `kms:Decrypt`.
    #[must_use]
    pub fn action(self) -> String {
        format!("kms:{}", self.name())
    }

    /// Parses an `X-Amz-Target` header, such as `TrentService.Decrypt`.
    pub(super) fn from_target(target: &str) -> Option<Self> {
        target.strip_prefix("TrentService.")?.parse().ok()
    }
}

impl FromStr for Operation {
    type Err = UnknownOperation;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|operation| operation.name() == name)
            .ok_or_else(|| UnknownOperation(name.to_owned()))
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no operation of the endpoint.
#[derive(Debug, thiserror::Error)]
#[error("the endpoint does not know the operation {0}")]
pub struct UnknownOperation(String);
