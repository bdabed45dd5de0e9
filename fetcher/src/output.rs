//! From answers to the bytes of files and variables.
//!
//! ```text
//! answers ── values ──┬── entry ────── select ── decode ─┬─ units
//!            label    │   names        key, JMESPath     │
//!                     └── composite ── dotenv, template, ┘
//!                                      TLS pair, …
//! ```

mod composite;
mod decode;
mod entry;
mod found;
mod jmes;
mod json;
mod refusal;
mod select;
#[cfg(test)]
mod tests;
mod values;
mod variable;

use std::fmt;
use std::time::SystemTime;

use sealkit_envelope::Plaintext;

use crate::failure::Failure;
use crate::plan::Plan;
use crate::source::Answer;
use crate::spec::File;
pub use jmes::check as check_jmespath;
pub use variable::check_name as check_variable_name;

use values::Values;

/// Makes everything that `plan` wants out of `answers`, which are in the order of its requests; certificates must be
/// valid at `now`.
///
/// There is one unit for each output of each entry and for each composite, always and in the order of the plan.
#[must_use]
pub fn render(plan: &Plan, answers: &[Result<Answer, Failure>], now: SystemTime) -> Vec<Unit> {
    let values = Values::new(plan, answers);
    let entries = values.iter().flat_map(entry::units);
    let composites = plan.composites.iter().map(|composite| composite::unit(&values, composite, now));
    entries.chain(composites).collect()
}

/// Refuses variables that an environment can't hold: with NUL in them, or longer than `execve` takes. Where variables
/// become files nothing of this matters.
pub fn check_environment(units: &mut [Unit]) {
    for unit in units {
        let Ok(made) = &unit.result else { continue };
        let refused = made.iter().filter_map(|made| match &made.to {
            MadeTo::Variable(name) => variable::check_value(name, made.bytes.expose_secret()).err(),
            MadeTo::File(_) => None,
        });
        let object = unit.entries.first().map_or("", String::as_str);
        let failures: Vec<Failure> = refused.map(|refusal| refusal.into_failure(object)).collect();
        if !failures.is_empty() {
            unit.result = Err(failures);
        }
    }
}

/// What one output of an entry, or one composite, came to. It succeeds or fails as a whole.
#[derive(Debug)]
pub struct Unit {
    /// Its stable name in the manifest: `LABEL/N` for output N of an entry, `file PATH` for a composite.
    pub name: String,
    /// The labels of the entries in it.
    pub entries: Vec<String>,
    /// Its files and variables; none for an optional entry that is absent.
    pub result: Result<Vec<Made>, Vec<Failure>>,
}

/// A file or a variable with its bytes.
pub struct Made {
    /// Where they go.
    pub to: MadeTo,
    /// The bytes.
    pub bytes: Plaintext,
    /// The versions that they were made of, for the manifest: object and version.
    pub versions: Vec<(String, String)>,
    /// When the certificate among them stops being valid, in seconds since the epoch.
    pub not_after: Option<u64>,
}

/// Where bytes go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MadeTo {
    /// A file, whose name has been checked.
    File(File),
    /// A variable, whose name and value have been checked.
    Variable(String),
}

impl fmt::Debug for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Made").field("to", &self.to).field("length", &self.bytes.len()).finish_non_exhaustive()
    }
}
