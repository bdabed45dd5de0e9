//! AWS KMS: symmetric keys, their states, aliases and permissions.
//!
//! A key's material follows from its ARN alone (SHA-256 of partition, account and key id), so that a key
//! seeded by name decrypts what another run encrypted, and replicas share their primary's material.

mod ciphertext;
mod key;
mod ops;
mod state;

use std::sync::{Mutex, MutexGuard};

use serde_json::Value;

use super::error::ServiceError;
use super::operation::Operation;
use super::wire;
use super::world::lock;
pub use key::KeyState;
use key::{Arn, Key};
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
        self.state().add(Key::new(Arn::key(arn).unwrap_or_else(|| panic!("{arn} is no key ARN"))));
        arn.to_owned()
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

    /// Points the alias `name` (`alias/…`) in the Region of `key` at it, and returns the alias' ARN.
    ///
    /// # Panics
    ///
    /// When `key` is no key ARN or `name` no alias name.
    pub fn set_alias(&self, name: &str, key: &str) -> String {
        assert!(name.starts_with("alias/"), "{name} is no alias name");
        let arn = Arn::key(key).unwrap_or_else(|| panic!("{key} is no key ARN"));
        let alias = arn.sibling(name);
        self.state().set_alias(alias.to_string(), key.to_owned());
        alias.to_string()
    }

    /// Sets the state of one key; replicas have their own.
    ///
    /// # Panics
    ///
    /// When there is no such key.
    pub fn set_state(&self, arn: &str, state: KeyState) {
        self.state().key_mut(arn).unwrap_or_else(|| panic!("there is no key {arn}")).state = state;
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
        let state = self.state();
        match operation {
            Operation::GenerateDataKey => ops::generate_data_key(&state, region, body),
            Operation::Encrypt => ops::encrypt(&state, region, body),
            Operation::Decrypt => ops::decrypt(&state, region, body),
            Operation::DescribeKey => ops::describe_key(&state, region, body),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}
