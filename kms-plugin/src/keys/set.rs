//! The keys of one socket.

use std::collections::HashMap;
use std::sync::Arc;

use sealkit_envelope::Plaintext;
use sealkit_envelope::cache::Origin as ServedBy;
use tokio::time::{Instant, timeout_at};

use super::blob;
use super::directory::Directory;
use super::probe::Probe;
use super::service::{Call, Purpose, Route, Unwrapped, Wrapping};
use super::unwraps::{self, LoadFailed, Unwrap, Unwraps};
use super::{
    Api, AwsClients, Flushed, KeyMistake, KeySetError, KeySetSettings, Observer, ProbeReport, Refusal, Source,
    Statistics,
};

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
    directory: Arc<Directory>,
    /// The write key, then the read keys.
    keys: Vec<Wrapping>,
    routes: Vec<Arc<Route>>,
    unwraps: Unwraps,
    observer: Arc<dyn Observer>,
    probe: Probe,
}

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
        if !mistakes.is_empty() {
            return Err(KeySetError { mistakes });
        }
        let routes = keys.iter().map(|key| Arc::new(key.route().clone())).collect();
        let unwraps = unwraps::new(settings.cache_entries);
        let settings = settings.clone();
        Ok(Self {
            shared: Arc::new(Shared { settings, directory, keys, routes, unwraps, observer, probe: Probe::default() }),
        })
    }

    /// Encrypts a seed or a DEK under the write key.
    ///
    /// # Errors
    ///
    /// If the plaintext cannot be encrypted, or KMS does not answer in time, or refuses.
    pub async fn encrypt(&self, request: &Request<'_>, plaintext: &[u8]) -> Result<Wrapped, Refusal> {
        blob::check_plaintext(plaintext)?;
        let shared = &self.shared;
        let encrypted = shared.keys[0].encrypt(&request.call(), Purpose::Object, plaintext).await?;
        let ciphertext = blob::serialize(request.api, &encrypted.blob)?;
        let unwrap = Unwrap::new(plaintext, encrypted.origin, Arc::clone(&shared.routes[0]));
        shared.unwraps.insert(unwraps::id(&encrypted.blob), unwrap);
        Ok(Wrapped { ciphertext, key_id: Arc::clone(self.name()), annotations: HashMap::new() })
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
        // Only the local-KEK form has annotations; in direct form there is nothing to read in them.
        let _ = annotations;
        let blob = blob::parse(request.api, ciphertext)?;
        self.unwrap(request, blob, key_id).await
    }

    /// What Status says, from memory. None while `followKeyMaterial` has not found what to announce: Status is then a
    /// gRPC error (Unavailable), for any `key_id` beside a healthz text would make kube-apiserver look for a new seed.
    #[must_use]
    pub fn key_id(&self) -> Option<Arc<str>> {
        Some(Arc::clone(self.name()))
    }

    /// The write key, as it is configured.
    fn name(&self) -> &Arc<str> {
        self.shared.directory.name(0)
    }

    /// Encrypts 32 random bytes under the write key, decrypts them and compares. Asks KMS, whatever is cached.
    pub async fn probe(&self, deadline: Instant) -> ProbeReport {
        self.shared.probe.run(&self.shared.keys[0], self.name(), deadline).await
    }

    /// Whether a write needs no KMS: a valid local KEK is in memory.
    #[must_use]
    pub fn carries_writes(&self) -> bool {
        false
    }

    /// Whether a restart of kube-apiserver would be carried through a KMS outage: a valid local KEK is in memory, and
    /// every KEK known is unwrapped.
    #[must_use]
    pub fn carries_restart(&self) -> bool {
        false
    }

    /// Drops what was unwrapped under a key, by its configured name or its ARN, and its KEKs. Loads under way answer
    /// those who wait, and are not kept.
    pub fn flush(&self, key: &str) -> Flushed {
        let directory = &self.shared.directory;
        let index = directory.by_name(key).or_else(|| directory.by_arn(key));
        let name = index.map_or(key, |index| directory.name(index));
        let mut judged: HashMap<Arc<str>, bool> = HashMap::new();
        let unwraps = self.shared.unwraps.evict_values_where(|_, unwrap| {
            let arn = &unwrap.origin.arn;
            *judged.entry(Arc::clone(arn)).or_insert_with(|| {
                **arn == *key || **arn == *name || (index.is_some() && directory.by_arn(arn) == index)
            })
        });
        Flushed { unwraps, keks: 0 }
    }

    /// What is in memory, and how it served.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        Statistics { unwraps: self.shared.unwraps.stats(), ..Statistics::default() }
    }

    /// The settings that it was opened with.
    #[must_use]
    pub fn settings(&self) -> &KeySetSettings {
        &self.shared.settings
    }

    /// The value of a blob of KMS: from memory, from a call under way, or from one of our own.
    async fn unwrap(&self, request: &Request<'_>, blob: &[u8], key_id: Option<&str>) -> Result<Plaintext, Refusal> {
        let id = unwraps::id(blob);
        loop {
            let load = self.load(request, blob, key_id);
            let served = timeout_at(request.deadline, self.shared.unwraps.get_or_load(id, 0, load));
            match served.await.map_err(|_| Refusal::Deadline)? {
                Ok(served) => {
                    if served.origin != ServedBy::Loaded {
                        let origin = &served.value.origin;
                        self.shared.observer.served_from_memory(request.api, &origin.arn, origin.request_id.as_deref());
                    }
                    return Ok(served.value.plaintext());
                }
                // It was another's load, which had less time than there is.
                Err(failed) if failed.refusal.is_of_the_moment() && failed.deadline < request.deadline => {}
                Err(failed) => return Err(failed.refusal),
            }
        }
    }

    /// Asks the keys that may open `blob`, one after the other; made to outlive its caller.
    fn load(
        &self,
        request: &Request<'_>,
        blob: &[u8],
        key_id: Option<&str>,
    ) -> impl FnOnce() -> futures_util::future::BoxFuture<'static, Result<Unwrap, LoadFailed>> + Send + 'static {
        let (shared, blob) = (Arc::clone(&self.shared), blob.to_vec());
        let order = shared.order(key_id);
        let (api, uid, deadline) = (request.api, request.uid.map(str::to_owned), request.deadline);
        move || {
            Box::pin(async move {
                let call = Call { source: Source::Traffic(api), uid: uid.as_deref(), deadline };
                let unwrapped = shared.first_to_open(&call, &blob, &order).await;
                let (Unwrapped { plaintext, origin }, index) =
                    unwrapped.map_err(|refusal| LoadFailed { refusal, deadline })?;
                Ok(Unwrap::new(plaintext.expose_secret(), origin, Arc::clone(&shared.routes[index])))
            })
        }
    }
}

impl Shared {
    /// Which keys to try: the one that is named, the write key, then the read keys; of those that open the same blobs
    /// the first.
    fn order(&self, key_id: Option<&str>) -> Vec<usize> {
        let named = key_id.and_then(|key_id| self.directory.by_key_id(key_id));
        let mut order: Vec<usize> = Vec::with_capacity(self.keys.len());
        for index in named.into_iter().chain(0..self.keys.len()) {
            if order.iter().all(|&before| self.routes[before] != self.routes[index]) {
                order.push(index);
            }
        }
        order
    }

    /// What the first key that opens `blob` finds in it, and that key. Only a refusal of the blob leads to the next
    /// key; if none opens it, the first one's refusal is the answer.
    async fn first_to_open(
        &self,
        call: &Call<'_>,
        blob: &[u8],
        order: &[usize],
    ) -> Result<(Unwrapped, usize), Refusal> {
        let mut first = None;
        for &index in order {
            match self.keys[index].decrypt(call, Purpose::Object, blob).await {
                Ok(unwrapped) => return Ok((unwrapped, index)),
                Err(refusal) if self.keys[index].leads_on(&refusal) => _ = first.get_or_insert(refusal),
                Err(refusal) => return Err(refusal),
            }
        }
        Err(first.unwrap_or(Refusal::Internal("a KeySet has a write key")))
    }
}

impl<'a> Request<'a> {
    fn call(&self) -> Call<'a> {
        Call { source: Source::Traffic(self.api), uid: self.uid, deadline: self.deadline }
    }
}
