//! The entries of a plan with their answers, by label.

use sealkit_host::audit;

use crate::failure::{Cause, Failure};
use crate::plan::Plan;
use crate::source::Answer;
use crate::spec::Entry;

/// Every entry of a plan with what its request came to.
pub(crate) struct Values<'a> {
    entries: Vec<Value<'a>>,
}

/// One entry with what its request came to.
#[derive(Clone, Copy)]
pub(crate) struct Value<'a> {
    /// The entry.
    pub(crate) entry: &'a Entry,
    answer: Option<&'a Result<Answer, Failure>>,
}

impl<'a> Values<'a> {
    /// Brings `plan` and `answers`, which are in the order of its requests, together.
    pub(crate) fn new(plan: &'a Plan, answers: &'a [Result<Answer, Failure>]) -> Self {
        let entries: Vec<Value<'a>> =
            plan.entries.iter().map(|(entry, request)| Value { entry, answer: answers.get(*request) }).collect();
        Self { entries }
    }

    /// All of them, in the order of the specification.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Value<'a>> {
        self.entries.iter().copied()
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
}

/// Whether the object itself is not there. A key of KMS that is gone is another thing: the value exists and can't be
/// read.
fn is_absence(failure: &Failure) -> bool {
    let of_kms = matches!(&failure.cause, Cause::Aws(fault) if fault.action().starts_with("kms:"));
    failure.class() == audit::Failure::NotFound && !of_kms
}
