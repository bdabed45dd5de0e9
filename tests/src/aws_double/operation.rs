//! The operations that the endpoint knows.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use super::service::Service;

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
    /// `secretsmanager:GetSecretValue`
    GetSecretValue,
    /// `secretsmanager:BatchGetSecretValue`
    BatchGetSecretValue,
    /// `secretsmanager:ListSecrets`
    ListSecrets,
    /// `secretsmanager:DescribeSecret`
    DescribeSecret,
    /// `ssm:GetParameter`
    GetParameter,
    /// `ssm:GetParameters`
    GetParameters,
    /// `ssm:GetParametersByPath`
    GetParametersByPath,
    /// `sts:AssumeRole`
    AssumeRole,
    /// `sts:AssumeRoleWithWebIdentity`
    AssumeRoleWithWebIdentity,
    /// `sts:GetCallerIdentity`
    GetCallerIdentity,
    /// A request to the credentials endpoint of ECS or EKS Pod Identity.
    ContainerCredentials,
    /// A request to the instance metadata service.
    InstanceMetadata,
}

impl Operation {
    const ALL: [Self; 19] = [
        Self::GenerateDataKey,
        Self::Encrypt,
        Self::Decrypt,
        Self::DescribeKey,
        Self::ReEncrypt,
        Self::RotateKeyOnDemand,
        Self::ListKeyRotations,
        Self::GetSecretValue,
        Self::BatchGetSecretValue,
        Self::ListSecrets,
        Self::DescribeSecret,
        Self::GetParameter,
        Self::GetParameters,
        Self::GetParametersByPath,
        Self::AssumeRole,
        Self::AssumeRoleWithWebIdentity,
        Self::GetCallerIdentity,
        Self::ContainerCredentials,
        Self::InstanceMetadata,
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
            Self::GetSecretValue => "GetSecretValue",
            Self::BatchGetSecretValue => "BatchGetSecretValue",
            Self::ListSecrets => "ListSecrets",
            Self::DescribeSecret => "DescribeSecret",
            Self::GetParameter => "GetParameter",
            Self::GetParameters => "GetParameters",
            Self::GetParametersByPath => "GetParametersByPath",
            Self::AssumeRole => "AssumeRole",
            Self::AssumeRoleWithWebIdentity => "AssumeRoleWithWebIdentity",
            Self::GetCallerIdentity => "GetCallerIdentity",
            Self::ContainerCredentials => "ContainerCredentials",
            Self::InstanceMetadata => "InstanceMetadata",
        }
    }

    pub(super) fn service(self) -> Service {
        match self {
            Self::GenerateDataKey
            | Self::Encrypt
            | Self::Decrypt
            | Self::DescribeKey
            | Self::ReEncrypt
            | Self::RotateKeyOnDemand
            | Self::ListKeyRotations => Service::Kms,
            Self::GetSecretValue | Self::BatchGetSecretValue | Self::ListSecrets | Self::DescribeSecret => {
                Service::SecretsManager
            }
            Self::GetParameter | Self::GetParameters | Self::GetParametersByPath => Service::Ssm,
            Self::AssumeRole | Self::AssumeRoleWithWebIdentity | Self::GetCallerIdentity => Service::Sts,
            Self::ContainerCredentials => Service::Container,
            Self::InstanceMetadata => Service::Instance,
        }
    }

    /// The operation that stands for all that share a rate: Parameter Store counts its reads together.
    pub(super) fn rate(self) -> Self {
        if self.service() == Service::Ssm { Self::GetParameters } else { self }
    }

    /// The operation's name in policies, such as `kms:Decrypt`.
    #[must_use]
    pub fn action(self) -> String {
        format!("{}:{}", self.service().prefix(), self.name())
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
