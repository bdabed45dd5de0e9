//! How many calls a plan takes, if all goes well: no page follows another, nothing is throttled or out.

use std::collections::BTreeMap;

use sealkit_aws::arn::ParameterId;

use super::{Plan, Request};
use crate::spec::{Batch, Object, SecretRef};

/// Ids of one BatchGetSecretValue.
const IDS: u64 = 20;

/// Names of one GetParameters.
const NAMES: usize = 10;

/// What is called. In the order in which they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the operations' own names")]
pub enum Action {
    AssumeRole,
    ListSecrets,
    GetSecretValue,
    BatchGetSecretValue,
    GetParameters,
    GetParametersByPath,
    Decrypt,
}

impl Action {
    /// Its name in IAM.
    #[must_use]
    pub fn iam(self) -> &'static str {
        match self {
            Self::AssumeRole => "sts:AssumeRole",
            Self::ListSecrets => "secretsmanager:ListSecrets",
            Self::GetSecretValue => "secretsmanager:GetSecretValue",
            Self::BatchGetSecretValue => "secretsmanager:BatchGetSecretValue",
            Self::GetParameters => "ssm:GetParameters",
            Self::GetParametersByPath => "ssm:GetParametersByPath",
            Self::Decrypt => "kms:Decrypt",
        }
    }

    /// The operation, without its service.
    #[must_use]
    pub fn operation(self) -> &'static str {
        self.iam().split_once(':').map_or("", |(_, operation)| operation)
    }
}

/// The calls of one pod: those of a start, which are those of each refresh too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    counts: BTreeMap<(Action, Option<String>), u64>,
    /// Whether more may be needed: what a filter or a path finds is known from the answer.
    pub is_at_least: bool,
}

impl Calls {
    /// Those of a plan. Logins are not counted but for the roles that the specification names: how the pod itself logs
    /// in is not known from it.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let (mut calls, mut roles) = (Self::default(), BTreeMap::new());
        for ((role, region), group) in groups(plan) {
            if let Some(role) = role {
                // A session serves all Regions; a sealed file has none of its own.
                let first = roles.entry(role).or_insert(region);
                *first = first.or(region);
            }
            calls.add_secrets(plan.batch, region, &group);
            calls.add_parameters(region, &group);
            for request in group {
                match &request.object {
                    Object::Secrets(_) => {
                        calls.add(Action::ListSecrets, region, 1);
                        calls.is_at_least = true;
                    }
                    Object::Parameters(_) => {
                        calls.add(Action::GetParametersByPath, region, 1);
                        calls.is_at_least = true;
                    }
                    Object::Sealed(sealed) => {
                        let region = sealed.keys.first().and_then(|key| key.split(':').nth(3));
                        calls.add(Action::Decrypt, region, 1);
                    }
                    Object::Secret(_) | Object::Parameter(_) => {}
                }
            }
        }
        roles.into_values().for_each(|region| calls.add(Action::AssumeRole, region, 1));
        calls
    }

    fn add_secrets(&mut self, batch: Batch, region: Option<&str>, group: &[&Request]) {
        let secrets = || group.iter().filter_map(|request| secret(request));
        let count = secrets().count() as u64;
        let batched = match batched(batch, group) {
            0 => 0,
            batched => {
                self.add(Action::BatchGetSecretValue, region, batched.div_ceil(IDS));
                batched
            }
        };
        self.add(Action::GetSecretValue, region, count - batched);
    }

    /// As they are asked for: two versions of one parameter never in one call.
    fn add_parameters(&mut self, region: Option<&str>, group: &[&Request]) {
        let mut chunks: Vec<Vec<String>> = Vec::new();
        for request in group {
            let Object::Parameter(parameter) = &request.object else { continue };
            let name = bare(&parameter.name);
            match chunks.iter_mut().find(|chunk| chunk.len() < NAMES && !chunk.contains(&name)) {
                Some(chunk) => chunk.push(name),
                None => chunks.push(vec![name]),
            }
        }
        self.add(Action::GetParameters, region, chunks.len() as u64);
    }

    fn add(&mut self, action: Action, region: Option<&str>, count: u64) {
        if count > 0 {
            *self.counts.entry((action, region.map(str::to_owned))).or_default() += count;
        }
    }

    /// Each action with its Region and how often it is called.
    pub fn by_region(&self) -> impl Iterator<Item = (Action, Option<&str>, u64)> {
        self.counts.iter().map(|((action, region), count)| (*action, region.as_deref(), *count))
    }

    /// Each action and how often it is called in all Regions.
    #[must_use]
    pub fn by_action(&self) -> BTreeMap<Action, u64> {
        let mut sums = BTreeMap::new();
        for ((action, _), count) in &self.counts {
            *sums.entry(*action).or_default() += count;
        }
        sums
    }

    /// How often an action is called in all Regions.
    #[must_use]
    pub fn count(&self, action: Action) -> u64 {
        self.by_action().get(&action).copied().unwrap_or_default()
    }
}

type Key<'a> = (Option<&'a str>, Option<&'a str>);

/// Requests by role and Region: calls are shared within.
pub(super) fn groups(plan: &Plan) -> BTreeMap<Key<'_>, Vec<&Request>> {
    let mut groups: BTreeMap<Key<'_>, Vec<&Request>> = BTreeMap::new();
    for request in &plan.requests {
        groups.entry((request.role.as_deref(), request.region.as_deref())).or_default().push(request);
    }
    groups
}

/// How many secrets of a group batches bring.
pub(super) fn batched(batch: Batch, group: &[&Request]) -> u64 {
    // It has no field for versions.
    let current = |secret: &&SecretRef| secret.version_id.is_none() && secret.version_stage.is_none();
    let count = group.iter().filter_map(|request| secret(request)).filter(current).count() as u64;
    match batch {
        Batch::Never => 0,
        Batch::Auto if count < 2 => 0,
        Batch::Auto | Batch::Always => count,
    }
}

fn secret(request: &Request) -> Option<&SecretRef> {
    match &request.object {
        Object::Secret(secret) => Some(secret),
        _ => None,
    }
}

fn bare(name: &str) -> String {
    match name.parse::<ParameterId>() {
        Ok(ParameterId::Arn(arn)) => arn.name().trim_start_matches('/').to_owned(),
        _ => name.trim_start_matches('/').to_owned(),
    }
}

#[cfg(test)]
mod tests;
