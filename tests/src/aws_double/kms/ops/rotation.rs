//! `RotateKeyOnDemand` and `ListKeyRotations`.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{check_key_id, parse};
use crate::aws_double::error::ServiceError;
use crate::aws_double::kms::key::Key;
use crate::aws_double::kms::material::Material;
use crate::aws_double::kms::state::{State, not_found, usable};
use crate::aws_double::operation::Operation;

/// On-demand rotations that a key can have.
const MAX_ROTATIONS: usize = 25;
/// Entries of a page, unless the request says otherwise.
const PAGE: usize = 100;
/// Entries of a page that a request can ask for.
const MAX_PAGE: usize = 1000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RotateKeyOnDemand {
    key_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListKeyRotations {
    key_id: String,
    #[serde(default)]
    include_key_material: Include,
    limit: Option<usize>,
    marker: Option<String>,
}

#[derive(Default, Deserialize)]
enum Include {
    #[default]
    #[serde(rename = "ROTATIONS_ONLY")]
    RotationsOnly,
    #[serde(rename = "ALL_KEY_MATERIAL")]
    AllKeyMaterial,
}

pub(in crate::aws_double::kms) fn rotate_key_on_demand(
    state: &mut State,
    region: &str,
    body: &Value,
) -> Result<Value, ServiceError> {
    let input: RotateKeyOnDemand = parse(body)?;
    let key = named(state, region, &input.key_id)?;
    state.authorize(Operation::RotateKeyOnDemand, key)?;
    usable(key)?;
    let arn = key.arn.clone();
    if key.primary.as_ref().is_some_and(|primary| *primary != arn.region) {
        let message = format!("{arn} is a replica; rotate its primary key.");
        return Err(ServiceError::new(400, "UnsupportedOperationException", message));
    }
    if state.materials(key).rotations() >= MAX_ROTATIONS {
        let message = format!("You have reached the limit of {MAX_ROTATIONS} on-demand rotations for {arn}.");
        return Err(ServiceError::new(400, "LimitExceededException", message));
    }
    state.rotate(&arn);
    Ok(json!({ "KeyId": arn.to_string() }))
}

pub(in crate::aws_double::kms) fn list_key_rotations(
    state: &State,
    region: &str,
    body: &Value,
) -> Result<Value, ServiceError> {
    let input: ListKeyRotations = parse(body)?;
    let limit = match input.limit {
        None => PAGE,
        Some(limit @ 1..=MAX_PAGE) => limit,
        Some(_) => return Err(ServiceError::constraint("limit", "Member must have value between 1 and 1000")),
    };
    let limit = state.page_length().map_or(limit, |length| limit.min(length));
    let key = named(state, region, &input.key_id)?;
    state.authorize(Operation::ListKeyRotations, key)?;
    let seen = state.seen(key);
    let listed: Vec<Value> = seen
        .iter()
        .enumerate()
        .filter(|(_, material)| matches!(input.include_key_material, Include::AllKeyMaterial) || material.number > 0)
        .map(|(at, material)| entry(key, material, at + 1 == seen.len()))
        .collect();
    let start = match input.marker.as_deref().map(str::parse) {
        None => 0,
        Some(Ok(start)) if start <= listed.len() => start,
        Some(_) => return Err(ServiceError::new(400, "InvalidMarkerException", "The marker is not valid.")),
    };
    let end = listed.len().min(start + limit);
    let mut answer = json!({ "Rotations": listed[start..end], "Truncated": end < listed.len() });
    if end < listed.len() {
        answer["NextMarker"] = Value::from(end.to_string());
    }
    Ok(answer)
}

fn entry(key: &Key, material: &Material, current: bool) -> Value {
    let mut entry = json!({
        "KeyId": key.arn.to_string(),
        "KeyMaterialId": material.id,
        "KeyMaterialState": if current { "CURRENT" } else { "NON_CURRENT" },
    });
    if let Some(date) = material.rotated {
        entry["RotationDate"] = Value::from(seconds(date));
        entry["RotationType"] = Value::from("ON_DEMAND");
    }
    entry
}

/// Seconds since 1970, with milliseconds.
fn seconds(date: SystemTime) -> f64 {
    (date.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64()) * 1000.0).floor() / 1000.0
}

/// Finds a key by its id or ARN: these operations take no alias.
fn named<'a>(state: &'a State, region: &str, id: &str) -> Result<&'a Key, ServiceError> {
    check_key_id(id)?;
    if id.starts_with("alias/") || id.contains(":alias/") {
        return Err(not_found(format!("Invalid keyId {id}")));
    }
    state.resolve(region, id)
}
