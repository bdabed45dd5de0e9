//! What a generation holds and what it was made of, without a value or a digest of one.

use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd;
use std::time::{Duration, SystemTime};

use rustix::fs::Mode;
use serde::{Deserialize, Serialize};

use super::PublishError;
use super::dir;
use super::layout::{Generation, MANIFEST, MANIFEST_TMP};
use crate::output::Origin;
use crate::plan::names::{Claims, check_path};

/// About thirteen thousand files. Whoever may write to the volume can also put a manifest there.
const LIMIT: u64 = 4 << 20;
const SCHEMA: u32 = 1;

/// Names and versions are no secrets, but nobody's business who isn't of the volume's group.
const MODE: Mode = Mode::from_raw_mode(0o440);

/// What a generation holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Manifest {
    schema: u32,
    pub(super) units: Vec<PublishedUnit>,
    /// Generations that readers may still be in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) replaced: Vec<Replaced>,
}

/// A generation that is no longer current.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Replaced {
    generation: String,
    /// When it may go, in milliseconds since the machine started: wall clocks jump, and tmpfs does not survive a start.
    pub(super) until: u64,
}

/// A unit of the current generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PublishedUnit {
    /// Its stable name.
    pub unit: String,
    /// When it was last fetched, whether that changed anything or not.
    #[serde(with = "rfc3339")]
    pub fetched: SystemTime,
    /// Its files; none for an optional object that is absent, or one that only became variables.
    pub files: Vec<PublishedFile>,
}

impl PublishedUnit {
    /// How long ago it was fetched.
    #[must_use]
    pub fn age(&self, now: SystemTime) -> Duration {
        now.duration_since(self.fetched).unwrap_or_default()
    }
}

/// A file of the current generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PublishedFile {
    /// Its path below the target.
    pub path: String,
    /// Four octal digits.
    pub mode: String,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// When the certificate in it stops being valid, in seconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<u64>,
    /// What it was made of.
    pub origins: Vec<Origin>,
}

impl Replaced {
    pub(super) fn new(generation: &Generation, until: u64) -> Self {
        Self { generation: generation.as_str().to_owned(), until }
    }

    /// Only a name that could be a generation's.
    pub(super) fn generation(&self) -> Option<Generation> {
        Generation::parse(self.generation.as_bytes())
    }
}

impl Manifest {
    pub(super) fn new(units: Vec<PublishedUnit>, replaced: Vec<Replaced>) -> Self {
        Self { schema: SCHEMA, units, replaced }
    }

    /// The unit of this name.
    pub(super) fn unit(&self, name: &str) -> Option<&PublishedUnit> {
        self.units.iter().find(|unit| unit.unit == name)
    }

    /// The manifest in `generation`. What is too long, not ours or names paths that can't be published is an error of
    /// kind [`io::ErrorKind::InvalidData`].
    pub(super) fn read(generation: impl AsFd) -> io::Result<Self> {
        let (file, found) = dir::open_file(generation, MANIFEST)?;
        let invalid = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
        if u64::try_from(found.st_size).is_ok_and(|size| size > LIMIT) {
            return Err(invalid(format!("it has {} bytes, and {LIMIT} are the most", found.st_size)));
        }
        let mut text = Vec::new();
        file.take(LIMIT).read_to_end(&mut text)?;
        let manifest: Self = serde_json::from_slice(&text).map_err(|error| invalid(error.to_string()))?;
        if manifest.schema != SCHEMA {
            return Err(invalid(format!("its schema is {}, not {SCHEMA}", manifest.schema)));
        }
        let mut claims = Claims::default();
        for file in manifest.units.iter().flat_map(|unit| &unit.files) {
            if check_path(&file.path).is_err() {
                return Err(invalid("a path in it leads elsewhere".to_owned()));
            }
            if claims.file(&file.path, ()).is_err() {
                return Err(invalid("two paths in it can't both be".to_owned()));
            }
        }
        Ok(manifest)
    }

    /// As it is written.
    pub(super) fn to_json(&self) -> Result<Vec<u8>, PublishError> {
        let mut text = serde_json::to_vec(self).expect("strings, numbers and lists can always be written as JSON");
        text.push(b'\n');
        if text.len() as u64 > LIMIT {
            return Err(PublishError::ManifestTooLong { length: text.len(), limit: LIMIT });
        }
        Ok(text)
    }

    /// Writes `text` as the manifest of a generation that nobody sees yet.
    pub(super) fn write(generation: impl AsFd, text: &[u8]) -> io::Result<()> {
        write(generation, MANIFEST, text)
    }

    /// Puts `text` in the place of the manifest of a generation that is current: who reads it sees the old or the new.
    pub(super) fn renew(generation: impl AsFd, text: &[u8]) -> io::Result<()> {
        // A crash can have left one.
        dir::remove(&generation, MANIFEST_TMP)?;
        let renewed = write(&generation, MANIFEST_TMP, text).and_then(|()| {
            rustix::fs::renameat(&generation, MANIFEST_TMP, &generation, MANIFEST).map_err(io::Error::from)
        });
        if renewed.is_err() {
            // The error that is told is the first one.
            let _ = dir::remove(generation, MANIFEST_TMP);
        }
        renewed
    }
}

fn write(generation: impl AsFd, name: &str, text: &[u8]) -> io::Result<()> {
    let mut file = dir::create_file(generation, name)?;
    file.write_all(text)?;
    rustix::fs::fchmod(&file, MODE)?;
    Ok(())
}

mod rfc3339 {
    use std::time::SystemTime;

    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&humantime::format_rfc3339_seconds(*time))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SystemTime, D::Error> {
        let text = String::deserialize(deserializer)?;
        humantime::parse_rfc3339(&text).map_err(D::Error::custom)
    }
}
