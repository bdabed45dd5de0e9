//! ECS: `valueFrom` strings from a task definition, a container definition, a list of `secrets`, or the environment.
//!
//! ```text
//! task definition ── container ── secrets ─┐
//!                                          ├─ NAME, valueFrom ── value_from ── Entry with the variable NAME
//! environment ── PREFIXNAME=valueFrom ─────┘
//! ```
//!
//! What stands in `valueFrom` is never repeated in a mistake: who mistakes it for `value` has put a secret there.

mod definition;
mod value_from;

use std::collections::HashMap;
use std::ffi::OsString;

use sealkit_host::config::{Document, Position};

use self::value_from::ValueFrom;
use super::{Destination, Entry, File, Form, Notice, Output, Place, Spec, SpecErrors, SpecMistake};

/// Reads a task definition, a container definition or a list of `secrets`, as JSON or YAML; of several containers with
/// secrets the one that is named `container`.
///
/// # Errors
/// Everything that is wrong with it; or that the container can't be told.
pub fn read(origin: &str, text: &str, container: Option<&str>) -> Result<Spec, SpecErrors> {
    let document = Document::parse_yaml(origin.as_ref(), text)?;
    let (entries, notices) = document.read_root(|root| definition::secrets(root, container))?;
    Ok(spec(Form::EcsTaskDefinition, origin, entries, notices))
}

/// Reads the `variables` whose names begin with `prefix`: `PREFIXNAME=valueFrom` gives the secret NAME.
///
/// # Errors
/// All variables that are wrong; or that there is none.
pub fn environment(
    prefix: &str,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Spec, SpecErrors> {
    let origin = format!("env:{prefix}");
    let (mut entries, mut mistakes) = (Vec::new(), Vec::new());
    for (variable, value) in variables {
        let Some(variable) = variable.to_str().filter(|variable| variable.starts_with(prefix)) else { continue };
        let name = &variable[prefix.len()..];
        let parsed = match value.to_str() {
            _ if name.is_empty() => Err("it names no variable behind the prefix".to_owned()),
            None => Err("its value is not UTF-8, so no valueFrom".to_owned()),
            Some(value) => value.parse::<ValueFrom>().map_err(|flaw| flaw.to_string()),
        };
        match parsed {
            Ok(value) => entries.push(entry(name, value, None)),
            Err(flaw) => mistakes.push(SpecMistake { at: None, message: format!("`{variable}`: {flaw}") }),
        }
    }
    if !mistakes.is_empty() {
        mistakes.sort_by(|a, b| a.message.cmp(&b.message));
        return Err(SpecErrors::new(origin, mistakes));
    }
    if entries.is_empty() {
        let message = format!("no variable begins with `{prefix}`: give each secret as {prefix}NAME=valueFrom");
        return Err(SpecErrors::one(origin, None, message));
    }
    // The environment has no order that means anything.
    entries.sort_by(|a, b| a.label.cmp(&b.label));
    Ok(spec(Form::EcsEnvironment, &origin, entries, Vec::new()))
}

fn spec(form: Form, origin: &str, entries: Vec<Entry>, notices: Vec<Notice>) -> Spec {
    Spec {
        form,
        origin: origin.to_owned(),
        place: Place::default(),
        batch: None,
        defaults: File::default(),
        entries,
        composites: Vec::new(),
        notices,
    }
}

/// The secret `name`, which becomes the variable of that name.
fn entry(name: &str, value: ValueFrom, at: Option<Position>) -> Entry {
    Entry {
        label: name.to_owned(),
        at,
        object: value.object,
        optional: false,
        region: value.region,
        failover: Vec::new(),
        role: None,
        fallback: None,
        outputs: vec![Output { at, select: value.select, decode: None, to: Destination::Variable(name.to_owned()) }],
    }
}

/// The names that one container has given already, and where.
type Seen = HashMap<String, Position>;

#[cfg(test)]
mod tests;
