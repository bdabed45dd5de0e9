//! From what was fetched to what is published: all of it, or nothing.

use crate::args::{FetchArgs, TargetArgs};
use crate::failure::Failure;
use crate::modes::prepare::{Fetched, Prepared, open_target};
use crate::output::{Made, MadeTo, Unit};
use crate::publish::{self, Content, Outcome, Publication, Publisher};
use crate::report::{OutputKind, Published, PublishedOutput};

/// Everything before the first call; what is wrong with the specification and with the target is told together.
///
/// # Errors
/// All that is wrong with either.
pub async fn prepare(fetch: &FetchArgs, target: &TargetArgs) -> Result<(Prepared, Publisher), Vec<Failure>> {
    let rules = &target.rules;
    let target = open_target(&target.target, rules);
    let (prepared, target) = match (Prepared::new(fetch).await, target) {
        (Ok(prepared), Ok(target)) => (prepared, target),
        (prepared, target) => {
            let of_spec = prepared.err().unwrap_or_default();
            return Err(of_spec.into_iter().chain(target.err()).collect());
        }
    };
    prepared.check_rights(&target, true).map_err(|failure| vec![failure])?;
    let publisher = Publisher::new(target, rules.keep).map_err(|error| vec![error.into()])?;
    Ok((prepared, publisher))
}

/// Publishes the files of `fetched` if nothing of it failed, and writes audit lines either way.
///
/// # Errors
/// Every failure of every unit, or why the target could not be switched; then readers see what they saw before. That an
/// audit line could not be written is told beside what it should have said, for that has happened.
pub fn publish_all(
    prepared: &Prepared,
    publisher: &mut Publisher,
    fetched: &Fetched,
) -> Result<(Published, Option<Failure>), Vec<Failure>> {
    let target = publisher.target().path().to_owned();
    let resource = target.to_string_lossy();
    complete(prepared, fetched, &resource)?;
    let current = publisher.current().ok().flatten();
    let is_kept = |unit: &Unit| current.as_ref().is_some_and(|current| is_older(unit, current));
    let (kept, new): (Vec<_>, Vec<_>) = fetched.units.iter().partition(|unit| is_kept(unit));
    for unit in &kept {
        tracing::warn!(unit = unit.name, "what is published is newer than the sealed file, and stays");
    }
    let stays = kept.iter().map(|unit| Publication { unit: &unit.name, content: Content::Kept });
    let units: Vec<_> = new.iter().map(|unit| Publication::of(unit)).chain(stays).collect();
    let outcome = publisher.publish(&units, fetched.at).map_err(|error| {
        let failures = vec![Failure::from(error)];
        prepared.record.not_published(&failures, &resource);
        failures
    })?;
    let generation = match &outcome {
        Outcome::Switched { generation } => Some(generation.as_str().to_owned()),
        Outcome::Unchanged => publisher.current().ok().flatten().map(|it| it.generation.as_str().to_owned()),
    };
    let unrecorded = prepared.record.published(fetched.delivered_to(new.iter().copied()), &resource).err();
    let files = outputs(new, |made| match &made.to {
        MadeTo::File(file) => Some((OutputKind::File, file.path.clone())),
        MadeTo::Variable(_) => None,
    });
    let is_changed = matches!(outcome, Outcome::Switched { .. });
    Ok((Published { target: Some(target), generation, is_changed, outputs: files }, unrecorded))
}

/// Whether a sealed file stands in for something in `unit` of which bytes of the service are published, under the same
/// names. What is made of that sealed file already may be made of it again.
pub fn is_older(unit: &Unit, published: &publish::Published) -> bool {
    let (Ok(made), Some(before)) = (&unit.result, published.unit(&unit.name)) else { return false };
    let file = |made: &Made| match &made.to {
        MadeTo::File(file) => before.files.iter().find(|it| it.path == file.path),
        MadeTo::Variable(_) => None,
    };
    let is_of_service = |made: &Made| {
        let mut sealed = made.origins.iter().filter(|origin| origin.is_fallback);
        let before = file(made).map(|it| it.origins.as_slice()).unwrap_or_default();
        sealed.any(|it| !before.iter().any(|origin| origin.is_fallback && origin.object == it.object))
    };
    made.iter().all(|made| file(made).is_some()) && made.iter().any(is_of_service)
}

/// Whether nothing of `fetched` failed.
///
/// # Errors
/// Every failure of every unit; audit lines say that they were not published to `resource`.
pub fn complete(prepared: &Prepared, fetched: &Fetched, resource: &str) -> Result<(), Vec<Failure>> {
    let mut failures: Vec<Failure> = Vec::new();
    for failure in fetched.failures() {
        // An entry with several outputs fails in all of them.
        if !failures.contains(failure) {
            failures.push(failure.clone());
        }
    }
    if failures.is_empty() {
        return Ok(());
    }
    prepared.record.not_published(&failures, resource);
    Err(failures)
}

/// What was made, as the report has it, of those that `named` gives a kind and a name.
pub fn outputs<'a>(
    units: impl IntoIterator<Item = &'a Unit>,
    named: impl Fn(&Made) -> Option<(OutputKind, String)>,
) -> Vec<PublishedOutput> {
    let made = units.into_iter().filter_map(|unit| unit.result.as_ref().ok()).flatten();
    made.filter_map(|made| {
        let (kind, name) = named(made)?;
        Some(PublishedOutput { kind, name, origins: made.origins.clone() })
    })
    .collect()
}
