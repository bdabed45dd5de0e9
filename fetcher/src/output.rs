//! From answers to the bytes of files and variables.
//!
//! ```text
//! answers ── values ──┬── entry ────── select ── decode ─┬─ units
//!            label    │   names        key, JMESPath     │
//!                     └── composite ── dotenv, template, ┘
//!                                      TLS pair, …
//! ```

mod decode;
mod entry;
mod jmes;
mod json;
mod refusal;
mod select;
#[cfg(test)]
mod tests;
mod values;

use std::fmt;
use std::time::SystemTime;

use sealkit_envelope::Plaintext;

use crate::failure::Failure;
use crate::plan::Plan;
use crate::source::Answer;
use crate::spec::File;
pub use jmes::check as check_jmespath;
use values::Values;

/// Makes everything that `plan` wants out of `answers`, which are in the order of its requests; certificates must be
/// valid at `now`.
///
/// There is one unit for each output of each entry and for each composite, always and in the order of the plan.
#[must_use]
pub fn render(plan: &Plan, answers: &[Result<Answer, Failure>], now: SystemTime) -> Vec<Unit> {
    let values = Values::new(plan, answers);
    let _ = now;
    values.iter().flat_map(|value| entry::units(plan.form, value)).collect()
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
