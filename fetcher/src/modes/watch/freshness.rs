//! How old what is published is, and why: behind `/readyz`, `/status` and the metrics.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use sealkit_host::audit;
use serde::Serialize;

use crate::failure::{Cause, Failure};
use crate::modes::prepare::Fetched;
use crate::publish::{Published, PublishedUnit};

/// What is known of each unit of the plan.
#[derive(Debug)]
pub(super) struct Freshness(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    units: BTreeMap<String, Unit>,
    generation: Option<String>,
    /// The last refresh that was tried, and the last that brought everything.
    tried: Option<SystemTime>,
    complete: Option<SystemTime>,
    not_switched: Option<audit::Failure>,
}

#[derive(Clone, Debug, Default)]
struct Unit {
    /// Those of its files that the plan knows.
    files: Vec<String>,
    /// When what is published of it was fetched; absent if nothing is.
    fetched: Option<SystemTime>,
    failure: Option<Reason>,
    not_after: Option<u64>,
    is_fallback: bool,
}

/// Why a unit is as old as it is: words that name no value.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Reason {
    class: audit::Failure,
    code: Option<String>,
}

/// The whole of it at one time.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Status {
    /// Whether everything that is wanted is published, however old.
    pub(super) ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation: Option<String>,
    /// Why the last refresh could not be published.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_switched: Option<&'static str>,
    pub(super) units: Vec<UnitStatus>,
    #[serde(skip)]
    pub(super) tried: Option<SystemTime>,
    #[serde(skip)]
    pub(super) complete: Option<SystemTime>,
}

/// A unit: an output of an entry, or a file of several.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UnitStatus {
    unit: String,
    /// Absent if it was never published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) age_seconds: Option<u64>,
    /// Why it could not be had the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) class: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// Seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) not_after: Option<u64>,
    /// Whether a sealed file stands in for the service.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) fallback: bool,
}

impl Freshness {
    /// Nothing is published yet of these, which have these files.
    pub(super) fn new(units: impl IntoIterator<Item = (String, Vec<String>)>) -> Self {
        let units = units.into_iter().map(|(name, files)| (name, Unit { files, ..Unit::default() })).collect();
        Self(Mutex::new(Known { units, ..Known::default() }))
    }

    /// An earlier process published this.
    pub(super) fn take_over(&self, published: &Published) {
        self.lock().see(published, Unit::has_files_of);
    }

    /// A refresh ended, and this is published now.
    pub(super) fn published(&self, published: &Published, fetched: &Fetched) {
        let mut known = self.lock();
        known.tell_failures(fetched);
        // What came is what is wanted; what is kept may be of another specification.
        known.see(published, |unit, found| unit.failure.is_none() || unit.has_files_of(found));
        known.not_switched = None;
    }

    /// A refresh could not be published.
    pub(super) fn not_switched(&self, failure: &Failure, fetched: &Fetched) {
        let mut known = self.lock();
        known.tell_failures(fetched);
        known.complete = known.complete.filter(|at| *at != fetched.at);
        known.not_switched = Some(failure.class());
    }

    /// How it is at `now`.
    pub(super) fn status(&self, now: SystemTime) -> Status {
        let known = self.lock();
        let units = known.units.iter().map(|(name, unit)| UnitStatus {
            unit: name.clone(),
            age_seconds: unit.fetched.map(|at| age(at, now).as_secs()),
            class: unit.failure.as_ref().map(|reason| reason.class.class()),
            code: unit.failure.as_ref().and_then(|reason| reason.code.clone()),
            not_after: unit.not_after,
            fallback: unit.is_fallback,
        });
        Status {
            ready: known.generation.is_some() && known.units.values().all(|unit| unit.fetched.is_some()),
            generation: known.generation.clone(),
            not_switched: known.not_switched.map(audit::Failure::class),
            units: units.collect(),
            tried: known.tried,
            complete: known.complete,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn see(&mut self, published: &Published, is_wanted: impl Fn(&Unit, &PublishedUnit) -> bool) {
        self.generation = Some(published.generation.as_str().to_owned());
        for (name, unit) in &mut self.units {
            let Some(found) = published.unit(name).filter(|found| is_wanted(unit, found)) else { continue };
            unit.fetched = Some(found.fetched);
            unit.is_fallback = found.files.iter().flat_map(|file| &file.origins).any(|origin| origin.is_fallback);
            unit.not_after = found.files.iter().filter_map(|file| file.not_after).min();
        }
    }

    fn tell_failures(&mut self, fetched: &Fetched) {
        self.tried = Some(fetched.at);
        if fetched.failures().next().is_none() {
            self.complete = Some(fetched.at);
        }
        for unit in &fetched.units {
            let reason = unit.result.as_ref().err().and_then(|failures| failures.first()).map(Reason::of);
            self.units.entry(unit.name.clone()).or_default().failure = reason;
        }
    }
}

impl Unit {
    /// Whether `found` has its files, or had none: it was optional and absent.
    fn has_files_of(&self, found: &PublishedUnit) -> bool {
        let is_there = |path: &String| found.files.iter().any(|file| file.path == *path);
        found.files.is_empty() || self.files.iter().all(is_there)
    }
}

impl Reason {
    fn of(failure: &Failure) -> Self {
        let code = match &failure.cause {
            Cause::Aws(fault) => fault.code().map(str::to_owned),
            _ => None,
        };
        Self { class: failure.class(), code }
    }
}

/// Nothing is older than nothing, whatever the clock did.
fn age(at: SystemTime, now: SystemTime) -> Duration {
    now.duration_since(at).unwrap_or_default()
}
