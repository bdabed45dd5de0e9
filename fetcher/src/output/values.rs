//! The entries of a plan with their answers, by label.

use std::collections::{BTreeMap, BTreeSet};

use sealkit_envelope::Plaintext;
use sealkit_host::audit;

use super::Origin;
use super::jmes::Names;
use super::refusal::Refusal;
use super::select;
use crate::failure::{Cause, Failure};
use crate::plan::Plan;
use crate::source::{Answer, Item};
use crate::spec::{Entry, Form, Object, Part};

/// Every entry of a plan with what its request came to.
pub(crate) struct Values<'a> {
    entries: Vec<Value<'a>>,
    by_label: BTreeMap<&'a str, usize>,
}

/// One entry with what its request came to.
#[derive(Clone, Copy)]
pub(crate) struct Value<'a> {
    /// The form that the specification had.
    pub(crate) form: Form,
    /// The entry.
    pub(crate) entry: &'a Entry,
    answer: Option<&'a Result<Answer, Failure>>,
}

impl<'a> Values<'a> {
    /// Brings `plan` and `answers`, which are in the order of its requests, together.
    pub(crate) fn new(plan: &'a Plan, answers: &'a [Result<Answer, Failure>]) -> Self {
        let value =
            |(entry, request): &'a (Entry, usize)| Value { form: plan.form, entry, answer: answers.get(*request) };
        let entries: Vec<Value<'a>> = plan.entries.iter().map(value).collect();
        let by_label = entries.iter().enumerate().map(|(place, value)| (value.entry.label.as_str(), place)).collect();
        Self { entries, by_label }
    }

    /// All of them, in the order of the specification.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Value<'a>> {
        self.entries.iter().copied()
    }

    /// All labels.
    pub(crate) fn labels(&self) -> impl Iterator<Item = &'a str> {
        self.entries.iter().map(|value| value.entry.label.as_str())
    }

    /// The entry `label`.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub(crate) fn find(&self, label: &str) -> Result<Value<'a>, Refusal> {
        self.by_label
            .get(label)
            .map(|place| self.entries[*place])
            .ok_or_else(|| Refusal::new(format!("there is no entry {label:?}"), "name one that stands under `secrets`"))
    }

    /// Why entries of these labels have no values, each reason once.
    pub(crate) fn failures(&self, labels: &BTreeSet<String>) -> Vec<Failure> {
        let mut failures = Vec::new();
        for value in labels.iter().filter_map(|label| self.find(label).ok()) {
            match value.answer() {
                Err(failure) if !failures.contains(&failure) => failures.push(failure),
                _ => {}
            }
        }
        failures
    }

    /// One part of an entry and the item that it is of, for the place `alias`; none if the entry is optional and absent.
    ///
    /// # Errors
    ///
    /// If there is no such part.
    pub(crate) fn part(&self, part: &Part, alias: &str) -> Result<Option<(&'a Item, Plaintext)>, Refusal> {
        let value = self.find(&part.entry)?;
        let Ok(Some(answer)) = value.answer() else { return Ok(None) };
        let item = value.one(answer)?;
        let names = Names { object: value.object(), alias };
        let bytes = select::part(value.form, &names, &part.select, part.decode, item.value.expose_secret());
        bytes.map(|bytes| Some((item, bytes))).map_err(|refusal| refusal.of(&part.entry))
    }
}

impl<'a> Value<'a> {
    /// The answer; none for an optional entry that is absent.
    ///
    /// # Errors
    ///
    /// The failure of the request, absence of an entry that is not optional among them.
    pub(crate) fn answer(&self) -> Result<Option<&'a Answer>, Failure> {
        match self.answer {
            Some(Ok(answer)) => Ok(Some(answer)),
            Some(Err(failure)) if self.entry.optional && is_absence(failure) => Ok(None),
            Some(Err(failure)) => Err(failure.clone()),
            None => Err(Failure::other(
                &self.entry.label,
                audit::Failure::Outage,
                "its request was not answered",
                "run again; if it stays, report it",
            )),
        }
    }

    /// The one item of an answer.
    ///
    /// # Errors
    ///
    /// If there may be any number.
    pub(crate) fn one(&self, answer: &'a Answer) -> Result<&'a Item, Refusal> {
        match answer {
            Answer::One(item) => Ok(item),
            Answer::Many(_) => Err(Refusal::new(
                format!("{} is any number of objects", self.entry.label),
                "give a directory or a prefix for their names",
            )),
        }
    }

    /// What the specification calls the object.
    pub(crate) fn object(&self) -> &'a str {
        match &self.entry.object {
            Object::Secret(secret) => &secret.id,
            Object::Parameter(parameter) => &parameter.name,
            _ => &self.entry.label,
        }
    }
}

/// Whether the object itself is not there. A key of KMS that is gone is another thing: the value exists and can't be
/// read.
fn is_absence(failure: &Failure) -> bool {
    let of_kms = matches!(&failure.cause, Cause::Aws(fault) if fault.action().starts_with("kms:"));
    failure.class() == audit::Failure::NotFound && !of_kms
}

/// Notes that `item` is in what is made, once.
pub(crate) fn note(origins: &mut Vec<Origin>, item: &Item) {
    let origin = Origin::from(item);
    if !origins.contains(&origin) {
        origins.push(origin);
    }
}
