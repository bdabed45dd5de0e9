//! Why a sealed file was not opened, and what to do next.

use std::io::ErrorKind;
use std::path::Path;

use sealkit_aws::arn::ArnError;
use sealkit_aws::{Fault, FaultClass};
use sealkit_envelope::keyring::KeyringError;
use sealkit_envelope::{DecryptError, PolicyError};
use sealkit_host::audit;
use sealkit_host::text::Escaped;

use super::file::LONGEST;
use crate::failure::Failure;

/// What a failure is about.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) label: &'a str,
    pub(super) path: &'a Path,
}

impl Subject<'_> {
    pub(super) fn unreadable(&self, error: &std::io::Error) -> Failure {
        let (class, cause) = match error.kind() {
            ErrorKind::NotFound => (audit::Failure::NotFound, "is not there".to_owned()),
            ErrorKind::InvalidInput => (audit::Failure::Io, "is no regular file".to_owned()),
            _ => (audit::Failure::Io, format!("cannot be read: {error}")),
        };
        self.failure(class, &cause, "check the path, the volume that it is on and the file's mode")
    }

    pub(super) fn too_long(&self) -> Failure {
        let cause = format!("is longer than {} MiB", LONGEST / (1024 * 1024));
        self.failure(audit::Failure::Refused, &cause, "seal what the application needs of it alone")
    }

    pub(super) fn damaged_armor(&self) -> Failure {
        let cause = "is damaged: what should be base64 is not";
        self.failure(audit::Failure::NotAuthentic, cause, "get the whole text again from where it came")
    }

    pub(super) fn of_no_kms_key(&self) -> Failure {
        let cause = "is encrypted under no key of AWS KMS";
        self.failure(audit::Failure::Refused, cause, "encrypt it anew with `sealctl encrypt --key ARN`")
    }

    pub(super) fn bad_key(&self, error: &ArnError) -> Failure {
        self.failure(audit::Failure::Config, &format!("cannot be opened: {error}"), "correct `keys`")
    }

    /// What keeps a message closed. A fault of KMS stays one, with its code and request id.
    pub(super) fn not_opened(&self, error: DecryptError) -> Failure {
        use audit::Failure::{Config, Internal, NotAuthentic, Refused};
        let (class, hint) = match &error {
            DecryptError::Keyring(keyring) => {
                if let Some(fault) = decisive(keyring) {
                    return Failure::aws(self.label, fault.clone());
                }
                match keyring.leaves()[..] {
                    [KeyringError::KmsConfig(_)] => (Config, "correct `keys`"),
                    _ => (Refused, "`sealctl inspect` shows the keys that it is wrapped under"),
                }
            }
            DecryptError::Policy(PolicyError::KeyNotAllowed { .. }) => {
                (Refused, "name one of these keys in `keys`, if it is to be trusted")
            }
            DecryptError::Policy(PolicyError::ContextPairMissing { .. } | PolicyError::ContextPairConflicts { .. }) => {
                (Refused, "it was made for another purpose, or `context` is not what it was encrypted under")
            }
            DecryptError::Policy(_) | DecryptError::Header(_) => {
                (Refused, "name a file that `sealctl encrypt` or an AWS Encryption SDK wrote")
            }
            DecryptError::Incomplete => (Internal, "report this as a bug"),
            _ => (NotAuthentic, "get the file again from where it came: it was cut off or changed"),
        };
        self.failure(class, &format!("is not opened: {error}"), hint)
    }

    fn failure(&self, class: audit::Failure, cause: &str, hint: &str) -> Failure {
        Failure::other(self.label, class, format!("the sealed file {} {cause}", Escaped::new(self.path)), hint)
    }
}

/// The fault of KMS behind it, if another attempt may end otherwise.
pub(super) fn retriable(error: &DecryptError) -> Option<Fault> {
    use FaultClass::{ExpiredLogin, Outage, Throttled};
    let DecryptError::Keyring(keyring) = error else { return None };
    decisive(keyring).filter(|it| matches!(it.class(), ExpiredLogin | Outage | Throttled)).cloned()
}

/// Of the faults of all keys that were tried, one that may pass; else the first.
fn decisive(error: &KeyringError) -> Option<&Fault> {
    let leaves = error.leaves();
    let faults = leaves.iter().filter_map(|leaf| match leaf {
        KeyringError::Kms(fault) => Some(&**fault),
        _ => None,
    });
    let passing = faults.clone().find(|it| matches!(it.class(), FaultClass::Outage | FaultClass::Throttled));
    passing.or_else(|| faults.clone().next())
}
