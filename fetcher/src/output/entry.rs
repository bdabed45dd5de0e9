//! What becomes of one entry's value.

use super::found::{self, Found};
use super::jmes::Names;
use super::refusal::Refusal;
use super::values::Value;
use super::{Made, MadeTo, Unit, select, variable};
use crate::failure::Failure;
use crate::plan::names;
use crate::source::Answer;
use crate::spec::{Destination, File, Output};

/// One unit for each output of an entry.
pub(crate) fn units(value: Value<'_>) -> Vec<Unit> {
    let entry = value.entry;
    let outputs = entry.outputs.iter().enumerate();
    outputs
        .map(|(number, output)| Unit {
            name: unit_name(&entry.label, number),
            entries: vec![entry.label.clone()],
            result: made(value, output),
        })
        .collect()
}

/// The name of an entry's unit.
pub(crate) fn unit_name(label: &str, number: usize) -> String {
    format!("{label}/{number}")
}

fn made(value: Value<'_>, output: &Output) -> Result<Vec<Made>, Vec<Failure>> {
    let Some(answer) = value.answer().map_err(|failure| vec![failure])? else { return Ok(Vec::new()) };
    let made = match &output.to {
        Destination::File(file) => single(value, output, answer, &file.path, MadeTo::File(file.clone())),
        Destination::Variable(name) => single(value, output, answer, name, MadeTo::Variable(name.clone())),
        Destination::Files { directory, strip_prefix } => {
            found::all(value, answer, &output.select, output.decode, strip_prefix.as_deref())
                .map_err(|refusal| vec![refusal])
                .and_then(|found| named(found, |name| Ok(MadeTo::File(below(directory, name)))))
        }
        Destination::Variables { prefix } => found::all(value, answer, &output.select, output.decode, None)
            .map_err(|refusal| vec![refusal])
            .and_then(|found| {
                named(found, |name| {
                    let name = format!("{prefix}{name}");
                    variable::check_found(&name).map(|()| MadeTo::Variable(name))
                })
            }),
    };
    let failure = |refusal: Refusal| refusal.into_failure(&value.entry.label);
    made.map_err(|refusals| refusals.into_iter().map(failure).collect())
}

/// The one value that goes to a place whose name the specification gives.
fn single(
    value: Value<'_>,
    output: &Output,
    answer: &Answer,
    alias: &str,
    to: MadeTo,
) -> Result<Vec<Made>, Vec<Refusal>> {
    let made = value.one(answer).and_then(|item| {
        let names = Names { object: value.object(), alias };
        let part = select::part(value.form, &names, &output.select, output.decode, item.value.expose_secret());
        // The provider's own words name what they are about.
        let is_told = value.form.is_drop_in() || item.name == value.entry.label;
        let bytes = part.map_err(|refusal| if is_told { refusal } else { refusal.of(&item.name) })?;
        Ok(vec![Made { to, bytes, origins: vec![item.into()], not_after: None }])
    });
    made.map_err(|refusal| vec![refusal])
}

/// All values, each to a place named after what is in the answer.
fn named(found: Vec<Found<'_>>, to: impl Fn(&str) -> Result<MadeTo, Refusal>) -> Result<Vec<Made>, Vec<Refusal>> {
    let mut all = Vec::new();
    let mut refusals = Vec::new();
    for one in found {
        match one.name().and_then(|name| to(&name)) {
            Ok(to) => {
                all.push(Made { to, bytes: one.bytes, origins: vec![one.item.into()], not_after: None });
            }
            Err(refusal) => refusals.push(refusal),
        }
    }
    if refusals.is_empty() { Ok(all) } else { Err(refusals) }
}

fn below(directory: &File, name: &str) -> File {
    File { path: names::below(&directory.path, name), ..directory.clone() }
}
