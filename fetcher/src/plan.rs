//! What will be fetched, and which files come of it: a specification whose names are checked and whose requests are
//! each made once.
//!
//! ```text
//! Spec ── place ── names ── parts ── Plan ── calls ── cost
//!         Region   files    labels        └─ policy
//!         role     below    templates     └─ doubts
//!                  each     paths
//!                  other
//! ```

pub mod calls;
pub mod cost;
pub mod doubts;
pub mod names;
mod parts;
mod place;
pub mod policy;

use std::collections::HashMap;

pub use place::first_region;

use crate::spec::{
    Batch, Composite, Destination, Entry, Failover, File, Form, Notice, Object, Place, SealedFile, Spec, SpecErrors,
};

/// A specification that can be carried out.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The form that the specification had.
    pub form: Form,
    /// What errors call it.
    pub origin: String,
    /// Where, and as whom, everything is fetched that says nothing else itself: flags, specification and defaults
    /// together.
    pub place: Place,
    /// How BatchGetSecretValue is used.
    pub batch: Batch,
    /// The rights of variables where they are files, whose path is empty.
    pub defaults: File,
    /// What is fetched: no two are equal.
    pub requests: Vec<Request>,
    /// The entries, whose files all have a mode, with the place of each one's request in [`requests`](Self::requests).
    pub entries: Vec<(Entry, usize)>,
    /// Files made of several entries.
    pub composites: Vec<Composite>,
    /// What the document asks for and somebody else has to do.
    pub notices: Vec<Notice>,
}

/// One thing to fetch. Equal requests of several entries are one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    /// What is asked for. The stage AWSCURRENT, which is asked for where nothing is said, is left out.
    pub object: Object,
    /// The Region that is asked; absent for sealed files, which name their keys' Regions themselves.
    pub region: Option<String>,
    /// What is asked for elsewhere, in this order, while a Region is out.
    pub failover: Vec<Failover>,
    /// The ARN of the role to assume.
    pub role: Option<String>,
    /// What stands in while all of these are out.
    pub fallback: Option<SealedFile>,
}

/// What flags say, which the specification says otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// The Region of all that names none itself.
    pub region: Option<String>,
    /// The Regions that are asked while the one before is out; none leaves the specification's.
    pub failover_regions: Vec<String>,
    /// The role of all that names none itself.
    pub role: Option<String>,
    /// How BatchGetSecretValue is used.
    pub batch: Option<Batch>,
}

/// What is taken where neither flags nor specification say anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Defaults {
    /// The Region of the environment or the profile.
    pub region: Option<String>,
    /// Whether a Region that nobody names is a mistake. It is none for modes that call nobody: they run on machines
    /// whose environment is not the pod's.
    pub region_is_required: bool,
}

impl Plan {
    /// Checks a specification as far as it can be without asking anybody, and resolves what it leaves open.
    ///
    /// # Errors
    /// Everything that is wrong, at once: names of files that are not allowed, are made twice or are below each other,
    /// labels, templates and expressions that nothing stands behind, a Region that nobody names.
    pub fn new(spec: Spec, overrides: &Overrides, defaults: &Defaults) -> Result<Self, SpecErrors> {
        let mut mistakes = names::check_known(&spec);
        mistakes.extend(parts::check(&spec));
        let resolved = place::resolve(&spec, overrides, defaults);
        mistakes.extend(resolved.mistakes);
        if !mistakes.is_empty() {
            return Err(SpecErrors::new(spec.origin.as_str(), mistakes).of_what_was_read(Some(spec)));
        }
        let mut known: HashMap<Request, usize> = HashMap::with_capacity(resolved.requests.len());
        let mut requests = Vec::new();
        let (mut entries, mut composites) = (spec.entries, spec.composites);
        let files = composites.iter_mut().map(|composite| &mut composite.file);
        for file in entries.iter_mut().flat_map(files_of).chain(files) {
            file.mode.get_or_insert(spec.form.default_mode());
        }
        let entries = entries.into_iter().zip(resolved.requests).map(|(entry, request)| {
            let index = *known.entry(request).or_insert_with_key(|request| {
                requests.push(request.clone());
                requests.len() - 1
            });
            (entry, index)
        });
        Ok(Self {
            form: spec.form,
            origin: spec.origin,
            place: resolved.place,
            batch: overrides.batch.or(spec.batch).unwrap_or_else(|| spec.form.default_batch()),
            defaults: spec.defaults,
            entries: entries.collect(),
            requests,
            composites,
            notices: spec.notices,
        })
    }

    /// A specification whose names may be made.
    ///
    /// # Errors
    /// All that may not.
    pub fn check_names(spec: Spec) -> Result<Spec, SpecErrors> {
        let mistakes = names::check_known(&spec);
        if mistakes.is_empty() { Ok(spec) } else { Err(SpecErrors::new(spec.origin, mistakes)) }
    }

    /// The mistakes of a document, and those that names make in what could be read of it: so that they are told at once.
    #[must_use]
    pub fn mistakes(errors: SpecErrors) -> SpecErrors {
        let mut of_names = errors.readable().map(names::check_known).unwrap_or_default();
        // A reader that knows of a name's flaw has told it better.
        of_names.retain(|found| errors.mistakes().iter().all(|known| known.at != found.at));
        errors.and(of_names)
    }

    /// The labels of the entries that a request is made for, for errors and audit lines: `db, db-copy`.
    #[must_use]
    pub fn labels(&self, request: usize) -> String {
        let labels = self.entries.iter().filter(|(_, index)| *index == request);
        labels.map(|(entry, _)| entry.label.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// Whether all entries that a request is made for may be absent.
    #[must_use]
    pub fn is_optional(&self, request: usize) -> bool {
        self.entries.iter().filter(|(_, index)| *index == request).all(|(entry, _)| entry.optional)
    }
}

/// The files of an entry, and the directories of those whose names come from content.
fn files_of(entry: &mut Entry) -> impl Iterator<Item = &mut File> {
    entry.outputs.iter_mut().filter_map(|output| match &mut output.to {
        Destination::File(file) | Destination::Files { directory: file, .. } => Some(file),
        Destination::Variable(_) | Destination::Variables { .. } => None,
    })
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
