//! What GetSecretValue and GetParameters take: a name or an ARN.

use super::parameter::is_parameter_name;
use super::secret::is_secret_name;
use super::{ArnError, ArnFlaw, ParameterArn, SecretArn};

/// What a secret named by this parameter is read through.
const REFERENCE: &str = "/aws/reference/secretsmanager/";

/// A secret as a user names it: what Secrets Manager takes as `SecretId`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SecretId {
    /// By its ARN.
    Arn(SecretArn),
    /// By its name, in the client's account and Region.
    Name(String),
}

/// A parameter as a user names it: what Parameter Store takes in `Names`, without a selector.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ParameterId {
    /// By its ARN.
    Arn(ParameterArn),
    /// By its name, in the client's account and Region.
    Name(String),
    /// A secret, read through Parameter Store: the name or ARN of the secret.
    Reference(SecretId),
}

impl SecretId {
    /// The Region that the identifier itself names.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        match self {
            Self::Arn(arn) => Some(arn.region()),
            Self::Name(_) => None,
        }
    }
}

impl ParameterId {
    /// The Region that the identifier itself names.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        match self {
            Self::Arn(arn) => Some(arn.region()),
            Self::Name(_) => None,
            Self::Reference(secret) => secret.region(),
        }
    }
}

impl std::str::FromStr for SecretId {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        if text.starts_with("arn:") {
            return text.parse().map(Self::Arn);
        }
        if is_secret_name(text, 512) {
            return Ok(Self::Name(text.to_owned()));
        }
        Err(ArnError::new(text, ArnFlaw::SecretName(text.to_owned())))
    }
}

impl std::str::FromStr for ParameterId {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        if text.starts_with("arn:") {
            return text.parse().map(Self::Arn);
        }
        if let Some(secret) = text.strip_prefix(REFERENCE) {
            return secret.parse().map(Self::Reference);
        }
        if is_parameter_name(text) {
            return Ok(Self::Name(text.to_owned()));
        }
        Err(ArnError::new(text, ArnFlaw::ParameterName(text.to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_arns_are_told_apart() {
        let secret = |text: &str| text.parse::<SecretId>();
        assert_eq!(secret("prod/db"), Ok(SecretId::Name("prod/db".to_owned())));
        let arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf";
        assert_eq!(secret(arn).expect("an ARN").region(), Some("eu-west-1"));
        for wrong in ["", "a b", "a:b", "arn:aws:ssm:eu-west-1:111122223333:parameter/a", "é"] {
            assert!(secret(wrong).is_err(), "{wrong}");
        }
        let parameter = |text: &str| text.parse::<ParameterId>();
        assert_eq!(parameter("/prod/db"), Ok(ParameterId::Name("/prod/db".to_owned())));
        assert_eq!(
            parameter("/aws/reference/secretsmanager/prod/db+1"),
            Ok(ParameterId::Reference(SecretId::Name("prod/db+1".to_owned())))
        );
        let reference = format!("/aws/reference/secretsmanager/{arn}");
        assert_eq!(parameter(&reference).expect("a reference").region(), Some("eu-west-1"));
        for wrong in ["", "/", "a b", "a:3", "/a//b", "/aws/reference/secretsmanager/", arn] {
            assert!(parameter(wrong).is_err(), "{wrong}");
        }
    }
}
