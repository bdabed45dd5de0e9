//! AWS Secrets Manager: secrets with their versions and stages, batches, filters and denials.
//!
//! Values are held in memory and shown by nothing but the API. A secret that names a KMS key can be read only while
//! that key of [`Kms`] can be used.

mod batch;
mod filter;
mod ops;
mod secret;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::SystemTime;

use serde_json::Value;

use super::denials::Denials;
use super::error::ServiceError;
use super::kms::{ACCOUNT, Kms};
use super::operation::Operation;
use super::pages::Pages;
use super::question::Question;
use super::service::partition;
use super::wire;
use super::world::lock;
pub(super) use ops::seconds;
pub use secret::SecretValue;
use secret::{Secret, Version};

/// Bytes of a secret's value.
const MAX_VALUE: usize = 65_536;

/// The secrets of all Regions, as a test sets them up.
#[derive(Default)]
pub struct Secrets {
    state: Mutex<State>,
}

/// A secret to create; see [`Secrets::create_with`].
#[derive(Default)]
pub struct NewSecret {
    /// The ARN of the key that it is encrypted under; the service's own unless set.
    pub kms_key: Option<String>,
    /// Its description.
    pub description: String,
    /// Tags and their values.
    pub tags: BTreeMap<String, String>,
}

#[derive(Default)]
struct State {
    /// By ARN.
    secrets: BTreeMap<String, Secret>,
    denials: Denials,
    pages: Pages,
    /// What batches say of single secrets, by ARN: code, message, and how often still.
    item_errors: BTreeMap<String, (String, String, u64)>,
}

/// What an operation looks at.
struct Scene<'a> {
    state: &'a State,
    kms: &'a Kms,
    question: &'a Question,
}

impl Secrets {
    /// Creates a secret in `region` with one version, and returns its ARN, which ends with `-` and six characters.
    ///
    /// # Panics
    ///
    /// When the value is longer than 65,536 bytes, or the name is taken.
    pub fn create(&self, region: &str, name: &str, value: impl Into<SecretValue>) -> String {
        self.create_with(region, name, value, NewSecret::default())
    }

    /// The same with a key, tags or a description.
    ///
    /// # Panics
    ///
    /// As [`create`](Self::create).
    pub fn create_with(&self, region: &str, name: &str, value: impl Into<SecretValue>, with: NewSecret) -> String {
        self.try_create(region, name, value.into(), with).unwrap_or_else(|mistake| panic!("{mistake}"))
    }

    pub(super) fn try_create(
        &self,
        region: &str,
        name: &str,
        value: SecretValue,
        with: NewSecret,
    ) -> Result<String, String> {
        check(&value)?;
        let suffix: String = wire::uuid().chars().take(6).collect();
        let partition = partition(region);
        let arn = format!("arn:{partition}:secretsmanager:{region}:{ACCOUNT}:secret:{name}-{suffix}");
        let mut state = self.state();
        if state.secrets.values().any(|secret| secret.region == region && secret.name == name) {
            return Err(format!("the secret {name} exists"));
        }
        let mut secret = Secret::new(&arn, region, name, with);
        secret.put(value, &["AWSCURRENT"]);
        state.secrets.insert(arn.clone(), secret);
        Ok(arn)
    }

    /// Puts a new version, which becomes AWSCURRENT, as the one before becomes AWSPREVIOUS. Returns its id.
    ///
    /// # Panics
    ///
    /// When there is no such secret, or the value is too long.
    pub fn put(&self, arn: &str, value: impl Into<SecretValue>) -> String {
        self.put_as(arn, value, &["AWSCURRENT"])
    }

    /// Puts a new version with these stages, which leave the versions that have them.
    ///
    /// # Panics
    ///
    /// As [`put`](Self::put).
    pub fn put_as(&self, arn: &str, value: impl Into<SecretValue>, stages: &[&str]) -> String {
        self.try_put(arn, value.into(), stages).unwrap_or_else(|mistake| panic!("{mistake}"))
    }

    pub(super) fn try_put(&self, arn: &str, value: SecretValue, stages: &[&str]) -> Result<String, String> {
        check(&value)?;
        self.change(arn, |secret| secret.put(value, stages))
    }

    /// Moves a stage to a version; AWSCURRENT leaves AWSPREVIOUS where it was.
    ///
    /// # Panics
    ///
    /// When there is no such secret or version.
    pub fn move_stage(&self, arn: &str, stage: &str, version_id: &str) {
        self.try_move_stage(arn, stage, version_id).unwrap_or_else(|mistake| panic!("{mistake}"));
    }

    pub(super) fn try_move_stage(&self, arn: &str, stage: &str, version_id: &str) -> Result<(), String> {
        self.change(arn, |secret| secret.move_stage(stage, version_id))?
    }

    /// Marks a secret for deletion, or takes the mark away: marked ones can be listed and described, but not read.
    ///
    /// # Panics
    ///
    /// When there is no such secret.
    pub fn set_deleted(&self, arn: &str, deleted: bool) {
        self.try_set_deleted(arn, deleted).unwrap_or_else(|mistake| panic!("{mistake}"));
    }

    pub(super) fn try_set_deleted(&self, arn: &str, deleted: bool) -> Result<(), String> {
        self.change(arn, |secret| secret.deleted = deleted.then(SystemTime::now))
    }

    /// Removes a secret, as after its recovery window.
    pub fn remove(&self, arn: &str) {
        self.state().secrets.remove(arn);
    }

    /// Makes batches answer `times` times with this error in place of the secret.
    pub fn fail_in_batches(&self, arn: &str, code: &str, message: &str, times: u64) {
        self.state().item_errors.insert(arn.to_owned(), (code.to_owned(), message.to_owned(), times));
    }

    /// Denies `operation` on the secret `arn`, on those that begin with what stands before a final `*`, or on all.
    /// BatchGetSecretValue and ListSecrets know no resources: they are denied as a whole. A denied GetSecretValue is an
    /// error of one secret in a batch.
    pub fn deny(&self, operation: Operation, arn: Option<&str>) {
        self.state().denials.deny(operation, arn);
    }

    /// Lifts all denials.
    pub fn allow_all(&self) {
        self.state().denials.allow_all();
    }

    /// How answers are cut into pages.
    pub fn set_pages(&self, pages: Pages) {
        self.state().pages = pages;
    }

    pub(super) fn handle(&self, question: &Question, kms: &Kms) -> Result<Value, ServiceError> {
        let mut state = self.state();
        let scene = Scene { state: &state, kms, question };
        match question.operation {
            Operation::GetSecretValue => scene.get_secret_value(),
            Operation::DescribeSecret => scene.describe_secret(),
            Operation::ListSecrets => scene.list_secrets(),
            Operation::BatchGetSecretValue => {
                let (answer, failed) = scene.batch_get_secret_value()?;
                failed.iter().for_each(|arn| state.count_down(arn));
                Ok(answer)
            }
            _ => Err(ServiceError::unknown_operation()),
        }
    }

    /// The value that Parameter Store refers to, as GetSecretValue answers.
    pub(super) fn refer(&self, question: &Question, kms: &Kms) -> Result<Value, ServiceError> {
        Scene { state: &self.state(), kms, question }.get_secret_value()
    }

    fn change<T>(&self, arn: &str, change: impl FnOnce(&mut Secret) -> T) -> Result<T, String> {
        self.state().secrets.get_mut(arn).map(change).ok_or_else(|| format!("there is no secret {arn}"))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl State {
    /// The secret that `id` names in `region`: its name, its ARN, or its ARN without the six characters.
    fn resolve(&self, region: &str, id: &str) -> Result<&Secret, ServiceError> {
        let is_named = |secret: &&Secret| {
            let without_suffix = &secret.arn[..secret.arn.len() - "-123456".len()];
            secret.region == region && (secret.name == id || secret.arn == id || without_suffix == id)
        };
        self.secrets.values().find(is_named).ok_or_else(ops::not_found)
    }

    fn count_down(&mut self, arn: &str) {
        if let Some((_, _, times)) = self.item_errors.get_mut(arn) {
            *times -= 1;
        }
        self.item_errors.retain(|_, (_, _, times)| *times > 0);
    }
}

fn check(value: &SecretValue) -> Result<(), String> {
    match value.len() {
        1..=MAX_VALUE => Ok(()),
        length => Err(format!("a secret of {length} bytes: it has 1 to {MAX_VALUE}")),
    }
}
