//! The controls of Secrets Manager, Parameter Store, STS and the endpoint of containers.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::json;

use super::{Done, parse};
use crate::aws_double::parameters::ParameterType;
use crate::aws_double::secrets::{NewSecret, SecretValue};
use crate::aws_double::world::World;

const REGION: &str = "us-east-1";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Secret {
    region: Option<String>,
    name: String,
    value: Option<String>,
    base64: Option<String>,
    kms_key: Option<String>,
    #[serde(default)]
    description: String,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewVersion {
    arn: String,
    value: Option<String>,
    base64: Option<String>,
    stages: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stage {
    arn: String,
    stage: String,
    version: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Deletion {
    arn: String,
    deleted: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewParameter {
    region: Option<String>,
    name: String,
    value: String,
    #[serde(default, rename = "type")]
    kind: ParameterType,
    kms_key: Option<String>,
    #[serde(default)]
    labels: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ParameterName {
    region: Option<String>,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebIdentity {
    token: String,
    #[serde(default)]
    expired: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Container {
    tokens: Option<Vec<String>>,
    lifetime_seconds: Option<u64>,
    role: Option<String>,
}

/// Does what the control says; none if there is no such control.
pub(super) fn serve(method: &str, path: &str, body: &[u8], world: &World) -> Option<Result<Done, String>> {
    let done = match (method, path) {
        ("POST", "secrets") => parse(body).and_then(|secret| create(secret, world)),
        ("DELETE", "secrets") => parse(body).map(|arn: String| nothing(|| world.secrets.remove(&arn))),
        ("POST", "versions") => parse(body).and_then(|version| put(version, world)),
        ("POST", "stages") => parse(body).and_then(|Stage { arn, stage, version }| {
            world.secrets.try_move_stage(&arn, &stage, &version).map(|()| Done::Nothing)
        }),
        ("POST", "deletions") => parse(body)
            .and_then(|Deletion { arn, deleted }| world.secrets.try_set_deleted(&arn, deleted).map(|()| Done::Nothing)),
        ("POST", "parameters") => parse(body).and_then(|parameter| put_parameter(&parameter, world)),
        ("DELETE", "parameters") => parse(body).map(|ParameterName { region, name }| {
            nothing(|| world.parameters.remove(region.as_deref().unwrap_or(REGION), &name))
        }),
        ("POST", "web-identities") => parse(body).map(|WebIdentity { token, expired }| {
            nothing(|| if expired { world.sts.expire(&token) } else { world.sts.trust(&token) })
        }),
        ("POST", "container") => parse(body).map(|settings| nothing(|| set(&settings, world))),
        _ => return None,
    };
    Some(done)
}

fn create(secret: Secret, world: &World) -> Result<Done, String> {
    let value = value(secret.value, secret.base64)?;
    let region = secret.region.as_deref().unwrap_or(REGION);
    let with = NewSecret { kms_key: secret.kms_key, description: secret.description, tags: secret.tags };
    world.secrets.try_create(region, &secret.name, value, with).map(|arn| Done::Answer(json!({ "ARN": arn })))
}

fn put(version: NewVersion, world: &World) -> Result<Done, String> {
    let value = value(version.value, version.base64)?;
    let stages = version.stages.unwrap_or_else(|| vec!["AWSCURRENT".to_owned()]);
    let stages: Vec<&str> = stages.iter().map(String::as_str).collect();
    world.secrets.try_put(&version.arn, value, &stages).map(|id| Done::Answer(json!({ "VersionId": id })))
}

fn put_parameter(parameter: &NewParameter, world: &World) -> Result<Done, String> {
    let NewParameter { name, value, .. } = parameter;
    let region = parameter.region.as_deref().unwrap_or(REGION);
    let version = world.parameters.try_put(region, name, value, parameter.kind, parameter.kms_key.as_deref())?;
    parameter.labels.iter().try_for_each(|label| world.parameters.try_label(region, name, version, label))?;
    Ok(Done::Answer(json!({ "Version": version })))
}

fn set(settings: &Container, world: &World) {
    if let Some(tokens) = &settings.tokens {
        world.container.require_tokens(tokens.iter().map(String::as_str));
    }
    if let Some(seconds) = settings.lifetime_seconds {
        world.container.set_lifetime(Duration::from_secs(seconds));
    }
    if let Some(role) = &settings.role {
        world.container.set_role(role);
    }
}

fn value(text: Option<String>, base64: Option<String>) -> Result<SecretValue, String> {
    match (text, base64) {
        (Some(text), None) => Ok(text.into()),
        (None, Some(base64)) => Ok(BASE64_STANDARD.decode(base64).map_err(|_| "base64 is no base64")?.into()),
        _ => Err("a secret has either a value or base64".to_owned()),
    }
}

fn nothing(act: impl FnOnce()) -> Done {
    act();
    Done::Nothing
}
