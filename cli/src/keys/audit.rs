//! The audit lines of `docs/audit.md`, and which call to KMS gave a message its data key.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use sealkit_envelope::EncryptedDataKey;
use sealkit_envelope::keyring::local_key;
use sealkit_envelope::message::WrappingKey;
use sealkit_host::audit::{AuditEvent, AuditLog, Program};
use sealkit_host::exit::Exit;

use crate::error::{CliError, cause};

/// How many data keys are remembered with the call that they came from; beyond that all are forgotten, and lines about
/// keys still in a cache lack the request id.
#[cfg(feature = "aws")]
const REMEMBERED: usize = 16_384;

/// What was done to one input, for one audit line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    /// `encrypt`, `decrypt`, `verify` or `keygen`.
    pub(crate) operation: &'static str,
    /// The input; `None` is standard input.
    pub(crate) object: Option<&'a Path>,
    /// The target, if it has a name.
    pub(crate) resource: Option<&'a Path>,
    /// The wrapped data key: the first of a new message, the one that was unwrapped of an old one.
    pub(crate) wrapped: Option<&'a EncryptedDataKey>,
    /// How it ended.
    pub(crate) outcome: Result<(), &'a CliError>,
}

/// Counts calls to KMS and writes audit lines.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    log: Option<AuditLog>,
    calls: AtomicU64,
    origins: Mutex<HashMap<Vec<u8>, Origin>>,
}

/// The call that a data key came from.
#[derive(Debug, Clone)]
struct Origin {
    request_id: Option<String>,
    region: String,
    /// Whether a line has told of it before: from the second on the data key came from memory.
    used: bool,
}

impl Trail {
    /// Opens the audit file, if one is asked for.
    ///
    /// # Errors
    ///
    /// When it cannot be appended to; then nothing may be done.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, CliError> {
        let program = Program { name: "sealctl", version: env!("CARGO_PKG_VERSION") };
        let log =
            path.map(|path| AuditLog::open(path, program).map_err(|error| unwritable(path, &error))).transpose()?;
        Ok(Self { log, ..Self::default() })
    }

    /// How many calls were made to KMS.
    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Counts a call to KMS, writes its line, and remembers which data key it wrapped or unwrapped. A line that cannot
    /// be written is found missing at the next entry, whose line cannot be written either.
    #[cfg(feature = "aws")]
    pub(crate) fn call(&self, call: &sealkit_envelope::keyring::kms::KmsCall) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let Some(log) = &self.log else { return };
        if !call.ciphertext.is_empty() {
            self.remember(call.ciphertext.clone(), call.region.clone(), call.request_id.clone());
        }
        let event = match call.outcome {
            Ok(()) => AuditEvent::ok(call.operation),
            Err(class) => AuditEvent::failed(call.operation, crate::error::class_of(class))
                .code(call.code.as_deref().unwrap_or_default()),
        };
        let event = match call.key.contains(":key/") {
            true => event.key(&call.key),
            false => event.resource(&call.key),
        };
        let event = event.region(&call.region).request_id(call.request_id.as_deref().unwrap_or_default());
        let _found_missing_at_the_next_entry = log.append(&event);
    }

    #[cfg(feature = "aws")]
    fn remember(&self, ciphertext: Vec<u8>, region: String, request_id: Option<String>) {
        let mut origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        if origins.len() >= REMEMBERED {
            origins.clear();
        }
        origins.insert(ciphertext, Origin { request_id, region, used: false });
    }

    /// Writes the line about one input.
    ///
    /// # Errors
    ///
    /// When the line cannot be written: begin no other input.
    pub(crate) fn entry(&self, entry: &Entry<'_>) -> Result<(), CliError> {
        let Some(log) = &self.log else { return Ok(()) };
        let mut event = match entry.outcome {
            Ok(()) => AuditEvent::ok(entry.operation),
            Err(error) => {
                AuditEvent::failed(entry.operation, error.failure()).code(error.code.as_deref().unwrap_or_default())
            }
        };
        event = match entry.object {
            Some(path) => event.object(&absolute(path)),
            None => event.object("-"),
        };
        if let Some(path) = entry.resource {
            event = event.resource(&absolute(path));
        }
        if let Some(wrapped) = entry.wrapped {
            event = event.key(&key_of(wrapped));
            let mut origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(origin) = origins.get_mut(&wrapped.ciphertext) {
                event = event.region(&origin.region).request_id(origin.request_id.as_deref().unwrap_or_default());
                if std::mem::replace(&mut origin.used, true) {
                    event = event.cached();
                }
            }
        }
        log.append(&event).map_err(|error| unwritable(log.path(), &error))
    }
}

/// The key that wrapped a data key, as audit lines name it.
fn key_of(wrapped: &EncryptedDataKey) -> String {
    match wrapped.key() {
        WrappingKey::AwsKms { key_id } => key_id.to_owned(),
        WrappingKey::RawAes { namespace: local_key::NAMESPACE, name } => format!("local:{name}"),
        WrappingKey::RawAes { namespace, name } => format!("{namespace}/{name}"),
        _ => wrapped.provider_id.clone(),
    }
}

/// Without looking at the file system: the input may be gone by now.
fn absolute(path: &Path) -> std::path::PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn unwritable(path: &Path, error: &sealkit_host::audit::AuditError) -> CliError {
    use sealkit_host::audit::AuditError;
    let path = crate::config::private::shown(path);
    match error {
        AuditError::Open { source, .. } => {
            CliError::new(Exit::Io, path, format!("the audit file cannot be opened: {}", cause(source)))
        }
        AuditError::Write { source, .. } => {
            CliError::new(Exit::Io, path, format!("the audit file cannot be written: {}", cause(source)))
        }
        AuditError::Unsafe(unsafe_file) => {
            let refused = CliError::new(Exit::Io, path, format!("the audit file is not safe: {unsafe_file}"));
            match unsafe_file.remedy() {
                Some(remedy) => refused.hint(remedy),
                None => refused,
            }
        }
        other => CliError::new(Exit::Io, path, other.to_string()),
    }
}
