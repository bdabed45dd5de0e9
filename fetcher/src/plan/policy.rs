//! The least-privilege policy of IAM for a plan.
//!
//! One for the pod or task itself, and one for each role that the specification has it assume. What is not known from
//! the specification (the account, a Region that the environment names) is `*`.

mod resources;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Plan, Request, calls};
use crate::spec::{Batch, Object, SealedFile};
use resources::{Place, keys_of_account, parameter, parameters, secret, secrets};

/// The most characters of a managed policy, blanks apart (IAM's quota).
pub const MANAGED_LIMIT: usize = 6_144;

/// What one principal needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grants {
    /// The role that is assumed; absent for the pod's or task's own.
    pub role: Option<String>,
    /// What it needs in any case.
    pub policy: Policy,
    /// What it needs too where secrets or parameters are encrypted under customer managed keys. Which keys those are
    /// is not known from the specification: put their ARNs in place of the wildcard.
    pub with_customer_keys: Vec<Statement>,
}

/// A policy document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Policy {
    version: &'static str,
    /// Its statements; none where nothing is needed.
    pub statement: Vec<Statement>,
}

/// A statement, whose effect is always Allow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Statement {
    /// What it is for.
    pub sid: String,
    effect: &'static str,
    /// What is allowed.
    pub action: Vec<&'static str>,
    /// On what.
    pub resource: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    condition: BTreeMap<&'static str, BTreeMap<String, Vec<String>>>,
}

impl Statement {
    fn new(sid: impl Into<String>, action: &'static str, resource: impl IntoIterator<Item = String>) -> Self {
        Self {
            sid: sid.into(),
            effect: "Allow",
            action: vec![action],
            resource: resource.into_iter().collect(),
            condition: BTreeMap::new(),
        }
    }

    fn if_equals(mut self, key: impl Into<String>, values: impl IntoIterator<Item = String>) -> Self {
        self.condition.entry("StringEquals").or_default().insert(key.into(), values.into_iter().collect());
        self
    }
}

impl Policy {
    fn new(statement: Vec<Statement>) -> Self {
        Self { version: "2012-10-17", statement }
    }

    /// Its length as IAM counts it, without blanks.
    #[must_use]
    pub fn characters(&self) -> usize {
        serde_json::to_string(self).map_or(usize::MAX, |text| text.chars().filter(|it| !it.is_whitespace()).count())
    }
}

/// The policies for a plan: first that of the pod or task itself, then those of roles, in their order. `account` stands
/// in ARNs where the specification names none.
#[must_use]
pub fn grants(plan: &Plan, account: Option<&str>) -> Vec<Grants> {
    let mut by_role: BTreeMap<Option<&str>, Vec<&Request>> = BTreeMap::from([(None, Vec::new())]);
    for request in &plan.requests {
        by_role.entry(request.role.as_deref()).or_default().push(request);
    }
    let roles: Vec<_> = by_role.keys().flatten().map(|role| (*role).to_owned()).collect();
    let mut all = Vec::with_capacity(by_role.len());
    for (role, requests) in by_role {
        let mut wanted = Wanted::default();
        // What a role names belongs to its account unless an ARN says otherwise.
        let account = role.and_then(|role| role.split(':').nth(4)).or(account);
        requests.iter().for_each(|request| wanted.add(request, account));
        wanted.batches = needs_batches(plan, role);
        let mut statements = wanted.statements();
        if role.is_none() && !roles.is_empty() {
            statements.push(Statement::new("AssumeRoles", "sts:AssumeRole", roles.clone()));
        }
        let with_customer_keys = wanted.with_customer_keys(account);
        all.push(Grants { role: role.map(str::to_owned), policy: Policy::new(statements), with_customer_keys });
    }
    all
}

fn needs_batches(plan: &Plan, role: Option<&str>) -> bool {
    calls::groups(plan).into_iter().filter(|((of, _), _)| *of == role).any(|(_, group)| {
        let finds = group.iter().any(|request| matches!(request.object, Object::Secrets(_)));
        calls::batched(plan.batch, &group) > 0 || (finds && plan.batch != Batch::Never)
    })
}

/// All that one principal asks for.
#[derive(Default)]
struct Wanted {
    secrets: BTreeSet<String>,
    /// ARNs of secrets that are found by tags, and those.
    tagged: BTreeMap<BTreeMap<String, String>, BTreeSet<String>>,
    lists: bool,
    batches: bool,
    parameters: BTreeSet<String>,
    paths: BTreeSet<String>,
    /// Keys of sealed files by the context that they must hold.
    keys: BTreeMap<BTreeMap<String, String>, BTreeSet<String>>,
    /// Whose keys stand behind secrets, and behind parameters.
    secret_regions: BTreeSet<Option<String>>,
    parameter_regions: BTreeSet<Option<String>>,
}

impl Wanted {
    fn add(&mut self, request: &Request, account: Option<&str>) {
        self.add_object(&request.object, request.region.as_deref(), account);
        for failover in &request.failover {
            self.add_object(&failover.object, Some(&failover.region), account);
        }
        if let Some(sealed) = &request.fallback {
            self.add_sealed(sealed, request.region.as_deref(), account);
        }
    }

    fn add_object(&mut self, object: &Object, region: Option<&str>, account: Option<&str>) {
        let place = Place { region, account };
        match object {
            Object::Secret(reference) => {
                self.secrets.insert(secret(&reference.id, place));
                self.secret_regions.insert(region.map(str::to_owned));
            }
            Object::Secrets(filter) => {
                let arn = secrets(filter.name_prefix.as_deref().unwrap_or_default(), place);
                match filter.tags.is_empty() {
                    true => drop(self.secrets.insert(arn)),
                    false => drop(self.tagged.entry(filter.tags.clone()).or_default().insert(arn)),
                }
                self.lists = true;
                self.secret_regions.insert(region.map(str::to_owned));
            }
            Object::Parameter(reference) => {
                let (arn, referenced) = parameter(&reference.name, place);
                self.parameters.insert(arn);
                match referenced {
                    Some(secret) => {
                        self.secrets.insert(secret);
                        self.secret_regions.insert(region.map(str::to_owned));
                    }
                    None => drop(self.parameter_regions.insert(region.map(str::to_owned))),
                }
            }
            Object::Parameters(path) => {
                self.paths.extend(parameters(&path.path, place));
                self.parameter_regions.insert(region.map(str::to_owned));
            }
            Object::Sealed(sealed) => self.add_sealed(sealed, region, account),
        }
    }

    fn add_sealed(&mut self, sealed: &SealedFile, region: Option<&str>, account: Option<&str>) {
        let keys = self.keys.entry(sealed.context.clone()).or_default();
        match sealed.keys.is_empty() {
            true => drop(keys.insert(keys_of_account(Place { region, account }, "*"))),
            false => keys.extend(sealed.keys.iter().cloned()),
        }
    }

    fn statements(&self) -> Vec<Statement> {
        let mut statements = Vec::new();
        let mut add = |sid: &str, action, resources: &BTreeSet<String>| {
            if !resources.is_empty() {
                statements.push(Statement::new(sid, action, resources.iter().cloned()));
            }
        };
        add("ReadSecrets", "secretsmanager:GetSecretValue", &self.secrets);
        add("ReadParameters", "ssm:GetParameters", &self.parameters);
        add("ReadParametersByPath", "ssm:GetParametersByPath", &self.paths);
        for (number, (tags, resources)) in self.tagged.iter().enumerate() {
            let sid = format!("ReadTaggedSecrets{}", ordinal(number, self.tagged.len()));
            let statement = Statement::new(sid, "secretsmanager:GetSecretValue", resources.iter().cloned());
            let tagged = |statement: Statement, (name, value): (&String, &String)| {
                statement.if_equals(format!("aws:ResourceTag/{name}"), [value.clone()])
            };
            statements.push(tags.iter().fold(statement, tagged));
        }
        // Neither can be granted on less.
        if self.lists {
            statements.push(Statement::new("ListSecrets", "secretsmanager:ListSecrets", ["*".to_owned()]));
        }
        if self.batches {
            statements.push(Statement::new("ReadInBatches", "secretsmanager:BatchGetSecretValue", ["*".to_owned()]));
        }
        for (number, (context, keys)) in self.keys.iter().enumerate() {
            let sid = format!("OpenSealedFiles{}", ordinal(number, self.keys.len()));
            let statement = Statement::new(sid, "kms:Decrypt", keys.iter().cloned());
            let bound = |statement: Statement, (name, value): (&String, &String)| {
                statement.if_equals(format!("kms:EncryptionContext:{name}"), [value.clone()])
            };
            statements.push(context.iter().fold(statement, bound));
        }
        statements
    }

    /// Only through the services: whoever has these can't decrypt by calls of their own, and through the services only
    /// what the other statements allow to be read.
    fn with_customer_keys(&self, account: Option<&str>) -> Vec<Statement> {
        let through = [
            ("DecryptThroughSecretsManager", "secretsmanager", &self.secret_regions),
            ("DecryptThroughParameterStore", "ssm", &self.parameter_regions),
        ];
        let through = through.into_iter().filter(|(.., regions)| !regions.is_empty());
        through
            .map(|(sid, service, regions)| {
                let keys = |region: &Option<String>| keys_of_account(Place { region: region.as_deref(), account }, "*");
                let hosts = regions.iter().flat_map(|region| via(service, region.as_deref()));
                let statement = Statement::new(sid, "kms:Decrypt", regions.iter().map(keys));
                if regions.contains(&None) {
                    statement.if_like(hosts)
                } else {
                    statement.if_equals("kms:ViaService", hosts)
                }
            })
            .collect()
    }
}

impl Statement {
    /// A wildcard is one only to StringLike.
    fn if_like(mut self, hosts: impl IntoIterator<Item = String>) -> Self {
        let hosts = hosts.into_iter().collect();
        self.condition.entry("StringLike").or_default().insert("kms:ViaService".to_owned(), hosts);
        self
    }
}

/// What KMS calls a service that calls it. For China both endings are listed, for its documents have one and its
/// endpoints the other.
fn via(service: &str, region: Option<&str>) -> Vec<String> {
    let region = region.unwrap_or("*");
    let host = format!("{service}.{region}.amazonaws.com");
    if region.starts_with("cn-") { vec![format!("{host}.cn"), host] } else { vec![host] }
}

/// Nothing where there is one alone.
fn ordinal(number: usize, of: usize) -> String {
    if of == 1 { String::new() } else { (number + 1).to_string() }
}

#[cfg(test)]
mod tests;
