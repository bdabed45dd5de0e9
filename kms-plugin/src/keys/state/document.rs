//! What the state file says: strict JSON, bounded, ciphertext and names only.

use std::collections::HashSet;
use std::ops::Range;

use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::keys::kek::form::{KekId, MAX_WRAPPED_KEK_LEN};
use crate::keys::rotation::{MAX_MATERIALS, Record};

/// The most KEKs that are remembered; the least recently used go first.
///
/// Eight instances that each make one a week for a year are 416. It also bounds what whoever can write to etcd makes the
/// plugin remember.
pub(in crate::keys) const MAX_KEKS: usize = 512;

/// The longest state file that is read, in bytes: as many KEKs as are remembered, each as long as can be.
pub(super) const MAX_LEN: u64 = 8 << 20;

/// The first words of the file.
pub(super) const FORMAT: &str = "sealkit-kms-plugin-state";

const VERSION: u64 = 1;

/// The longest name of a key, in bytes: KMS' own limit of a `KeyId`.
const MAX_KEY_NAME_LEN: usize = 2048;

/// Everything in the file but its format and version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::keys) struct State {
    /// The KEKs known, the most recently used first.
    pub(in crate::keys) keks: Vec<KekRecord>,
    /// Only with `followKeyMaterial`: what is announced, and the order of key materials.
    pub(in crate::keys) rotation: Option<Record>,
}

/// One KEK, wrapped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::keys) struct KekRecord {
    /// KMS' `CiphertextBlob`, 1 to 6,144 bytes.
    #[serde(with = "in_base64")]
    pub(in crate::keys) wrapped: Vec<u8>,
    /// The configured name of the key that it is under.
    pub(in crate::keys) key: String,
    /// Only of the one KEK that this plugin writes under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::keys) writing: Option<Writing>,
}

/// What limits the use of a KEK for writing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::keys) struct Writing {
    /// When it was made, in seconds since 1970.
    pub(in crate::keys) created: u64,
    /// Uses that may have happened: always at least as many as did.
    pub(in crate::keys) reserved_uses: u64,
}

impl KekRecord {
    /// The name of the KEK.
    pub(in crate::keys) fn kek_id(&self) -> KekId {
        KekId::of(&self.wrapped)
    }
}

/// What tells our files from others, whatever else is in them.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u64,
}

/// The whole file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Document {
    // The first member: a file that is cut off is still known as ours by it.
    format: String,
    version: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rotation: Option<Record>,
    keks: Vec<KekRecord>,
}

/// Why a text is no state.
#[derive(Debug, thiserror::Error)]
pub(super) enum DocumentError {
    /// It is no file of ours.
    #[error("it does not begin with \"format\": {FORMAT:?}, so it is not a state file")]
    Foreign,
    /// A later version of the plugin wrote it.
    #[error("it has version {version}, this plugin knows {VERSION}")]
    Newer {
        /// The version in the file.
        version: u64,
    },
    /// It is ours, and not as we write it.
    #[error("it is damaged: {0}")]
    Damaged(String),
}

impl State {
    /// Reads the text of a file.
    pub(super) fn parse(text: &str) -> Result<Self, DocumentError> {
        // Made with `touch`, or all that a crash left of it on a file system without a journal.
        if text.is_empty() {
            return Ok(Self::default());
        }
        match serde_json::from_str::<Head>(text) {
            Ok(head) if head.format != FORMAT => return Err(DocumentError::Foreign),
            Ok(head) if head.version > VERSION => return Err(DocumentError::Newer { version: head.version }),
            Ok(_) => {}
            Err(_) if !begins_as_ours(text) => return Err(DocumentError::Foreign),
            Err(error) => return Err(DocumentError::Damaged(shown(&error))),
        }
        let document: Document = serde_json::from_str(text).map_err(|error| DocumentError::Damaged(shown(&error)))?;
        let state = Self { keks: document.keks, rotation: document.rotation };
        match state.fault().or_else(|| (document.version != VERSION).then_some("there never was such a version")) {
            Some(fault) => Err(DocumentError::Damaged(fault.to_owned())),
            None => Ok(state),
        }
    }

    /// The text of a file.
    pub(super) fn serialize(&self) -> String {
        let (keks, rotation) = (self.keks.clone(), self.rotation.clone());
        let document = Document { format: FORMAT.to_owned(), version: VERSION, rotation, keks };
        let mut text = serde_json::to_string_pretty(&document).expect("strings and numbers make JSON");
        text.push('\n');
        text
    }

    /// The KEK that the plugin writes under.
    pub(in crate::keys) fn writing(&self) -> Option<(&KekRecord, &Writing)> {
        self.keks.iter().find_map(|record| Some((record, record.writing.as_ref()?)))
    }

    /// Puts `records`, the most recently used first, before what else is known; forgets what is then too much.
    pub(in crate::keys) fn remember(&mut self, records: Vec<KekRecord>) {
        let ids: HashSet<KekId> = records.iter().map(KekRecord::kek_id).collect();
        let (mut again, others): (Vec<_>, Vec<_>) =
            self.keks.drain(..).partition(|record| ids.contains(&record.kek_id()));
        self.keks = records;
        for record in &mut self.keks {
            let was = again.iter_mut().find(|was| was.wrapped == record.wrapped);
            record.writing = was.and_then(|was| was.writing.take());
        }
        self.keks.extend(others);
        self.trim();
    }

    /// Forgets KEKs that KMS refuses.
    pub(in crate::keys) fn forget(&mut self, refused: &[KekId]) {
        self.keks.retain(|record| !refused.contains(&record.kek_id()));
    }

    /// Reserves `count` uses of the KEK that is written under, from `at_least` or from the end of what is reserved
    /// already; from now on it is the only one written under.
    pub(in crate::keys) fn reserve(
        &mut self,
        record: &KekRecord,
        created: u64,
        at_least: u64,
        count: u64,
    ) -> Range<u64> {
        let was = self.keks.iter().position(|known| known.wrapped == record.wrapped).map(|at| self.keks.remove(at));
        let before = was.and_then(|was| was.writing).map_or(0, |writing| writing.reserved_uses);
        let start = before.max(at_least);
        let end = start.saturating_add(count);
        self.keks.iter_mut().for_each(|record| record.writing = None);
        self.keks.insert(0, KekRecord { writing: Some(Writing { created, reserved_uses: end }), ..record.clone() });
        self.trim();
        start..end
    }

    /// Forgets the least recently used of too many, but never the one written under.
    fn trim(&mut self) {
        while self.keks.len() > MAX_KEKS {
            let last = self.keks.iter().rposition(|record| record.writing.is_none());
            self.keks.remove(last.expect("at most one is written under"));
        }
    }

    /// What cannot be in a file that we wrote.
    fn fault(&self) -> Option<&'static str> {
        let length = |record: &KekRecord| (1..=MAX_WRAPPED_KEK_LEN).contains(&record.wrapped.len());
        let name = |record: &KekRecord| (1..=MAX_KEY_NAME_LEN).contains(&record.key.len());
        let materials = self.rotation.as_ref().map_or(0, |rotation| rotation.materials.entries().len());
        let mut seen = HashSet::new();
        if self.keks.len() > MAX_KEKS {
            Some("it holds more KEKs than are ever remembered")
        } else if !self.keks.iter().all(length) {
            Some("a wrapped KEK is empty or too long")
        } else if !self.keks.iter().all(name) {
            Some("the name of a key is empty or too long")
        } else if !self.keks.iter().all(|record| seen.insert(record.kek_id())) {
            Some("a KEK is in it twice")
        } else if self.keks.iter().filter(|record| record.writing.is_some()).count() > 1 {
            Some("two KEKs are written under")
        } else if materials > MAX_MATERIALS {
            Some("it holds more key materials than are ever remembered")
        } else {
            None
        }
    }
}

/// Whether a text that is no JSON may be what is left of a file of ours.
fn begins_as_ours(text: &str) -> bool {
    let mut begin = text.chars().filter(|c| !c.is_whitespace());
    let mut ours = "{\"format\":\"".chars().chain(FORMAT.chars());
    ours.all(|expected| begin.next() == Some(expected))
}

/// An error's place and kind: never a value of the file, which is not known to be ours alone.
fn shown(error: &serde_json::Error) -> String {
    let kind = match error.classify() {
        serde_json::error::Category::Eof => "it ends too early",
        serde_json::error::Category::Syntax => "no JSON",
        serde_json::error::Category::Data | serde_json::error::Category::Io => "not what belongs there",
    };
    format!("{kind} at line {}, column {}", error.line(), error.column())
}

mod in_base64 {
    use base64::Engine as _;
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    use super::STANDARD;

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map_err(|_| de::Error::custom("no base64"))
    }
}
