//! Where, and as whom, each entry is fetched.
//!
//! An ARN's Region holds for it whatever else is said, for no other Region can answer it. Then comes the entry's own
//! field, then the flag, the specification's, the environment's.

use sealkit_aws::arn::{ParameterArn, ParameterId, SecretArn, SecretId};

use super::{Defaults, Overrides, Request};
use crate::spec::{Entry, Failover, Object, ParameterRef, Place, SecretRef, Spec, SpecMistake};

/// Requests in the order of entries, and what could not be resolved.
pub(super) struct Resolved {
    pub(super) place: Place,
    pub(super) requests: Vec<Request>,
    pub(super) mistakes: Vec<SpecMistake>,
}

pub(super) fn resolve(spec: &Spec, overrides: &Overrides, defaults: &Defaults) -> Resolved {
    let mut place = spec.place.clone();
    if let Some(region) = overrides.region.as_ref().or(spec.place.region.as_ref()).or(defaults.region.as_ref()) {
        place.region = Some(region.clone());
    }
    if !overrides.failover_regions.is_empty() {
        place.failover_regions.clone_from(&overrides.failover_regions);
    }
    if let Some(role) = &overrides.role {
        place.role = Some(role.clone());
    }
    let mut mistakes = failover_mistakes(&place);
    let requests: Vec<_> = spec.entries.iter().map(|entry| request(entry, &place, &mut mistakes)).collect();
    if defaults.region_is_required {
        mistakes.extend(nowhere(spec, &requests));
    }
    Resolved { place, requests, mistakes }
}

/// The first Region that an entry names, by its ARN or a field.
pub fn first_region(spec: &Spec) -> Option<String> {
    spec.entries.iter().find_map(|entry| region_of(&entry.object).or_else(|| entry.region.clone()))
}

fn request(entry: &Entry, place: &Place, mistakes: &mut Vec<SpecMistake>) -> Request {
    let object = canonical(entry.object.clone());
    let of_arn = region_of(&object);
    if let (Some(arn), Some(field)) = (&of_arn, &entry.region)
        && arn != field
    {
        let message = format!("`{}`: its ARN is of {arn}, so it can't be asked for in {field}", entry.label);
        mistakes.push(SpecMistake { at: entry.at, message });
    }
    let is_sealed = matches!(object, Object::Sealed(_));
    let region = of_arn.or_else(|| entry.region.clone()).or_else(|| place.region.clone()).filter(|_| !is_sealed);
    let failover = if is_sealed {
        Vec::new()
    } else if entry.failover.is_empty() {
        elsewhere(&object, region.as_deref(), &place.failover_regions)
    } else {
        let named = entry.failover.iter();
        named.map(|it| Failover { region: it.region.clone(), object: canonical(it.object.clone()) }).collect()
    };
    let role = entry.role.clone().or_else(|| place.role.clone());
    Request { object, region, failover, role, fallback: entry.fallback.clone() }
}

/// AWSCURRENT is what is asked for anyway; left out, equal requests are equal and can be batched.
fn canonical(object: Object) -> Object {
    match object {
        Object::Secret(SecretRef { id, version_id: None, version_stage: Some(stage) }) if stage == "AWSCURRENT" => {
            Object::Secret(SecretRef { id, version_id: None, version_stage: None })
        }
        other => other,
    }
}

/// The Region that an object's name itself holds.
fn region_of(object: &Object) -> Option<String> {
    match object {
        Object::Secret(secret) => secret.id.parse::<SecretId>().ok()?.region().map(str::to_owned),
        Object::Parameter(parameter) => parameter.name.parse::<ParameterId>().ok()?.region().map(str::to_owned),
        Object::Secrets(_) | Object::Parameters(_) | Object::Sealed(_) => None,
    }
}

/// The same object in other Regions. Replicas of a secret have its ARN but for the Region, and so have parameters of
/// the same name.
fn elsewhere(object: &Object, home: Option<&str>, regions: &[String]) -> Vec<Failover> {
    let others = regions.iter().filter(|region| Some(region.as_str()) != home);
    others.map(|region| Failover { region: region.clone(), object: moved(object, region) }).collect()
}

fn moved(object: &Object, region: &str) -> Object {
    match object {
        Object::Secret(secret) => Object::Secret(SecretRef { id: moved_secret(&secret.id, region), ..secret.clone() }),
        Object::Parameter(parameter) => {
            let name = match parameter.name.parse::<ParameterId>() {
                Ok(ParameterId::Arn(arn)) => moved_parameter_arn(&arn, region),
                Ok(ParameterId::Reference(SecretId::Arn(arn))) => {
                    parameter.name.replace(arn.as_str(), &moved_secret(arn.as_str(), region))
                }
                _ => parameter.name.clone(),
            };
            Object::Parameter(ParameterRef { name, selector: parameter.selector.clone() })
        }
        other => other.clone(),
    }
}

fn moved_secret(id: &str, region: &str) -> String {
    match id.parse::<SecretArn>() {
        Ok(arn) => {
            let (partition, account) = (arn.partition(), arn.account());
            format!("arn:{partition}:secretsmanager:{region}:{account}:secret:{}", arn.resource_name())
        }
        Err(_) => id.to_owned(),
    }
}

fn moved_parameter_arn(arn: &ParameterArn, region: &str) -> String {
    let resource = arn.name().trim_start_matches('/');
    format!("arn:{}:ssm:{region}:{}:parameter/{resource}", arn.partition(), arn.account())
}

/// A Region that is its own stand-in, or is named twice.
fn failover_mistakes(place: &Place) -> Vec<SpecMistake> {
    let mut seen: Vec<&str> = place.region.as_deref().into_iter().collect();
    let mut mistakes = Vec::new();
    for region in &place.failover_regions {
        if seen.contains(&region.as_str()) {
            let message = match place.region.as_deref() == Some(region) {
                true => format!("{region}: failover region cannot be the same as the primary region"),
                false => format!("the failover Region {region} is named twice"),
            };
            mistakes.push(SpecMistake { at: None, message });
        }
        seen.push(region);
    }
    mistakes
}

/// One mistake for all entries without a Region, for one word mends all of them.
fn nowhere(spec: &Spec, requests: &[Request]) -> Option<SpecMistake> {
    const MOST: usize = 3;
    let without = spec.entries.iter().zip(requests);
    let without: Vec<_> = without
        .filter(|(_, request)| request.region.is_none() && !matches!(request.object, Object::Sealed(_)))
        .map(|(entry, _)| entry)
        .collect();
    let at = without.first()?.at;
    let labels: Vec<_> = without.iter().take(MOST).map(|entry| format!("`{}`", entry.label)).collect();
    let more = match without.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let message = format!(
        "no Region is named for {}{more}: set `region`, --region or AWS_REGION (or --imds-region on EC2)",
        labels.join(", ")
    );
    Some(SpecMistake { at, message })
}
