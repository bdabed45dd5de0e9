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
pub(crate) mod template;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod tls;
mod values;
mod variable;

use std::fmt;
use std::time::SystemTime;

use sealkit_envelope::Plaintext;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::plan::{Plan, names};
use crate::source::{Answer, Item};
use crate::spec::{Destination, File};
pub use jmes::check as check_jmespath;
pub use template::uses as template_uses;
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
    let mut units: Vec<Unit> = entries.chain(composites).collect();
    refuse_found(plan, &mut units);
    units
}

/// Refuses units whose names came from content and are not allowed, or are those of others.
fn refuse_found(plan: &Plan, units: &mut [Unit]) {
    let outputs = plan.entries.iter().flat_map(|(entry, _)| &entry.outputs);
    let is_found: Vec<bool> =
        outputs.map(|output| matches!(output.to, Destination::Files { .. } | Destination::Variables { .. })).collect();
    let mut found = Vec::new();
    // The units of outputs stand before those of composites, in the same order.
    for (unit, _) in units.iter().zip(&is_found).filter(|(_, is_found)| **is_found) {
        let label = unit.entries.first().map_or("", String::as_str);
        found.extend(unit.result.iter().flatten().map(|made| (label, &made.to)));
    }
    let failures = names::check_found(plan, &found);
    for (unit, _) in units.iter_mut().zip(&is_found).filter(|(_, is_found)| **is_found) {
        let of_unit = |failure: &&Failure| unit.entries.contains(&failure.object);
        let refused: Vec<Failure> = failures.iter().filter(of_unit).cloned().collect();
        if !refused.is_empty() && unit.result.is_ok() {
            unit.result = Err(refused);
        }
    }
}

/// Whether a template was given up and still runs.
#[must_use]
pub fn has_endless_template() -> bool {
    template::RUNS_ON.is_there()
}

/// The units that [`render`] makes of `plan`, with what of their files is known before the first call, and with variables
/// as files of their names.
pub fn planned_units(plan: &Plan) -> impl Iterator<Item = (String, Vec<String>)> {
    let entries = plan.entries.iter().flat_map(|(entry, _)| {
        entry.outputs.iter().enumerate().map(|(number, output)| {
            let files = match &output.to {
                Destination::File(file) => vec![file.path.clone()],
                Destination::Variable(name) => vec![name.clone()],
                Destination::Files { .. } | Destination::Variables { .. } => Vec::new(),
            };
            (entry::unit_name(&entry.label, number), files)
        })
    });
    let composite = |composite| (composite::unit_name(composite), names::files_of(composite));
    entries.chain(plan.composites.iter().map(composite))
}

/// Refuses variables with NUL, which an environment can't hold. Where variables become files it does not matter.
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
    /// What they were made of, each once.
    pub origins: Vec<Origin>,
    /// When the certificate among them stops being valid, in seconds since the epoch.
    pub not_after: Option<u64>,
}

/// A version that bytes were made of, as the manifest has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Origin {
    /// The object, as the service calls it.
    pub object: String,
    /// Its version.
    pub version: String,
    /// The Region that answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Whether a sealed file stood in for the service.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_fallback: bool,
}

impl From<&Item> for Origin {
    fn from(item: &Item) -> Self {
        Self {
            object: item.name.clone(),
            version: item.version.clone(),
            region: item.region.clone(),
            is_fallback: item.stands_in_for.is_some(),
        }
    }
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
