//! The keys of one socket.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sealkit_envelope::Plaintext;
use sealkit_envelope::cache::{Origin as ServedBy, SystemClock};
use tokio::time::{Instant, timeout_at};

use super::blob;
use super::directory::Directory;
use super::distinct::Distinct;
use super::following::Following;
use super::kek::clock::SystemWallClock;
use super::kek::{Gate, LocalKek, Upstream, Written, form};
use super::lineup::Lineup;
use super::probe::Probe;
use super::rotation::Follower;
use super::service::{Call, Origin, Purpose, Route, Wrapping, is_key_file};
use super::state::{State, StateFile};
use super::unwraps::{self, LoadFailed, Unwrap, Unwraps};
use super::{
    Api, AwsClients, Flushed, KeyMistake, KeySetError, KeySetSettings, Observer, ProbeReport, Refusal, RotationStatus,
    Source, Statistics,
};

/// What kube-apiserver encrypts and decrypts by v1 to see whether that works; no DEK.
const HEALTH_CHECK: &[u8] = b"ping";

/// One request of kube-apiserver.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The API that it came by.
    pub api: Api,
    /// The UID that kube-apiserver gave it (v2).
    pub uid: Option<&'a str>,
    /// When the answer must be there. Everything that is done for it ends before.
    pub deadline: Instant,
}

/// What was encrypted, as kube-apiserver stores it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapped {
    /// The bytes for etcd.
    pub ciphertext: Vec<u8>,
    /// The key that it is under, as Status names it.
    pub key_id: Arc<str>,
    /// What v2 stores beside it; empty in direct form, and for v1.
    pub annotations: HashMap<String, Vec<u8>>,
}

/// One write key, further read keys, and what they unwrapped. Clones share all of it.
#[derive(Clone)]
pub struct KeySet {
    shared: Arc<Shared>,
}

struct Shared {
    settings: KeySetSettings,
    lineup: Arc<Lineup>,
    unwraps: Unwraps,
    v1_deks: Arc<Distinct>,
    observer: Arc<dyn Observer>,
    probe: Probe,
    /// Only with `followKeyMaterial`.
    follower: Option<Arc<Follower>>,
    kek: LocalKek,
}

/// KEKs that a write is tried under, should what they are under be announced no more.
const KEKS_TRIED: usize = 3;

/// What following a rotation may take beside the requests of kube-apiserver.
const UPKEEP: Duration = Duration::from_secs(5);

impl KeySet {
    /// Prepares the keys; asks KMS nothing, so it succeeds while KMS is out.
    ///
    /// # Errors
    ///
    /// All mistakes in the settings: names, Regions, replicas, contexts, key files.
    pub async fn open(
        settings: &KeySetSettings,
        aws: &AwsClients,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, KeySetError> {
        let new = Self::assemble(settings, aws, observer)?;
        new.shared.kek.start(new.shared.gate());
        Ok(new)
    }

    /// Whether [`open`](Self::open) would succeed. Nothing is begun: no KEK is made, none is unwrapped.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn check(settings: &KeySetSettings, aws: &AwsClients, observer: Arc<dyn Observer>) -> Result<(), KeySetError> {
        Self::assemble(settings, aws, observer).map(drop)
    }

    fn assemble(settings: &KeySetSettings, aws: &AwsClients, observer: Arc<dyn Observer>) -> Result<Self, KeySetError> {
        let all = || std::iter::once(&settings.write).chain(&settings.read);
        let names = all().map(|key| (key.name.as_str().into(), key.name.parse().ok()));
        let directory = Arc::new(Directory::new(names));
        let (mut keys, mut mistakes) = (Vec::new(), Vec::new());
        for (index, key) in all().enumerate() {
            if all().take(index).any(|other| other.name == key.name) {
                mistakes.push(KeyMistake::Twice { name: key.name.clone() });
            }
            match Wrapping::new(key, index, aws, &directory, &observer) {
                Ok(key) => keys.push(key),
                Err(more) => mistakes.extend(more),
            }
        }
        if settings.follow_key_material && is_key_file(&settings.write) {
            mistakes.push(KeyMistake::NothingToFollow { name: settings.write.name.clone() });
        }
        if !mistakes.is_empty() {
            return Err(KeySetError { mistakes });
        }
        let unwraps = unwraps::new(settings.cache_entries);
        let v1_deks = Arc::new(Distinct::new(Arc::new(SystemClock::default())));
        let lineup = Arc::new(Lineup { directory, keys });
        let state = settings.state_file.as_deref().map(StateFile::open);
        let follower = follower(settings, &lineup.directory, state.clone());
        let upstream = Arc::clone(&lineup) as Arc<dyn Upstream>;
        let kek = LocalKek::new(settings.local_kek, upstream, Arc::clone(&observer), state, Arc::new(SystemWallClock));
        let (settings, probe) = (settings.clone(), Probe::default());
        Ok(Self { shared: Arc::new(Shared { settings, lineup, unwraps, v1_deks, observer, probe, follower, kek }) })
    }

    /// Prepares the keys of new settings, and takes over what this KeySet holds in memory for keys that stay as they
    /// are. This one goes on serving who still has it.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub async fn reopen(
        &self,
        settings: &KeySetSettings,
        aws: &AwsClients,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, KeySetError> {
        let mut new = Self::assemble(settings, aws, observer)?;
        let (before, after) = (&self.shared, Arc::get_mut(&mut new.shared).expect("nobody else has it yet"));
        after.v1_deks = Arc::clone(&before.v1_deks);
        after.lineup.directory.adopt(&before.lineup.directory);
        let is_kept = |arn: &str| {
            // A key that was configured and is no longer has lost its say, though another could open its blobs.
            let was_configured = before.lineup.directory.by_arn(arn).is_some();
            let is_configured = after.lineup.directory.by_arn(arn).is_some();
            is_configured || !was_configured
        };
        let opens = |route: &Route| after.lineup.keys.iter().position(|key| **key.route() == *route);
        after.unwraps.adopt(&before.unwraps, |_, unwrap| opens(&unwrap.route).is_some() && is_kept(&unwrap.arn));
        after.kek.adopt(&before.kek, |origin, index| {
            opens(before.lineup.keys[index].route()).filter(|_| is_kept(&origin.arn))
        });
        if let (Some(then), Some(now)) = (&before.follower, &after.follower)
            && before.settings.write == after.settings.write
        {
            let stays = before.settings.local_kek.is_some() == after.settings.local_kek.is_some()
                && before.settings.state_file == after.settings.state_file;
            if stays {
                after.follower = Some(Arc::clone(then));
            } else {
                now.take_over(then);
            }
        }
        after.kek.start(after.gate());
        Ok(new)
    }

    /// Encrypts a seed or a DEK: under the write key, or in the local-KEK mode under a KEK of its.
    ///
    /// # Errors
    ///
    /// If the plaintext cannot be encrypted, or KMS does not answer in time, or refuses.
    pub async fn encrypt(&self, request: &Request<'_>, plaintext: &[u8]) -> Result<Wrapped, Refusal> {
        blob::check_plaintext(plaintext)?;
        let (shared, call) = (&self.shared, request.call());
        if shared.kek.is_on() {
            return self.encrypt_under_kek(request, plaintext).await;
        }
        let key = shared.lineup.write_key();
        let (encrypted, key_id) = match &shared.follower {
            Some(follower) if request.api == Api::V2 => follower.encrypt(key, &call, plaintext).await?,
            _ => (key.encrypt(&call, Purpose::Object, plaintext).await?, Arc::clone(self.name())),
        };
        let ciphertext = blob::serialize(request.api, &encrypted.blob)?;
        let unwrap = Unwrap::new(plaintext, encrypted.origin, Arc::clone(key.route()));
        shared.unwraps.insert(unwraps::id(&encrypted.blob), unwrap);
        Ok(Wrapped { ciphertext, key_id, annotations: HashMap::new() })
    }

    /// Encrypts under the KEK in use. With `followKeyMaterial`, one that is under other material than can be announced
    /// is replaced first.
    async fn encrypt_under_kek(&self, request: &Request<'_>, plaintext: &[u8]) -> Result<Wrapped, Refusal> {
        let shared = &self.shared;
        for _ in 0..KEKS_TRIED {
            let Written { ciphertext, annotations, kek } = shared.kek.encrypt(request, plaintext).await?;
            let key_id = match shared.following() {
                Some(following) if request.api == Api::V2 => following.key_id(&kek.origin)?,
                _ => Some(Arc::clone(self.name())),
            };
            if let Some(key_id) = key_id {
                return Ok(Wrapped { ciphertext, key_id, annotations });
            }
            shared.kek.replace(&kek, request.deadline).await?;
        }
        Err(Refusal::StaleMaterial { key: self.name().to_string() })
    }

    /// Decrypts what this or any other KeySet with these keys encrypted, in any form.
    ///
    /// `key_id` and `annotations` are those of v2; v1 has none.
    ///
    /// # Errors
    ///
    /// If the ciphertext is malformed (KMS is not asked then), or KMS does not answer in time, or refuses.
    pub async fn decrypt(
        &self,
        request: &Request<'_>,
        ciphertext: &[u8],
        key_id: Option<&str>,
        annotations: &HashMap<String, Vec<u8>>,
    ) -> Result<Plaintext, Refusal> {
        let named = key_id.and_then(|key_id| self.shared.lineup.directory.by_key_id(key_id));
        let plaintext = if form::is_local_kek(ciphertext) {
            self.shared.kek.decrypt(request, ciphertext, named, annotations).await?
        } else {
            self.unwrap(request, blob::parse(request.api, ciphertext)?, named).await?
        };
        if request.api == Api::V1Beta1 && plaintext.expose_secret() != HEALTH_CHECK {
            self.shared.v1_deks.note(&unwraps::id(ciphertext));
        }
        Ok(plaintext)
    }

    /// What Status says, from memory. None while `followKeyMaterial` has not found what to announce: Status is then a
    /// gRPC error (Unavailable), for any `key_id` beside a healthz text would make kube-apiserver look for a new seed.
    #[must_use]
    pub fn key_id(&self) -> Option<Arc<str>> {
        match &self.shared.follower {
            Some(follower) => follower.key_id(),
            None => Some(Arc::clone(self.name())),
        }
    }

    /// How rotation stands; none without `followKeyMaterial`.
    #[must_use]
    pub fn rotation(&self) -> Option<RotationStatus> {
        self.shared.follower.as_ref().map(|follower| follower.status())
    }

    /// The write key, as it is configured.
    fn name(&self) -> &Arc<str> {
        self.shared.lineup.directory.name(0)
    }

    /// Encrypts 32 random bytes under the write key, decrypts them and compares. Asks KMS, whatever is cached.
    pub async fn probe(&self, deadline: Instant) -> ProbeReport {
        let (report, opened) = self.shared.probe.run(self.shared.lineup.write_key(), self.name(), deadline).await;
        if report.encrypt.is_ok() {
            self.shared.kek.kms_answers();
        }
        if let Some(opened) = opened {
            self.follow(&opened, deadline).await;
        }
        report
    }

    /// Follows what a probe saw of the write key's material: at once while nothing is announced, for Status waits for
    /// it; else beside the probe, whose report is waited for too.
    async fn follow(&self, opened: &Origin, deadline: Instant) {
        let Some(follower) = &self.shared.follower else { return };
        let Some(material) = self.shared.lineup.write_key().material(opened) else { return };
        if !follower.sighted(&material) {
            return;
        }
        let call = |deadline| Call { source: Source::Upkeep, uid: None, deadline };
        if follower.key_id().is_none() {
            follower.follow(self.shared.lineup.write_key(), &call(deadline)).await;
            return;
        }
        let shared = Arc::clone(&self.shared);
        let follower = Arc::clone(follower);
        tokio::spawn(async move {
            follower.follow(shared.lineup.write_key(), &call(Instant::now() + UPKEEP)).await;
            if follower.is_step_due() {
                // In local-KEK mode a KEK under the new material comes first.
                shared.kek.kms_answers();
            }
        });
    }

    /// Whether a valid local KEK is in memory.
    #[must_use]
    pub fn carries_writes(&self) -> bool {
        self.shared.kek.carries_writes()
    }

    /// Whether a write needs no KMS: it is under a local KEK in memory, or without them under a key file.
    #[must_use]
    pub fn writes_without_kms(&self) -> bool {
        let shared = &self.shared;
        if shared.kek.is_on() { shared.kek.carries_writes() } else { shared.lineup.write_key().is_key_file() }
    }

    /// Whether a restart of kube-apiserver would be carried through a KMS outage: writes need no KMS, and every KEK known
    /// is unwrapped or all keys are key files.
    #[must_use]
    pub fn carries_restart(&self) -> bool {
        let shared = &self.shared;
        let without_kms = shared.lineup.keys.iter().all(Wrapping::is_key_file);
        shared.kek.carries_restart() || (without_kms && self.writes_without_kms())
    }

    /// Drops what was unwrapped under a key, by its configured name or its ARN, and its KEKs. Loads under way answer
    /// those who wait, and are not kept.
    pub fn flush(&self, key: &str) -> Flushed {
        let directory = &self.shared.lineup.directory;
        let index = directory.by_name(key).or_else(|| directory.by_arn(key));
        let name = index.map_or(key, |index| directory.name(index));
        let mut judged: HashMap<Arc<str>, bool> = HashMap::new();
        let mut is_under = |arn: &Arc<str>| {
            *judged.entry(Arc::clone(arn)).or_insert_with(|| {
                **arn == *key || **arn == *name || (index.is_some() && directory.by_arn(arn) == index)
            })
        };
        let unwraps = self.shared.unwraps.evict_values_where(|_, unwrap| is_under(&unwrap.arn));
        Flushed { unwraps, keks: self.shared.kek.flush(|origin| is_under(&origin.arn)) }
    }

    /// What is in memory, and how it served.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        let shared = &self.shared;
        Statistics { unwraps: shared.unwraps.stats(), v1_deks: shared.v1_deks.count(), keks: shared.kek.statistics() }
    }

    /// The settings that it was opened with.
    #[must_use]
    pub fn settings(&self) -> &KeySetSettings {
        &self.shared.settings
    }

    /// The value of a blob: from memory, from a call under way, or from one of our own.
    async fn unwrap(&self, request: &Request<'_>, blob: &[u8], named: Option<usize>) -> Result<Plaintext, Refusal> {
        let (id, shared) = (unwraps::id(blob), &self.shared);
        if let Some(unwrap) = shared.unwraps.get(&id, 0) {
            return Ok(shared.serve(request, &unwrap));
        }
        loop {
            let served =
                timeout_at(request.deadline, shared.unwraps.get_or_load(id, 0, self.load(request, blob, named)));
            match served.await.map_err(|_| Refusal::Deadline)? {
                Ok(served) if served.origin == ServedBy::Loaded => return Ok(served.value.plaintext()),
                Ok(served) => return Ok(shared.serve(request, &served.value)),
                Err(failed) if failed.leaves_time(request.deadline) => {}
                Err(failed) => return Err(failed.refusal),
            }
        }
    }

    /// Asks the keys that may open `blob`, one after the other; owns what it needs, for it may outlive its caller.
    fn load(&self, request: &Request<'_>, blob: &[u8], named: Option<usize>) -> impl FnOnce() -> Load + use<> {
        let (shared, blob) = (Arc::clone(&self.shared), blob.to_vec());
        let order = shared.lineup.order(&blob, named);
        let (api, uid, deadline) = (request.api, request.uid.map(str::to_owned), request.deadline);
        move || {
            async move {
                let call = Call { source: Source::Traffic(api), uid: uid.as_deref(), deadline };
                let opened = shared.lineup.first_to_open(&call, Purpose::Object, &blob, &order).await;
                let (unwrapped, index) = opened.map_err(|refusal| LoadFailed { refusal, deadline })?;
                let route = Arc::clone(shared.lineup.keys[index].route());
                Ok(Unwrap::new(unwrapped.plaintext.expose_secret(), unwrapped.origin, route))
            }
            .boxed()
        }
    }
}

/// A load under way.
type Load = BoxFuture<'static, Result<Unwrap, LoadFailed>>;

fn follower(settings: &KeySetSettings, directory: &Directory, state: Option<Arc<StateFile>>) -> Option<Arc<Follower>> {
    if !settings.follow_key_material {
        return None;
    }
    let record = state.as_ref().and_then(|state| state.state().rotation);
    let remember = move |record| {
        // What cannot be written is logged there; the follower goes on from memory.
        let _ = state.as_ref().map(|state| state.update(|state: &mut State| state.rotation = Some(record)));
    };
    Some(Arc::new(Follower::new(directory.name(0), settings.local_kek.is_some(), record, remember)))
}

impl Shared {
    fn following(&self) -> Option<Following> {
        let follower = Arc::clone(self.follower.as_ref()?);
        Some(Following { lineup: Arc::clone(&self.lineup), follower })
    }

    /// What decides which KEKs are written under.
    fn gate(&self) -> Option<Arc<dyn Gate>> {
        Some(Arc::new(self.following()?))
    }

    /// Gives out what is in memory, and tells of it.
    fn serve(&self, request: &Request<'_>, unwrap: &Unwrap) -> Plaintext {
        let tell = |request_id: Option<&str>| self.observer.served_from_memory(request.api, &unwrap.arn, request_id);
        match &unwrap.request_id {
            Some(request_id) => request_id.with(|text| tell(Some(text))),
            None => tell(None),
        }
        unwrap.plaintext()
    }
}

impl<'a> Request<'a> {
    fn call(&self) -> Call<'a> {
        Call { source: Source::Traffic(self.api), uid: self.uid, deadline: self.deadline }
    }
}
