//! What becomes of one entry's value.

use sealkit_envelope::Plaintext;

use super::jmes::Names;
use super::refusal::Refusal;
use super::values::Value;
use super::{Made, MadeTo, Unit, select};
use crate::failure::Failure;
use crate::source::{Answer, Item};
use crate::spec::{Destination, Entry, File, Form, Object, Output, Select};

/// One unit for each output of an entry.
pub(crate) fn units(form: Form, value: Value<'_>) -> Vec<Unit> {
    let entry = value.entry;
    let outputs = entry.outputs.iter().enumerate();
    outputs
        .map(|(number, output)| Unit {
            name: format!("{}/{number}", entry.label),
            entries: vec![entry.label.clone()],
            result: made(form, value, output).map_err(|failure| vec![failure]),
        })
        .collect()
}

fn made(form: Form, value: Value<'_>, output: &Output) -> Result<Vec<Made>, Failure> {
    let Some(answer) = value.answer()? else { return Ok(Vec::new()) };
    let entry = value.entry;
    let refused = |refusal: Refusal| refusal.into_failure(&entry.label);
    match &output.to {
        Destination::File(file) => {
            single(form, entry, output, answer).map(|made| vec![made(MadeTo::File(file.clone()))]).map_err(refused)
        }
        Destination::Variable(name) => {
            single(form, entry, output, answer).map(|made| vec![made(MadeTo::Variable(name.clone()))]).map_err(refused)
        }
        Destination::Files { directory, strip_prefix } => {
            let strip = strip_prefix.as_deref();
            named(form, entry, output, answer, strip, |name| MadeTo::File(below(directory, &name))).map_err(refused)
        }
        Destination::Variables { prefix } => {
            named(form, entry, output, answer, None, |name| MadeTo::Variable(format!("{prefix}{name}")))
                .map_err(refused)
        }
    }
}

/// The one value that goes to a place whose name the specification gives.
fn single(form: Form, entry: &Entry, output: &Output, answer: &Answer) -> Result<impl FnOnce(MadeTo) -> Made, Refusal> {
    let Answer::One(item) = answer else {
        return Err(Refusal::new("it is any number of objects", "give a directory or a prefix for their names"));
    };
    let bytes = select::part(form, &names(entry, output), &output.select, output.decode, item.value.expose_secret())?;
    Ok(move |to| Made::of(item, to, bytes))
}

/// All values, each to a place named after what is in the answer.
fn named(
    form: Form,
    entry: &Entry,
    output: &Output,
    answer: &Answer,
    strip_prefix: Option<&str>,
    to: impl Fn(String) -> MadeTo,
) -> Result<Vec<Made>, Refusal> {
    let mut all = Vec::new();
    for item in items(answer) {
        for (name, bytes) in parts(form, entry, output, item)? {
            let name = stripped(&entry.object, &name, strip_prefix).replace('/', "_");
            all.push(Made::of(item, to(name), bytes));
        }
    }
    Ok(all)
}

fn parts(form: Form, entry: &Entry, output: &Output, item: &Item) -> Result<Vec<(String, Plaintext)>, Refusal> {
    let value = item.value.expose_secret();
    match output.select {
        Select::AllKeys => select::members(output.decode, value),
        _ => select::part(form, &names(entry, output), &output.select, output.decode, value)
            .map(|bytes| vec![(item.name.clone(), bytes)]),
    }
    .map_err(|refusal| {
        if matches!(entry.object, Object::Secrets(_) | Object::Parameters(_)) {
            refusal.of(&item.name)
        } else {
            refusal
        }
    })
}

/// What is left of a name: less the given prefix, or less the path that parameters were asked by.
fn stripped<'a>(object: &Object, name: &'a str, prefix: Option<&str>) -> &'a str {
    if let Some(prefix) = prefix {
        return name.strip_prefix(prefix).unwrap_or(name);
    }
    let Object::Parameters(asked) = object else { return name };
    let below = name.strip_prefix(asked.path.trim_end_matches('/')).unwrap_or(name);
    below.strip_prefix('/').unwrap_or(below)
}

/// What errors about JMESPath call the object and its destination.
fn names<'a>(entry: &'a Entry, output: &'a Output) -> Names<'a> {
    let object = match &entry.object {
        Object::Secret(secret) => &secret.id,
        Object::Parameter(parameter) => &parameter.name,
        _ => &entry.label,
    };
    let alias = match &output.to {
        Destination::File(file) => &file.path,
        Destination::Variable(name) => name,
        _ => &entry.label,
    };
    Names { object, alias }
}

fn items(answer: &Answer) -> &[Item] {
    match answer {
        Answer::One(item) => std::slice::from_ref(item),
        Answer::Many(items) => items,
    }
}

fn below(directory: &File, name: &str) -> File {
    let path = if directory.path.is_empty() { name.to_owned() } else { format!("{}/{name}", directory.path) };
    File { path, ..directory.clone() }
}

impl Made {
    /// What was made of one item.
    fn of(item: &Item, to: MadeTo, bytes: Plaintext) -> Self {
        Self { to, bytes, versions: vec![(item.name.clone(), item.version.clone())], not_after: None }
    }
}
