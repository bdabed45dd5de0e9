//! What is announced, and when that moves: pure decisions, without a call and without a clock of its own.
//!
//! ```text
//! sighted: a blob was made and decrypted, and this is its material
//!                 │
//!        standing to what is announced
//!    older ── never announced, never handed out
//!    newer ── announced once two sightings in a row agree and the list has it
//!    another key (an alias was moved)
//!      never announced before ── announced once two sightings in a row agree; a second such move within
//!                                SETTLED waits for SETTLED of agreement
//!      announced before ──────── the alias may have been moved back, or a host of KMS is late: announced again only
//!                                after SETTLED in which nothing else was seen
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sealkit_aws::FaultClass;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::material::Material;
use super::order::Order;
use super::status::{ListOutcome, RotationStatus};
use crate::keys::Refusal;

/// After so long all hosts of KMS have seen a change. AWS speaks of seconds, and of up to five minutes for aliases.
pub(super) const SETTLED: Duration = Duration::from_secs(10 * 60);

/// At a first start a material that is not the newest in the list is announced after so long in which nothing else was
/// seen: the hosts of KMS that know the newest may be few yet.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sightings in a row that must agree.
const AGREEING: u32 = 2;

/// Keys that an alias has left and that are remembered.
const MAX_LEFT: usize = 64;

/// What is remembered across restarts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::keys) struct Record {
    /// The write key, as it is configured.
    pub(in crate::keys) key: String,
    /// What is announced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::keys) announced: Option<Material>,
    /// The materials known of the announced key, oldest first.
    #[serde(default)]
    pub(in crate::keys) materials: Order,
    /// Other keys that the alias named before, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::keys) left: Vec<String>,
    /// When the alias was last seen to name another key, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::keys) moved: Option<u64>,
}

/// How a material stands to what is announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing is announced yet.
    First,
    /// It is what is announced.
    Announced,
    /// It came before, by the list.
    Older,
    /// It came after, by the list.
    Newer,
    /// The list as we know it does not have it.
    Unlisted,
    /// It is of a key that was never announced.
    OtherKey,
    /// It is of a key that was announced before.
    LeftKey,
}

/// What the list said when it was last needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    /// It answered.
    Answers,
    /// It did not, or is denied.
    Fails,
}

/// A step of what is announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) to: Material,
    /// How `to` stood to what was announced.
    pub(super) standing: Standing,
}

/// What is announced, what is known, and what was seen last.
pub(super) struct Succession {
    key: Arc<str>,
    announced: Option<Material>,
    orders: BTreeMap<String, Order>,
    left: Vec<String>,
    /// When the alias was last seen to name another key.
    moved: Option<Instant>,
    run: Option<Run>,
    list: ListOutcome,
}

/// Sightings in a row of one material.
struct Run {
    of: Material,
    length: u32,
    since: Instant,
}

impl Succession {
    /// Starts from what is remembered of the write key `key`. `unix` is the time in seconds since 1970.
    pub(super) fn resume(key: Arc<str>, record: Option<Record>, now: Instant, unix: u64) -> Self {
        let record = record.filter(|record| *record.key == *key).unwrap_or_default();
        let age = record.moved.map(|moved| Duration::from_secs(unix.saturating_sub(moved)));
        let orders = record.announced.iter().map(|announced| (announced.key.clone(), record.materials.clone()));
        Self {
            key,
            orders: orders.collect(),
            moved: age.filter(|&age| age < SETTLED).and_then(|age| now.checked_sub(age)),
            announced: record.announced,
            left: record.left,
            run: None,
            list: ListOutcome::NotAsked,
        }
    }

    /// What to remember; nothing until something is announced. `unix` is the time in seconds since 1970.
    pub(super) fn record(&self, now: Instant, unix: u64) -> Option<Record> {
        let step = Step { to: self.announced.clone()?, standing: Standing::Announced };
        Some(self.record_after(&step, now, unix))
    }

    /// What to remember once `step` is made.
    pub(super) fn record_after(&self, step: &Step, now: Instant, unix: u64) -> Record {
        let mut left = self.left.clone();
        if let Some(before) = self.announced.as_ref().filter(|before| before.key != step.to.key) {
            left.push(before.key.clone());
        }
        left.retain(|key| *key != step.to.key);
        left.drain(..left.len().saturating_sub(MAX_LEFT));
        let moves = matches!(step.standing, Standing::OtherKey | Standing::LeftKey);
        Record {
            key: self.key.to_string(),
            announced: Some(step.to.clone()),
            materials: self.orders.get(&step.to.key).cloned().unwrap_or_default(),
            left,
            moved: if moves { Some(now) } else { self.moved }
                .map(|moved| unix.saturating_sub(now.saturating_duration_since(moved).as_secs())),
        }
    }

    /// Makes `step`.
    pub(super) fn make(&mut self, step: Step, now: Instant) {
        if matches!(step.standing, Standing::OtherKey | Standing::LeftKey) {
            self.moved = Some(now);
            self.left.retain(|key| *key != step.to.key);
            self.left.extend(self.announced.take().map(|before| before.key));
            self.left.drain(..self.left.len().saturating_sub(MAX_LEFT));
        }
        self.announced = Some(step.to);
    }

    pub(super) fn announced(&self) -> Option<&Material> {
        self.announced.as_ref()
    }

    /// How it stands, for metrics.
    pub(super) fn status(&self) -> RotationStatus {
        let rotated = self.announced.as_ref().and_then(|at| self.orders.get(&at.key)?.rotated(&at.id));
        let rotated = rotated.and_then(|millis| u64::try_from(millis).ok()).map(Duration::from_millis);
        RotationStatus {
            key_id: self.announced.as_ref().map(Material::key_id),
            rotated: rotated.and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since)),
            list: self.list,
            waiting: self.is_undecided(),
        }
    }

    /// What the list said when it was last needed.
    pub(super) fn list(&self) -> List {
        if matches!(self.list, ListOutcome::Failed(_)) { List::Fails } else { List::Answers }
    }

    /// Whether what was seen last is not what is announced, and may come to be.
    pub(super) fn is_undecided(&self) -> bool {
        self.run.as_ref().is_some_and(|run| !matches!(self.standing(&run.of), Standing::Announced | Standing::Older))
    }

    /// A blob is under `material`.
    pub(super) fn sighted(&mut self, material: &Material, now: Instant) {
        match &mut self.run {
            Some(run) if run.of == *material => run.length = run.length.saturating_add(1),
            run => *run = Some(Run { of: material.clone(), length: 1, since: now }),
        }
    }

    /// The list answered this of `key`.
    pub(super) fn listed(&mut self, key: &str, order: Order) {
        self.list = ListOutcome::Answered;
        self.orders.entry(key.to_owned()).or_default().learn(order);
        // Only of what may yet be announced; an alias can have named many.
        let (run, announced) = (self.run.as_ref().map(|run| &run.of), self.announced.as_ref());
        self.orders.retain(|known, _| [run, announced].iter().flatten().any(|material| material.key == *known));
    }

    /// The list could not be had. Whether it could before, or failed otherwise.
    pub(super) fn list_failed(&mut self, refusal: &Refusal) -> bool {
        let now = ListOutcome::Failed(refusal.fault_class().unwrap_or(FaultClass::Outage));
        std::mem::replace(&mut self.list, now) != now
    }

    /// The material announced, if it is of the key `arn` and the list that was had of it does not name it.
    pub(super) fn announced_is_unlisted(&self, arn: &str) -> Option<Arc<str>> {
        let announced = self.announced.as_ref().filter(|announced| announced.key == arn)?;
        let lost = self.orders.get(arn)?.position(&announced.id).is_none();
        lost.then(|| announced.key_id())
    }

    /// How `material` stands to what is announced.
    pub(super) fn standing(&self, material: &Material) -> Standing {
        let Some(announced) = &self.announced else { return Standing::First };
        if announced == material {
            return Standing::Announced;
        }
        if announced.key != material.key {
            return if self.left.contains(&material.key) { Standing::LeftKey } else { Standing::OtherKey };
        }
        let order = self.orders.get(&material.key);
        let position = |id: &str| order.and_then(|order| order.position(id));
        match (position(&material.id), position(&announced.id)) {
            (Some(this), Some(that)) if this < that => Standing::Older,
            (Some(_), Some(_)) => Standing::Newer,
            // What is announced may be newer than the list, or the list was never had.
            _ => Standing::Unlisted,
        }
    }

    /// The key whose list is needed to decide about what was seen last, if any is.
    pub(super) fn wants_list(&self) -> Option<String> {
        let of = &self.run.as_ref()?.of;
        let wanted = match self.standing(of) {
            Standing::Announced | Standing::Older | Standing::Newer | Standing::LeftKey => false,
            Standing::Unlisted => true,
            Standing::First | Standing::OtherKey => {
                self.orders.get(&of.key).is_none_or(|order| order.position(&of.id).is_none())
            }
        };
        wanted.then(|| of.key.clone())
    }

    /// Whether another sighting may lead to a step.
    pub(super) fn wants_sighting(&self) -> bool {
        self.run.as_ref().is_some_and(|run| {
            run.length < AGREEING
                && matches!(
                    self.standing(&run.of),
                    Standing::First | Standing::Newer | Standing::Unlisted | Standing::OtherKey
                )
        })
    }

    /// The step that is due.
    pub(super) fn due(&self, now: Instant) -> Option<Step> {
        let run = self.run.as_ref().filter(|run| run.length >= AGREEING)?;
        let agreed = now.saturating_duration_since(run.since);
        let standing = self.standing(&run.of);
        let is_due = match standing {
            Standing::Announced | Standing::Older => false,
            Standing::Newer => true,
            // Without its list nothing is known to be newer.
            Standing::Unlisted => false,
            Standing::First => match self.orders.get(&run.of.key) {
                Some(order) if order.is_newest(&run.of.id) => true,
                Some(order) if order.position(&run.of.id).is_some() => agreed >= PATIENCE,
                _ => self.list() == List::Fails,
            },
            // The order of keys is not in any list: what was never announced is ahead.
            Standing::OtherKey => {
                self.moved.is_none_or(|moved| now.saturating_duration_since(moved) >= SETTLED) || agreed >= SETTLED
            }
            Standing::LeftKey => agreed >= SETTLED,
        };
        is_due.then(|| Step { to: run.of.clone(), standing })
    }
}

#[cfg(test)]
mod tests;
