//! ARNs in policies.

use sealkit_aws::arn::{ParameterId, SecretId, partition_of};

/// Six characters that Secrets Manager adds to a name.
const SUFFIX: &str = "-??????";

/// Where a name is looked up.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) region: Option<&'a str>,
    pub(super) account: Option<&'a str>,
}

impl Place<'_> {
    fn arn(self, service: &str, resource: &str) -> String {
        let partition = self.region.map_or("aws", partition_of);
        format!("arn:{partition}:{service}:{}:{}:{resource}", self.region.unwrap_or("*"), self.account.unwrap_or("*"))
    }
}

/// A secret by name or ARN. A complete ARN is exact; a name, or an ARN without its suffix, needs the wildcard.
pub(super) fn secret(id: &str, place: Place<'_>) -> String {
    match id.parse::<SecretId>() {
        Ok(SecretId::Arn(arn)) if arn.name() == arn.resource_name() => format!("{arn}{SUFFIX}"),
        Ok(SecretId::Arn(arn)) => arn.to_string(),
        _ => place.arn("secretsmanager", &format!("secret:{id}{SUFFIX}")),
    }
}

/// All secrets whose names begin so.
pub(super) fn secrets(prefix: &str, place: Place<'_>) -> String {
    place.arn("secretsmanager", &format!("secret:{prefix}*"))
}

/// A parameter, and the secret that it refers to.
pub(super) fn parameter(name: &str, place: Place<'_>) -> (String, Option<String>) {
    match name.parse::<ParameterId>() {
        Ok(ParameterId::Arn(arn)) => (arn.to_string(), None),
        Ok(ParameterId::Reference(_)) => {
            let id = name.trim_start_matches("/aws/reference/secretsmanager/");
            (of_name(name, place), Some(secret(id, place)))
        }
        _ => (of_name(name, place), None),
    }
}

/// The path itself, which is what the call is checked against, and all below it.
pub(super) fn parameters(path: &str, place: Place<'_>) -> Vec<String> {
    let path = path.trim_matches('/');
    if path.is_empty() {
        return vec![place.arn("ssm", "parameter/*")];
    }
    vec![place.arn("ssm", &format!("parameter/{path}")), place.arn("ssm", &format!("parameter/{path}/*"))]
}

fn of_name(name: &str, place: Place<'_>) -> String {
    place.arn("ssm", &format!("parameter/{}", name.trim_start_matches('/')))
}

/// Keys of an account.
pub(super) fn keys_of_account(place: Place<'_>, key: &str) -> String {
    place.arn("kms", &format!("key/{key}"))
}
