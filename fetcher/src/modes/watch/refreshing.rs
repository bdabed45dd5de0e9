//! What a refresh publishes: what came, and the last good bytes of what did not.

use std::collections::BTreeSet;

use crate::modes::prepare::Fetched;
use crate::publish::{Content, Publication};

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
