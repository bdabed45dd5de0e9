//! Systems Manager Parameter Store: parameters with versions and labels, pages, denials, references to secrets.
//!
//! Values are held in memory and shown by nothing but the API. Answers come in another order than was asked, and a
//! SecureString that is not decrypted is opaque.

mod ops;
mod parameter;
mod reference;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use serde_json::Value;

use super::denials::Denials;
use super::error::ServiceError;
use super::kms::{ACCOUNT, Kms};
use super::operation::Operation;
use super::pages::Pages;
use super::question::Question;
use super::secrets::Secrets;
use super::service::partition;
use super::world::lock;
use parameter::Parameter;
pub use parameter::ParameterType;

/// The parameters of all Regions, as a test sets them up.
#[derive(Default)]
pub struct Parameters {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// By Region and name.
    parameters: BTreeMap<(String, String), Parameter>,
    denials: Denials,
    pages: Pages,
}

/// What an operation looks at.
struct Scene<'a> {
    state: &'a State,
    secrets: &'a Secrets,
    kms: &'a Kms,
    question: &'a Question,
}

impl Parameters {
    /// Puts a version of a `String` parameter, which is created if need be, and returns its number.
    ///
    /// # Panics
    ///
    /// When the value is empty or longer than 8,192 characters.
    pub fn put(&self, region: &str, name: &str, value: &str) -> u64 {
        self.put_typed(region, name, value, ParameterType::String, None)
    }

    /// Puts a version of a `SecureString` parameter under the key of the service.
    ///
    /// # Panics
    ///
    /// As [`put`](Self::put).
    pub fn put_secure(&self, region: &str, name: &str, value: &str) -> u64 {
        self.put_typed(region, name, value, ParameterType::SecureString, None)
    }

    /// Puts a version of any type; a SecureString may name the ARN of a key.
    ///
    /// # Panics
    ///
    /// As [`put`](Self::put).
    pub fn put_typed(&self, region: &str, name: &str, value: &str, kind: ParameterType, key: Option<&str>) -> u64 {
        self.try_put(region, name, value, kind, key).unwrap_or_else(|mistake| panic!("{mistake}"))
    }

    pub(super) fn try_put(
        &self,
        region: &str,
        name: &str,
        value: &str,
        kind: ParameterType,
        key: Option<&str>,
    ) -> Result<u64, String> {
        if value.is_empty() || value.len() > 8192 {
            return Err(format!("a parameter of {} bytes: it has 1 to 8192", value.len()));
        }
        let mut state = self.state();
        let entry = state.parameters.entry((region.to_owned(), name.to_owned()));
        Ok(entry.or_insert_with(|| Parameter::new(region, name)).put(value, kind, key))
    }

    /// Puts a label on a version; it leaves the version that has it.
    ///
    /// # Panics
    ///
    /// When there is no such parameter or version.
    pub fn label(&self, region: &str, name: &str, version: u64, label: &str) {
        self.try_label(region, name, version, label).unwrap_or_else(|mistake| panic!("{mistake}"));
    }

    pub(super) fn try_label(&self, region: &str, name: &str, version: u64, label: &str) -> Result<(), String> {
        let mut state = self.state();
        let parameter = state.parameters.get_mut(&(region.to_owned(), name.to_owned()));
        parameter.ok_or_else(|| format!("there is no parameter {name}"))?.label(version, label)
    }

    /// Removes a parameter.
    pub fn remove(&self, region: &str, name: &str) {
        self.state().parameters.remove(&(region.to_owned(), name.to_owned()));
    }

    /// The ARN of a parameter or a path.
    #[must_use]
    pub fn arn(region: &str, name: &str) -> String {
        format!("arn:{}:ssm:{region}:{ACCOUNT}:parameter/{}", partition(region), name.trim_start_matches('/'))
    }

    /// Denies `operation` on the parameter or path with this ARN, on those that begin with what stands before a final
    /// `*`, or on all.
    pub fn deny(&self, operation: Operation, arn: Option<&str>) {
        self.state().denials.deny(operation, arn);
    }

    /// Lifts all denials.
    pub fn allow_all(&self) {
        self.state().denials.allow_all();
    }

    /// How GetParametersByPath is cut into pages.
    pub fn set_pages(&self, pages: Pages) {
        self.state().pages = pages;
    }

    pub(super) fn handle(&self, question: &Question, secrets: &Secrets, kms: &Kms) -> Result<Value, ServiceError> {
        let scene = Scene { state: &self.state(), secrets, kms, question };
        match question.operation {
            Operation::GetParameter => scene.get_parameter(),
            Operation::GetParameters => scene.get_parameters(),
            Operation::GetParametersByPath => scene.get_parameters_by_path(),
            _ => Err(ServiceError::unknown_operation()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}
