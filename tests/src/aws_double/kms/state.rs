//! All keys, aliases and denials, and how a `KeyId` finds its key.

use std::collections::HashMap;

use super::super::error::ServiceError;
use super::super::operation::Operation;
use super::ACCOUNT;
use super::key::{Arn, Key, KeyState};

#[derive(Default)]
pub(super) struct State {
    keys: HashMap<String, Key>,
    aliases: HashMap<String, String>,
    denials: Vec<(Operation, Option<String>)>,
}

impl State {
    pub(super) fn add(&mut self, mut key: Key) {
        let primary = self.relatives(&key.arn).find_map(|relative| relative.primary.clone());
        if key.primary.is_some() && primary.is_some() {
            key.primary = primary;
        }
        self.keys.insert(key.arn.to_string(), key);
    }

    pub(super) fn key_mut(&mut self, arn: &str) -> Option<&mut Key> {
        self.keys.get_mut(arn)
    }

    pub(super) fn remove(&mut self, arn: &str) {
        self.keys.remove(arn);
        self.aliases.retain(|_, target| target != arn);
    }

    pub(super) fn set_alias(&mut self, alias: String, key: String) {
        self.aliases.insert(alias, key);
    }

    pub(super) fn deny(&mut self, operation: Operation, arn: Option<&str>) {
        self.denials.push((operation, arn.map(str::to_owned)));
    }

    pub(super) fn allow_all(&mut self) {
        self.denials.clear();
    }

    /// The key in this account with `lineage` that lives in `region`: what a ciphertext's key reference finds.
    pub(super) fn by_lineage(&self, region: &str, lineage: &str) -> Option<&Key> {
        self.keys.values().find(|key| key.arn.region == region && key.arn.lineage() == lineage)
    }

    /// The key and its replicas in all Regions.
    pub(super) fn relatives(&self, arn: &Arn) -> impl Iterator<Item = &Key> {
        let lineage = arn.lineage();
        self.keys.values().filter(move |key| key.arn.lineage() == lineage)
    }

    /// Finds the key that `id` (key ARN, alias ARN, key id or alias name) names in `region`.
    pub(super) fn resolve(&self, region: &str, id: &str) -> Result<&Key, ServiceError> {
        let resource = if id.starts_with("alias/") { id.to_owned() } else { format!("key/{id}") };
        let arn = match Arn::parse(id) {
            Some(arn) if arn.region != region => {
                return Err(not_found(format!("Invalid arn {}", arn.region)));
            }
            Some(arn) => arn.to_string(),
            None if id.starts_with("arn:") => {
                return Err(not_found(format!("Invalid arn {id}")));
            }
            None => format!("arn:aws:kms:{region}:{ACCOUNT}:{resource}"),
        };
        let target = self.aliases.get(&arn).unwrap_or(&arn);
        self.keys.get(target).ok_or_else(|| {
            let kind = if arn.contains(":alias/") { "Alias" } else { "Key" };
            not_found(format!("{kind} '{arn}' does not exist"))
        })
    }

    /// Refuses `operation` on `key` if a policy denies it.
    pub(super) fn authorize(&self, operation: Operation, key: &Key) -> Result<(), ServiceError> {
        let arn = key.arn.to_string();
        let denied =
            self.denials.iter().any(|(denied, on)| *denied == operation && on.as_ref().is_none_or(|on| *on == arn));
        if !denied {
            return Ok(());
        }
        let action = operation.action();
        Err(ServiceError::new(
            400,
            "AccessDeniedException",
            format!(
                "User: arn:aws:iam::{ACCOUNT}:user/tester is not authorized to perform: {action} on resource: {arn} \
                 because no identity-based policy allows the {action} action"
            ),
        ))
    }
}

/// Refuses cryptographic use of a key that is not enabled.
pub(super) fn usable(key: &Key) -> Result<(), ServiceError> {
    let arn = &key.arn;
    let why = match key.state {
        KeyState::Enabled => return Ok(()),
        KeyState::Disabled => return Err(ServiceError::new(400, "DisabledException", format!("{arn} is disabled."))),
        KeyState::PendingDeletion => "is pending deletion",
        KeyState::PendingImport => "is pending import",
        KeyState::Unavailable => "is unavailable",
    };
    Err(ServiceError::new(400, "KMSInvalidStateException", format!("{arn} {why}.")))
}

fn not_found(message: String) -> ServiceError {
    ServiceError::new(400, "NotFoundException", message)
}
