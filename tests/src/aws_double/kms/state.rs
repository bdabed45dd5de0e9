//! All keys, aliases and denials, and how a `KeyId` finds its key.

use std::collections::HashMap;

use super::super::denials::{Denials, tester};
use super::super::error::ServiceError;
use super::super::operation::Operation;
use super::ACCOUNT;
use super::key::{Arn, Key, KeyState};
use super::lag::{Lag, Lagging};
use super::material::{Material, Materials};

#[derive(Default)]
pub(super) struct State {
    keys: HashMap<String, Key>,
    /// By lineage: a key and its replicas share them, and a key that was removed and seeded again has them still.
    materials: HashMap<String, Materials>,
    aliases: HashMap<String, Alias>,
    denials: Denials,
    lag: Option<Lag>,
    page_length: Option<usize>,
    /// The number of the call that is being answered.
    call: u64,
}

struct Alias {
    target: String,
    /// What calls find that do not see the alias' last move yet.
    before: Option<(String, Lagging)>,
}

impl State {
    /// Numbers the call that is answered next.
    pub(super) fn begin_call(&mut self) {
        self.call += 1;
    }

    pub(super) fn set_lag(&mut self, lag: Option<Lag>) {
        self.lag = lag;
    }

    pub(super) fn set_page_length(&mut self, length: Option<usize>) {
        self.page_length = length;
    }

    pub(super) fn page_length(&self) -> Option<usize> {
        self.page_length
    }

    pub(super) fn add(&mut self, mut key: Key) {
        let primary = self.relatives(&key.arn).find_map(|relative| relative.primary.clone());
        if key.primary.is_some() && primary.is_some() {
            key.primary = primary;
        }
        let lineage = key.arn.lineage();
        self.materials.entry(lineage).or_insert_with_key(|lineage| Materials::first(lineage));
        self.keys.insert(key.arn.to_string(), key);
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.keys.values()
    }

    pub(super) fn key(&self, arn: &str) -> Option<&Key> {
        self.keys.get(arn)
    }

    pub(super) fn key_mut(&mut self, arn: &str) -> Option<&mut Key> {
        self.keys.get_mut(arn)
    }

    pub(super) fn remove(&mut self, arn: &str) {
        self.keys.remove(arn);
        self.aliases.retain(|_, alias| alias.target != arn);
    }

    pub(super) fn set_alias(&mut self, alias: String, key: String) {
        let lagging = self.lag.map(|lag| lag.from(self.call));
        let before = self.aliases.remove(&alias).map(|alias| alias.target).zip(lagging);
        self.aliases.insert(alias, Alias { target: key, before });
    }

    /// Brings new material to a key and its replicas.
    pub(super) fn rotate(&mut self, arn: &Arn) -> &Material {
        let lineage = arn.lineage();
        let lagging = self.lag.map(|lag| lag.from(self.call));
        self.materials.get_mut(&lineage).expect("each key has materials").rotate(&lineage, lagging)
    }

    /// The materials of a key.
    pub(super) fn materials(&self, key: &Key) -> &Materials {
        self.materials.get(&key.arn.lineage()).expect("each key has materials")
    }

    /// The materials of a key that this call knows, oldest first.
    pub(super) fn seen(&self, key: &Key) -> &[Material] {
        self.materials(key).seen_by(self.call)
    }

    /// The material that this call encrypts with.
    pub(super) fn current(&self, key: &Key) -> &Material {
        self.seen(key).last().expect("a key has a first material")
    }

    pub(super) fn deny(&mut self, operation: Operation, arn: Option<&str>) {
        self.denials.deny(operation, arn);
    }

    pub(super) fn allow_all(&mut self) {
        self.denials.allow_all();
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
        let target = self.aliases.get(&arn).map_or(&arn, |alias| match &alias.before {
            Some((before, lagging)) if lagging.misses(self.call) => before,
            _ => &alias.target,
        });
        self.keys.get(target).ok_or_else(|| {
            let kind = if arn.contains(":alias/") { "Alias" } else { "Key" };
            not_found(format!("{kind} '{arn}' does not exist"))
        })
    }

    /// Refuses `operation` on `key` if a policy denies it.
    pub(super) fn authorize(&self, operation: Operation, key: &Key) -> Result<(), ServiceError> {
        let arn = key.arn.to_string();
        self.denials.check(&tester(), operation, Some(&arn))
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

pub(super) fn not_found(message: String) -> ServiceError {
    ServiceError::new(400, "NotFoundException", message)
}
