//! The services that the endpoint doubles for.

use super::operation::Operation;

/// A service, or a source of credentials that containers and instances have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Service {
    Kms,
    SecretsManager,
    Ssm,
    Sts,
    /// The credentials endpoint of ECS and of EKS Pod Identity.
    Container,
    /// The instance metadata service.
    Instance,
}

impl Service {
    /// Its name in policies and in the scope of signatures.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Kms => "kms",
            Self::SecretsManager => "secretsmanager",
            Self::Ssm => "ssm",
            Self::Sts => "sts",
            Self::Container => "container",
            Self::Instance => "instance",
        }
    }

    /// Service and operation of an `X-Amz-Target` header, such as `TrentService.Decrypt`.
    pub(super) fn of_target(target: &str) -> Option<(Self, Operation)> {
        let (service, operation) = target.split_once('.')?;
        let service = match service {
            "TrentService" => Self::Kms,
            "secretsmanager" => Self::SecretsManager,
            "AmazonSSM" => Self::Ssm,
            _ => return None,
        };
        let operation: Operation = operation.parse().ok()?;
        (operation.service() == service).then_some((service, operation))
    }
}

/// The partition that a Region belongs to, as ARNs name it.
pub(super) fn partition(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "aws-cn",
        Some("us") if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}
