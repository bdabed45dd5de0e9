//! What a refresh publishes: what came, and the last good bytes of what did not.

use std::collections::BTreeSet;

use sealkit_host::audit;
use sealkit_host::text::{Escaped, error_chain};

use crate::failure::Failure;
use crate::modes::prepare::Fetched;
use crate::modes::publishing::is_older;
use crate::output::{MadeTo, Unit, planned_units};
use crate::plan::Plan;
use crate::plan::names::Claims;
use crate::publish::{Content, Publication, PublishError, Published};

/// Refuses what a sealed file stands in for, where bytes of the service are published: they are newer.
pub(super) fn keep_before_fallback(fetched: &mut Fetched, published: &Published) {
    for unit in fetched.units.iter_mut().filter(|unit| is_older(unit, published)) {
        let of_unit = fetched.stood_in.iter().filter(|(label, _)| unit.entries.contains(label));
        unit.result = Err(of_unit.map(|(_, failure)| failure.clone()).collect());
    }
}

/// Holds back outputs whose names come from content, for which there is no room: who writes one secret must not keep all
/// others from being refreshed. Those that have new names first; all of them, where none has. Whether there were any.
pub(super) fn hold_back_found(
    fetched: &mut Fetched,
    plan: &Plan,
    published: Option<&Published>,
    why: &PublishError,
) -> bool {
    let found: BTreeSet<String> =
        planned_units(plan).filter(|(_, files)| files.is_empty()).map(|(name, _)| name).collect();
    let has_new_names = |unit: &Unit| {
        let before = published.and_then(|it| it.unit(&unit.name)).map(|it| it.files.as_slice()).unwrap_or_default();
        unit.result.iter().flatten().any(|made| match &made.to {
            MadeTo::File(file) => before.iter().all(|it| it.path != file.path),
            MadeTo::Variable(_) => false,
        })
    };
    let candidates = || fetched.units.iter().filter(|unit| unit.result.is_ok() && found.contains(&unit.name));
    let grown: BTreeSet<String> = candidates().filter(|unit| has_new_names(unit)).map(|it| it.name.clone()).collect();
    let held = if grown.is_empty() { candidates().map(|unit| unit.name.clone()).collect() } else { grown };
    for unit in fetched.units.iter_mut().filter(|unit| held.contains(&unit.name)) {
        let object = unit.entries.first().map_or("", String::as_str);
        unit.result = Err(vec![Failure::other(object, audit::Failure::Io, error_chain(why), why.hint())]);
    }
    if let Some(published) = published {
        // What they have keeps its place.
        refuse_taken(fetched, published);
    }
    !held.is_empty()
}

/// Refuses units with a file in the place of another's last good bytes. What that one's files are called now is not known
/// while it can't be fetched; and whoever names a member of one secret must not replace a file of another that is out.
pub(super) fn refuse_taken(fetched: &mut Fetched, published: &Published) {
    // Who is refused keeps its own last good bytes, whose places are taken too.
    while refuse_taken_once(&mut fetched.units, published) {}
}

fn refuse_taken_once(units: &mut [Unit], published: &Published) -> bool {
    let mut claims = Claims::default();
    for kept in units.iter().filter(|unit| unit.result.is_err()).filter_map(|unit| published.unit(&unit.name)) {
        for file in &kept.files {
            // They are published together, so none is in another's way.
            let _ = claims.file(&file.path, kept.unit.as_str());
        }
    }
    let mut has_refused = false;
    for unit in units {
        let Ok(made) = &unit.result else { continue };
        let taken = made.iter().find_map(|made| match &made.to {
            MadeTo::File(file) => claims.check_file(&file.path).err().map(|clash| (&file.path, clash.by())),
            MadeTo::Variable(_) => None,
        });
        if let Some((path, by)) = taken {
            let message = format!("{} is where the last good bytes of {} are", Escaped::new(path), Escaped::new(by));
            let object = unit.entries.first().map_or("", String::as_str);
            let hint = "wait until that can be fetched, or give one of them another path";
            unit.result = Err(vec![Failure::content(object, message, hint)]);
            has_refused = true;
        }
    }
    has_refused
}

/// The units of `fetched`, of which `known` are published. One that failed and never was is left out.
pub(super) fn publications<'a>(fetched: &'a Fetched, known: &BTreeSet<&str>) -> Vec<Publication<'a>> {
    let units = fetched.units.iter().filter(|unit| unit.result.is_ok() || known.contains(unit.name.as_str()));
    units
        .map(|unit| {
            let mut publication = Publication::of(unit);
            if let Content::New(files) = publication.content {
                // A secret that was deleted, or a member that is gone, leaves its last good bytes.
                publication.content = Content::Refreshed(files);
            }
            publication
        })
        .collect()
}
