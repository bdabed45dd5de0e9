//! `followKeyMaterial`: a `key_id` that follows the key material of AWS.
//!
//! AWS rotates what is behind an unchanged ARN. The `key_id` here is `<key ARN>#<KeyMaterialId>`, so kube-apiserver
//! makes a new seed when there is new material. What is promised: `docs/kms-plugin.md`.
//!
//! ```text
//! fresh blob ── Decrypt names its material ─┐
//! probe ─────── the same ───────────────────┼─ sighted ── standing ── list, if it is not known ── step ── remembered
//! fresh KEK ─── GenerateDataKey names it ───┘                                                        └─ announced
//! ```
//!
//! [`succession`] decides, without a call. A [`Follower`] asks KMS for the list, one decision at a time, and remembers
//! each step before anybody is told of it.

mod fresh;
mod material;
mod order;
mod pace;
mod status;
mod succession;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, timeout_at};

use super::Refusal;
use super::service::{Call, Wrapping};
use pace::Pace;
use succession::{List, Standing, Step, Succession};

pub(super) use fresh::no_material;
pub(super) use material::Material;
pub(super) use order::{Listed, MAX_MATERIALS};
pub use status::{ListOutcome, RotationStatus};
pub(super) use succession::Record;

use order::Order;

/// Blobs that are made and decrypted at most, one after the other, to decide about one sighting.
const LOOKS: usize = 4;

/// A call that has less time left does not find out that the list cannot be had.
const LISTED_WITHIN: Duration = Duration::from_secs(1);

/// Follows the key material of one write key.
pub(super) struct Follower {
    key: Arc<str>,
    /// Whether blobs are made under local KEKs. Then a step is made only with a KEK under what it leads to, so that what
    /// is announced can be written under whatever KMS does next.
    by_kek: bool,
    succession: Mutex<Succession>,
    /// Who holds it may ask for the list and make a step.
    turn: tokio::sync::Mutex<Pace>,
    remember: Arc<dyn Fn(Record) + Send + Sync>,
}

/// What a blob under some material is handed out as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Label {
    /// With this `key_id`.
    KeyId(Arc<str>),
    /// Not at all: another host of KMS, or the same one later, may make a better one.
    NotAnnounced,
}

impl Follower {
    /// Follows the write key `key`, as it is configured, from where `record` left off. Each step is given to `remember`,
    /// which may block, before it is made.
    pub(super) fn new(
        key: &Arc<str>,
        by_kek: bool,
        record: Option<Record>,
        remember: impl Fn(Record) + Send + Sync + 'static,
    ) -> Self {
        let succession = Succession::resume(Arc::clone(key), record, Instant::now(), unix());
        Self {
            key: Arc::clone(key),
            by_kek,
            succession: Mutex::new(succession),
            turn: tokio::sync::Mutex::default(),
            remember: Arc::new(remember),
        }
    }

    /// Goes on from what `before` announced, on a reload that changes how this key is followed: where that is
    /// remembered, or whether KEKs wrap.
    pub(super) fn take_over(&self, before: &Self) {
        let now = Instant::now();
        let Some(record) = before.lock().record(now, unix()) else { return };
        (self.remember)(record.clone());
        *self.lock() = Succession::resume(Arc::clone(&self.key), Some(record), now, unix());
    }

    /// What Status says; none until there is something to announce.
    pub(super) fn key_id(&self) -> Option<Arc<str>> {
        self.lock().announced().map(Material::key_id)
    }

    /// How it stands, for metrics.
    pub(super) fn status(&self) -> RotationStatus {
        self.lock().status()
    }

    /// Whether blobs should be made under other material than before: in local-KEK mode a new KEK is wanted.
    pub(super) fn is_step_due(&self) -> bool {
        self.lock().due(Instant::now()).is_some()
    }

    /// A blob was made and decrypted, and is under `material`; it is not handed out. Whether that is news, and
    /// [`follow`](Self::follow) may lead to something.
    pub(super) fn sighted(&self, material: &Material) -> bool {
        let mut succession = self.lock();
        succession.sighted(material, Instant::now());
        succession.is_undecided()
    }

    /// Decides about what was sighted; looks once more itself where a second sighting is all that is missing, so that a
    /// rotation is announced with the first probe that sees it, not the second.
    pub(super) async fn follow(&self, key: &Wrapping, call: &Call<'_>) {
        for _ in 0..LOOKS {
            self.decide(key, call, None).await;
            if !self.lock().wants_sighting() {
                return;
            }
            let Ok(Some(material)) = fresh::look(key, call).await else { return };
            self.sighted(&material);
        }
        self.decide(key, call, None).await;
    }

    /// What a fresh blob, or a fresh KEK, under `material` is handed out as.
    ///
    /// Older material than announced, and a key that an alias has left, are never handed out. Newer material is once it
    /// is announced. While the list cannot be had, what is announced stays, and stands for what may be newer too: it
    /// then says less than is true, never more, and kube-apiserver can go on and restart.
    pub(super) async fn label(&self, key: &Wrapping, call: &Call<'_>, material: &Material) -> Label {
        self.lock().sighted(material, Instant::now());
        self.decide(key, call, Some(material)).await;
        self.label_in_use(material)
    }

    /// As [`label`](Self::label), for what a KEK that has been in use wraps: it says nothing of what KMS uses now.
    pub(super) fn label_in_use(&self, material: &Material) -> Label {
        let succession = self.lock();
        let announced = succession.announced().map(Material::key_id);
        match (succession.standing(material), announced) {
            (Standing::Announced, Some(key_id)) => Label::KeyId(key_id),
            (Standing::Unlisted, Some(key_id)) if succession.list() == List::Fails => Label::KeyId(key_id),
            _ => Label::NotAnnounced,
        }
    }

    /// Asks for the list if it is wanted, and makes the step that is due. `made` is the material of a blob or KEK that
    /// is there to be written.
    async fn decide(&self, key: &Wrapping, call: &Call<'_>, made: Option<&Material>) {
        if !self.lock().is_undecided() {
            return;
        }
        let Ok(mut pace) = timeout_at(call.deadline, self.turn.lock()).await else { return };
        let wanted = self.lock().wants_list();
        if let Some(arn) = wanted.filter(|arn| pace.allows(arn, Instant::now())) {
            let has_time = call.deadline.saturating_duration_since(Instant::now()) >= LISTED_WITHIN;
            let listed = key.list_key_rotations(call, &arn).await;
            // That somebody in a hurry did not get it says nothing of the list.
            if has_time || listed.is_ok() {
                pace.asked(&arn, &listed, Instant::now());
                self.learn(&arn, listed);
            }
        }
        let now = Instant::now();
        let due = {
            let succession = self.lock();
            let due = succession.due(now).filter(|step| !self.by_kek || made == Some(&step.to));
            due.map(|step| (succession.record_after(&step, now, unix()), step))
        };
        if let Some((record, step)) = due {
            // Remembered first: after a restart nothing older than what was ever told may be announced.
            let remember = Arc::clone(&self.remember);
            let remembered = tokio::task::spawn_blocking(move || remember(record)).await;
            if remembered.is_err() {
                tracing::error!(key = %self.key, "what is announced could not be remembered");
            }
            self.tell(&step);
            self.lock().make(step, now);
        }
    }

    fn learn(&self, arn: &str, listed: Result<Vec<Listed>, Refusal>) {
        match listed {
            Ok(listed) => {
                let mut succession = self.lock();
                if succession.list() == List::Fails {
                    tracing::info!(key = %arn, "kms:ListKeyRotations answers again; the key_id follows the key material");
                }
                succession.listed(arn, Order::of(listed));
                if let Some(lost) = succession.announced_is_unlisted(arn) {
                    tracing::warn!(
                        key = %arn, announced = %lost,
                        "kms:ListKeyRotations does not name the key material that is announced: its answer is late, or \
                         what the state file remembers is not this key's. If it stays so, stop the plugin and remove \
                         the state file",
                    );
                }
            }
            Err(refusal) => {
                let first = self.lock().list_failed(&refusal);
                if first {
                    tracing::warn!(
                        key = %arn, error = %refusal,
                        "the order of key materials is not known; the key_id stays as it is until it is",
                    );
                }
            }
        }
    }

    fn tell(&self, step: &Step) {
        let (key, key_id) = (&*self.key, step.to.key_id());
        match step.standing {
            Standing::LeftKey => tracing::warn!(
                key, %key_id,
                "the alias names a key again that it had left; its key_id is announced again, and objects that were \
                 written before the alias left it count as current",
            ),
            Standing::OtherKey => tracing::info!(key, %key_id, "the alias names another key; its key_id is announced"),
            Standing::First => tracing::info!(key, %key_id, "the key_id is announced"),
            _ => tracing::info!(key, %key_id, "the key_id of new key material is announced"),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Succession> {
        // Every change is complete before the lock is left.
        self.succession.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Seconds since 1970.
fn unix() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs())
}
