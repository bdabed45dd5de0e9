//! Why a KeySet cannot be opened, and why it refuses to encrypt or decrypt.

use std::fmt;
use std::path::PathBuf;

use sealkit_aws::{Fault, FaultClass};

use super::Malformed;

/// Why nothing was encrypted or decrypted.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The request cannot be right; KMS was not asked.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// KMS did not answer, or refused.
    #[error(transparent)]
    Kms(Box<Fault>),
    /// The deadline was over before anything could be done.
    #[error("the request's deadline is over")]
    Deadline,
    /// Too many calls to KMS are under way, and none ended in time.
    #[error("too many calls to KMS are under way in {region}")]
    Busy {
        /// The Region whose calls are all in use.
        region: String,
    },
    /// What this was encrypted under has been revoked, and flushed from memory.
    #[error("{key} was revoked, and what was unwrapped under it is flushed")]
    Revoked {
        /// The key, as configured.
        key: String,
    },
    /// KMS encrypted under other key material than the one announced, again and again.
    #[error("KMS encrypts under other key material of {key} than the key_id announces")]
    StaleMaterial {
        /// The key, as configured.
        key: String,
    },
    /// The plugin itself cannot go on: its random numbers fail, or a value breaks an invariant.
    #[error("{0}")]
    Internal(&'static str),
}

impl Refusal {
    /// The class of KMS' answer, where there was one.
    #[must_use]
    pub fn fault_class(&self) -> Option<FaultClass> {
        match self {
            Self::Kms(fault) => Some(fault.class()),
            _ => None,
        }
    }

    /// Whether it would not have come about with more time, or another way to KMS.
    pub(super) fn is_of_the_moment(&self) -> bool {
        match self {
            Self::Kms(fault) => fault.class().is_failover_worthy(),
            Self::Deadline | Self::Busy { .. } => true,
            _ => false,
        }
    }
}

impl From<Box<Fault>> for Refusal {
    fn from(fault: Box<Fault>) -> Self {
        Self::Kms(fault)
    }
}

/// Why a KeySet cannot be opened: every mistake in its settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySetError {
    /// The mistakes, in the order of the settings; never empty.
    pub mistakes: Vec<KeyMistake>,
}

impl fmt::Display for KeySetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.mistakes.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{mistake}")?;
        }
        Ok(())
    }
}

impl std::error::Error for KeySetError {}

/// A mistake in the settings of one key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyMistake {
    /// The name is none that KMS knows.
    #[error("key {name:?}: {cause}")]
    Name {
        /// The key, as configured.
        name: String,
        /// What is wrong with it.
        cause: String,
    },
    /// Neither name nor settings nor environment give a Region.
    #[error("key {name}: no Region is known: give its ARN, or set the Region")]
    NoRegion {
        /// The key, as configured.
        name: String,
    },
    /// The Region in the settings is not the one in the ARN.
    #[error("key {name}: its ARN is of {actual}, the settings say {configured}")]
    OtherRegion {
        /// The key, as configured.
        name: String,
        /// The ARN's Region.
        actual: String,
        /// The Region of the settings.
        configured: String,
    },
    /// Replicas of a key that has none.
    #[error("key {name}: replica {region:?}: {cause}")]
    Replica {
        /// The key, as configured.
        name: String,
        /// The Region of the replica.
        region: String,
        /// What is wrong with it.
        cause: String,
    },
    /// The encryption context cannot be one.
    #[error("key {name}: its encryption context cannot be used: {cause}")]
    Context {
        /// The key, as configured.
        name: String,
        /// What is wrong with it.
        cause: String,
    },
    /// A key is given twice.
    #[error("key {name} is given twice")]
    Twice {
        /// The key, as configured.
        name: String,
    },
    /// `followKeyMaterial` for a key file.
    #[error("key {name}: followKeyMaterial is for keys in KMS: nobody rotates a key file")]
    NothingToFollow {
        /// The key, as configured.
        name: String,
    },
    /// The file of a local key cannot be used.
    #[error("key file {}: {cause}", path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
}
