//! Files that are made of several entries.

mod dotenv;
mod pairs;
mod properties;
pub(crate) mod structured;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::time::SystemTime;

use sealkit_envelope::Plaintext;

use super::refusal::Refusal;
use super::values::Values;
use super::{Made, MadeTo, Origin, Unit, template, tls, variable};
use crate::failure::Failure;
use crate::plan::names;
use crate::spec::{Composite, Content, File, Pair};

/// Whether a name from content may be in a list.
type CheckFound = fn(&str) -> Result<(), Refusal>;

/// Names and texts in one of the formats.
type Print = fn(&[(String, String)]) -> Result<String, Vec<Refusal>>;

/// The unit of one composite.
pub(crate) fn unit(values: &Values<'_>, composite: &Composite, now: SystemTime) -> Unit {
    let labels = labels(values, &composite.content);
    let failures = values.failures(&labels);
    let result = if failures.is_empty() { made(values, composite, now) } else { Err(failures) };
    Unit { name: unit_name(composite), entries: labels.into_iter().collect(), result }
}

fn made(values: &Values<'_>, composite: &Composite, now: SystemTime) -> Result<Vec<Made>, Vec<Failure>> {
    let any_name: CheckFound = |_| Ok(());
    let file = &composite.file;
    let made = match &composite.content {
        Content::Dotenv(pairs) => listed(values, file, pairs, variable::check_found, dotenv::print),
        Content::Properties(pairs) => listed(values, file, pairs, any_name, |pairs| Ok(properties::print(pairs))),
        Content::Json(pairs) => listed(values, file, pairs, any_name, structured::json),
        Content::Yaml(pairs) => listed(values, file, pairs, any_name, structured::yaml),
        Content::Template(source) => {
            template::render(values, source).map(|(text, origins)| vec![Made::text(file, &text, origins)])
        }
        Content::Tls(pair) => tls::made(values, file, pair, now),
    };
    made.map_err(|refusals| refusals.into_iter().map(|refusal| refusal.into_failure(&path(composite))).collect())
}

/// What names a composite: its file, or the first of them.
fn path(composite: &Composite) -> String {
    names::files_of(composite).swap_remove(0)
}

/// A list of names and texts in one of its formats.
fn listed(
    values: &Values<'_>,
    file: &File,
    pairs: &[Pair],
    check_found: CheckFound,
    print: Print,
) -> Result<Vec<Made>, Vec<Refusal>> {
    let texts = pairs::texts(values, pairs, check_found)?;
    let text = print(&texts.pairs)?;
    Ok(vec![Made::text(file, &text, texts.origins)])
}

/// The labels of the entries that are in a composite.
fn labels(values: &Values<'_>, content: &Content) -> BTreeSet<String> {
    match content {
        Content::Dotenv(pairs) | Content::Properties(pairs) | Content::Json(pairs) | Content::Yaml(pairs) => {
            let label = |pair: &Pair| match pair {
                Pair::One { part, .. } => part.entry.clone(),
                Pair::All { entry, .. } => entry.clone(),
            };
            pairs.iter().map(label).collect()
        }
        // One that is no template has none, and is refused when it is rendered.
        Content::Template(source) => template::uses(source, values.labels()).unwrap_or_default(),
        Content::Tls(pair) => {
            let files = [&pair.certificate, &pair.key].into_iter().chain(&pair.authority);
            files.map(|file| file.part.entry.clone()).collect()
        }
    }
}

/// Bytes as text.
///
/// # Errors
///
/// If they are not UTF-8.
pub(crate) fn text(bytes: &[u8]) -> Result<String, Refusal> {
    let text = std::str::from_utf8(bytes);
    text.map(str::to_owned).map_err(|_| Refusal::new("it is not UTF-8", "publish it as a file of its own"))
}

impl Made {
    /// A file of text.
    fn text(file: &File, text: &str, origins: Vec<Origin>) -> Self {
        let bytes = Plaintext::from_slice(text.as_bytes());
        Self { to: MadeTo::File(file.clone()), bytes, origins, not_after: None }
    }
}

/// The name of a composite's unit.
pub(crate) fn unit_name(composite: &Composite) -> String {
    format!("file {}", path(composite))
}
