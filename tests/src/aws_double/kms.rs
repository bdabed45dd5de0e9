//! AWS KMS: symmetric keys, their states, aliases and permissions.
//!
//! A key's first material follows from its ARN alone (SHA-256 of partition, account and key id), and later ones from
//! their number too, so that a key seeded by name decrypts what another run encrypted, and replicas share their
//! primary's materials.
//!
//! Of rotation it knows: `KeyMaterialId` in the answers of Decrypt, GenerateDataKey and ReEncrypt and none in Encrypt's,
//! as AWS has it; `RotateKeyOnDemand`, `ListKeyRotations` with its pages, and `CurrentKeyMaterialId` of `DescribeKey`;
//! and that changes are seen late ([`Lag`]).

mod ciphertext;
mod key;
mod lag;
mod material;
mod ops;
mod state;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use serde_json::Value;

use super::error::ServiceError;
use super::operation::Operation;
use super::wire;
use super::world::lock;
pub use key::KeyState;
use key::{Arn, Key};
pub use lag::Lag;
use state::State;

/// The account that keys without a given ARN belong to, and whose principal signs all requests.
pub const ACCOUNT: &str = "111122223333";

/// The keys of all Regions, as a test sets them up.
pub struct Kms {
    state: Mutex<State>,
}

impl Kms {
    pub(super) fn new() -> Self {
        Self { state: Mutex::default() }
    }

    /// Creates a key with a random id in `region` and returns its ARN.
    pub fn create_key(&self, region: &str) -> String {
        self.seed_key(&format!("arn:aws:kms:{region}:{ACCOUNT}:key/{}", wire::uuid()))
    }

    /// Creates a multi-Region key: its primary in the first of `regions`, replicas in the others.
    /// Returns the primary's ARN.
    ///
    /// # Panics
    ///
    /// When `regions` is empty.
    pub fn create_multi_region_key(&self, regions: &[&str]) -> String {
        let (primary, replicas) = regions.split_first().expect("a key needs a Region");
        let id = wire::uuid().replace('-', "");
        let primary = self.seed_key(&format!("arn:aws:kms:{primary}:{ACCOUNT}:key/mrk-{id}"));
        for replica in replicas {
            self.replicate(&primary, replica);
        }
        primary
    }

    /// Creates the key named by `arn` and returns the ARN; a multi-Region key that exists in another
    /// Region becomes its replica.
    ///
    /// # Panics
    ///
    /// When `arn` is no key ARN.
    pub fn seed_key(&self, arn: &str) -> String {
        self.try_seed_key(arn).unwrap_or_else(|mistake| panic!("{mistake}"));
        arn.to_owned()
    }

    pub(super) fn try_seed_key(&self, arn: &str) -> Result<(), String> {
        let arn = Arn::key(arn).ok_or_else(|| format!("{arn} is no key ARN"))?;
        self.state().add(Key::new(arn));
        Ok(())
    }

    /// Replicates the multi-Region key `primary` into `region` and returns the replica's ARN.
    ///
    /// # Panics
    ///
    /// When `primary` is no ARN of a multi-Region key.
    pub fn replicate(&self, primary: &str, region: &str) -> String {
        let arn = Arn::key(primary).filter(Arn::is_multi_region);
        let arn = arn.unwrap_or_else(|| panic!("{primary} is no ARN of a multi-Region key"));
        self.seed_key(&arn.in_region(region).to_string())
    }

    /// Points the alias `name` (`alias/…`) in the Region of `key` at it, and returns the alias' ARN. An alias that
    /// points elsewhere is moved, which calls see late if a [`Lag`] is set.
    ///
    /// # Panics
    ///
    /// When `key` is no key ARN or `name` no alias name.
    pub fn set_alias(&self, name: &str, key: &str) -> String {
        self.try_set_alias(name, key).unwrap_or_else(|mistake| panic!("{mistake}"))
    }

    pub(super) fn try_set_alias(&self, name: &str, key: &str) -> Result<String, String> {
        if !name.starts_with("alias/") {
            return Err(format!("{name} is no alias name"));
        }
        let alias = Arn::key(key).ok_or_else(|| format!("{key} is no key ARN"))?.sibling(name).to_string();
        self.state().set_alias(alias.clone(), key.to_owned());
        Ok(alias)
    }

    /// Rotates a key: it and its replicas encrypt with new material from now on, and still decrypt with the old.
    /// Returns the new material's id. Calls see it late if a [`Lag`] is set.
    ///
    /// # Panics
    ///
    /// When there is no such key.
    pub fn rotate(&self, arn: &str) -> String {
        self.try_rotate(arn).unwrap_or_else(|mistake| panic!("{mistake}"))
    }

    pub(super) fn try_rotate(&self, arn: &str) -> Result<String, String> {
        let mut state = self.state();
        let arn = state.key(arn).ok_or_else(|| no_key(arn))?.arn.clone();
        Ok(state.rotate(&arn).id.clone())
    }

    /// The ids of a key's materials, oldest first: what the newest call will see, whatever the [`Lag`].
    ///
    /// # Panics
    ///
    /// When there is no such key.
    #[must_use]
    pub fn materials(&self, arn: &str) -> Vec<String> {
        self.all_materials().remove(arn).unwrap_or_else(|| panic!("{}", no_key(arn)))
    }

    /// The ids of all keys' materials, by ARN.
    pub(super) fn all_materials(&self) -> BTreeMap<String, Vec<String>> {
        let state = self.state();
        let ids = |key| state.materials(key).all().iter().map(|material| material.id.clone()).collect();
        state.keys().map(|key| (key.arn.to_string(), ids(key))).collect()
    }

    /// How late calls see rotations and moved aliases from now on; `None`: at once.
    pub fn set_lag(&self, lag: Option<Lag>) {
        self.state().set_lag(lag);
    }

    /// Entries of a page of `ListKeyRotations`, whatever the request allows: AWS may return fewer than asked for.
    pub fn set_page_length(&self, length: Option<usize>) {
        self.state().set_page_length(length);
    }

    /// Sets the state of one key; replicas have their own.
    ///
    /// # Panics
    ///
    /// When there is no such key.
    pub fn set_state(&self, arn: &str, state: KeyState) {
        self.try_set_state(arn, state).unwrap_or_else(|mistake| panic!("{mistake}"));
    }

    pub(super) fn try_set_state(&self, arn: &str, state: KeyState) -> Result<(), String> {
        self.state().key_mut(arn).ok_or_else(|| no_key(arn))?.state = state;
        Ok(())
    }

    /// Removes a key, as after its waiting period.
    pub fn delete(&self, arn: &str) {
        self.state().remove(arn);
    }

    /// Denies `operation` on the key `arn`, or on all keys.
    pub fn deny(&self, operation: Operation, arn: Option<&str>) {
        self.state().deny(operation, arn);
    }

    /// Lifts all denials.
    pub fn allow_all(&self) {
        self.state().allow_all();
    }

    pub(super) fn handle(&self, operation: Operation, region: &str, body: &Value) -> Result<Value, ServiceError> {
        let mut state = self.state();
        state.begin_call();
        match operation {
            Operation::GenerateDataKey => ops::generate_data_key(&state, region, body),
            Operation::Encrypt => ops::encrypt(&state, region, body),
            Operation::Decrypt => ops::decrypt(&state, region, body),
            Operation::DescribeKey => ops::describe_key(&state, region, body),
            Operation::ReEncrypt => ops::re_encrypt(&state, region, body),
            Operation::RotateKeyOnDemand => ops::rotate_key_on_demand(&mut state, region, body),
            Operation::ListKeyRotations => ops::list_key_rotations(&state, region, body),
            _ => Err(ServiceError::unknown_operation()),
        }
    }

    /// Refuses what KMS refuses to a service that decrypts with the key `arn` for its caller.
    pub(super) fn usable_by_a_service(&self, arn: &str) -> Result<(), ServiceError> {
        let state = self.state();
        let unknown = || ServiceError::new(400, "NotFoundException", format!("Key '{arn}' does not exist"));
        let key = state.key(arn).ok_or_else(unknown)?;
        state.authorize(Operation::Decrypt, key)?;
        state::usable(key)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

fn no_key(arn: &str) -> String {
    format!("there is no key {arn}")
}
