//! The key materials of a key, which it shares with its replicas: each rotation adds one, and none ever goes.

use std::time::{Duration, SystemTime};

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::KeyInit;
use sha2::{Digest, Sha256};

use super::lag::Lagging;

/// One key material.
pub(super) struct Material {
    /// Its number: 0 is what the key was created with.
    pub(super) number: u32,
    /// `KeyMaterialId`: 64 hexadecimal digits.
    pub(super) id: String,
    /// When a rotation brought it; none for the first.
    pub(super) rotated: Option<SystemTime>,
    pub(super) cipher: Aes256Gcm,
}

/// All key materials of a key, oldest first.
pub(super) struct Materials {
    all: Vec<Material>,
    /// Whether calls still miss the newest.
    lagging: Option<Lagging>,
}

impl Material {
    /// The material with `number` of the key with `lineage`: it follows from both alone, and the first one as in all
    /// earlier versions of this endpoint, whose ciphertexts are committed.
    fn new(lineage: &str, number: u32, rotated: Option<SystemTime>) -> Self {
        let name = if number == 0 { lineage.to_owned() } else { format!("{lineage}#{number}") };
        let key = Sha256::digest(format!("sealkit aws double key material:{name}"));
        let id = Sha256::digest(format!("sealkit aws double key material id:{name}"));
        let id = id.iter().map(|byte| format!("{byte:02x}")).collect();
        Self { number, id, rotated, cipher: Aes256Gcm::new(&key) }
    }
}

impl Materials {
    pub(super) fn first(lineage: &str) -> Self {
        Self { all: vec![Material::new(lineage, 0, None)], lagging: None }
    }

    /// Adds a material; calls see it at once, or by and by while it is `lagging`.
    pub(super) fn rotate(&mut self, lineage: &str, lagging: Option<Lagging>) -> &Material {
        // The API tells milliseconds, and no two rotations of a key have one date.
        let after_last = self.newest().rotated.map(|last| last + Duration::from_millis(1));
        let now = SystemTime::now();
        let date = after_last.map_or(now, |earliest| earliest.max(now));
        self.all.push(Material::new(lineage, self.newest().number + 1, Some(date)));
        self.lagging = lagging;
        self.newest()
    }

    pub(super) fn all(&self) -> &[Material] {
        &self.all
    }

    fn newest(&self) -> &Material {
        self.all.last().expect("a key has a first material")
    }

    /// The materials that the call with this number knows, oldest first: the last one is what it encrypts with.
    pub(super) fn seen_by(&self, call: u64) -> &[Material] {
        let stale = self.all.len() > 1 && self.lagging.as_ref().is_some_and(|lagging| lagging.misses(call));
        &self.all[..self.all.len() - usize::from(stale)]
    }

    /// The material with this number: every call can decrypt with each.
    pub(super) fn numbered(&self, number: u32) -> Option<&Material> {
        self.all.get(usize::try_from(number).ok()?)
    }

    /// Rotations so far.
    pub(super) fn rotations(&self) -> usize {
        self.all.len() - 1
    }
}
