//! One run: its keys, its calls to KMS and its plans, shared by all threads of a batch.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use sealkit_envelope::cmm::Cmm;
use sealkit_envelope::keyring::local_key::LocalKeyName;
use sealkit_envelope::{EncryptionContext, Limits, UnverifiedHeader};
use sealkit_host::exit::Exit;
use sealkit_host::text::Escaped;

use super::audit::{Entry, Trail};
use super::kms::Kms;
use super::reference::KeyReference;
use super::runtime::Runtime;
use super::store::KeyStore;
use super::{DecryptPlan, EncryptPlan, Intent, choice};
use crate::config::Configuration;
use crate::config::applied::{Applied, AppliedId};
use crate::config::dirs::UserDirs;
use crate::config::private;
use crate::error::CliError;

mod decrypting;
mod encrypting;
mod preflight;

/// What a command works with. Plans are made once for all inputs to which the same rules apply, so that a batch asks
/// KMS once. A failure is told for each input anew, for it may name it; what KMS said about a key's name is kept.
pub(crate) struct Session {
    intent: Intent,
    typed: Vec<KeyReference>,
    typed_context: EncryptionContext,
    configuration: Configuration,
    store: KeyStore,
    runtime: Arc<Runtime>,
    trail: Arc<Trail>,
    kms: Kms,
    encrypt_plans: Plans<AppliedId, EncryptPlan>,
    decrypt_plans: Plans<(AppliedId, Vec<String>), DecryptPlan>,
    cmms: Mutex<HashMap<Vec<String>, Arc<dyn Cmm>>>,
}

type Plans<K, P> = Mutex<HashMap<K, Arc<P>>>;

impl Session {
    /// Reads what was typed and the user's own configuration. No key is looked for yet.
    ///
    /// # Errors
    ///
    /// Keys or context that are none, a mistake in the user's own configuration, and an audit file that cannot be
    /// appended to.
    pub(crate) fn open(intent: Intent) -> Result<Self, CliError> {
        Self::open_in(intent, &UserDirs::of_user()?)
    }

    /// As [`open`](Self::open), with these directories of the user.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub(crate) fn open_in(intent: Intent, dirs: &UserDirs) -> Result<Self, CliError> {
        let typed = choice::typed_keys(&intent)?;
        if !typed.is_empty() && !intent.discovery_accounts.is_empty() {
            return Err(CliError::usage(
                "--discovery-account",
                "cannot be used with --key, which names the key itself",
            ));
        }
        let is_account = |text: &String| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        if let Some(other) = intent.discovery_accounts.iter().find(|it| !is_account(it)) {
            let object = format!("--discovery-account {}", Escaped::new(other));
            return Err(CliError::usage(object, "is not an AWS account of twelve digits"));
        }
        let typed_context = EncryptionContext::try_from_pairs(intent.context.iter().cloned())
            .map_err(|error| CliError::usage("--context", error.to_string()))?;
        let configuration = Configuration::load(dirs, intent.quiet)?;
        let audit = intent.audit.as_deref().or(configuration.user.audit.as_deref()).filter(|_| !intent.dry_run);
        let trail = Arc::new(Trail::open(audit)?);
        let runtime = Arc::new(Runtime::default());
        let kms = Kms::new(&intent, &configuration.user.aws, Arc::clone(&runtime), Arc::clone(&trail));
        Ok(Self {
            store: KeyStore::new(dirs),
            intent,
            typed,
            typed_context,
            configuration,
            runtime,
            trail,
            kms,
            encrypt_plans: Mutex::default(),
            decrypt_plans: Mutex::default(),
            cmms: Mutex::default(),
        })
    }

    /// How to encrypt `input`; `None` is standard input.
    ///
    /// # Errors
    ///
    /// No key, one that cannot be used or is not allowed here, and a context that contradicts a rule.
    pub(crate) fn encrypt_plan(&self, input: Option<&Path>) -> Result<Arc<EncryptPlan>, CliError> {
        let applied = self.configuration.applied(input)?;
        planned(&self.encrypt_plans, applied.id(), || self.plan_encryption(input, &applied))
    }

    /// How to decrypt `input`, whose header is `header`; `None` is standard input. Local keys and Regions are found
    /// from the header.
    ///
    /// # Errors
    ///
    /// No key, one that is not here or not allowed here; for a message under KMS keys and no `--key`, the error holds
    /// the ready command.
    pub(crate) fn decrypt_plan(
        &self,
        input: Option<&Path>,
        header: &UnverifiedHeader,
    ) -> Result<Arc<DecryptPlan>, CliError> {
        let applied = self.configuration.applied(input)?;
        let mut named: Vec<_> = header.encrypted_data_keys().iter().map(decrypting::name_of).collect();
        named.sort_unstable();
        named.dedup();
        planned(&self.decrypt_plans, (applied.id(), named), || self.plan_decryption(input, &applied, header))
    }

    /// The limits that reading a header has to keep already.
    ///
    /// # Errors
    ///
    /// Those of the configuration that governs `input`.
    pub(crate) fn limits(&self, input: Option<&Path>) -> Result<Limits, CliError> {
        Ok(self.limits_for(&self.configuration.applied(input)?))
    }

    /// Waits for a future of an encryptor or decryptor; several threads may do so at once.
    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// How many calls were made to KMS.
    pub(crate) fn kms_calls(&self) -> u64 {
        self.trail.calls()
    }

    /// Writes the audit line about one input, if a file for them is named.
    ///
    /// # Errors
    ///
    /// When the line cannot be written: begin no other input.
    pub(crate) fn audit(&self, entry: &Entry<'_>) -> Result<(), CliError> {
        self.trail.entry(entry)
    }

    /// The user's limits, lowered to what the rules demand.
    fn limits_for(&self, applied: &Applied) -> Limits {
        let (defaults, user) = (Limits::default(), self.configuration.user.limits);
        let own = Limits {
            max_encrypted_data_keys: (self.intent.max_encrypted_data_keys)
                .or(user.max_encrypted_data_keys)
                .unwrap_or(defaults.max_encrypted_data_keys),
            max_header_bytes: (self.intent.max_header_bytes)
                .or(user.max_header_bytes)
                .unwrap_or(defaults.max_header_bytes),
            max_frame_length: (self.intent.max_frame_length)
                .or(user.max_frame_length)
                .unwrap_or(defaults.max_frame_length),
        };
        applied.rules().fold(own, |limits, applied| applied.rule.demands.narrow(limits))
    }

    /// The manager for these keys, shared by all plans that have the same.
    fn cmm(
        &self,
        names: Vec<String>,
        make: impl FnOnce() -> Result<Arc<dyn Cmm>, CliError>,
    ) -> Result<Arc<dyn Cmm>, CliError> {
        let mut cmms = self.cmms.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cmm) = cmms.get(&names) {
            return Ok(Arc::clone(cmm));
        }
        let cmm = make()?;
        cmms.insert(names, Arc::clone(&cmm));
        Ok(cmm)
    }

    fn note(&self, line: &str) {
        if !self.intent.quiet {
            crate::progress::say(line);
        }
    }
}

/// The plan under `id`, made if it is the first time; others that want it meanwhile wait.
fn planned<K: std::hash::Hash + Eq, P>(
    plans: &Plans<K, P>,
    id: K,
    make: impl FnOnce() -> Result<P, CliError>,
) -> Result<Arc<P>, CliError> {
    let mut plans = plans.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(plan) = plans.get(&id) {
        return Ok(Arc::clone(plan));
    }
    let plan = Arc::new(make()?);
    plans.insert(id, Arc::clone(&plan));
    Ok(plan)
}

/// Makes a local key that must not exist yet; says where it is.
///
/// # Errors
///
/// A name that is none, a key of that name that exists, and a directory that cannot be written to.
pub(crate) fn keygen(name: &str) -> Result<super::store::Obtained, CliError> {
    let name: LocalKeyName = name.strip_prefix("local:").unwrap_or(name).parse().map_err(
        |error: sealkit_envelope::keyring::local_key::LocalKeyError| {
            CliError::new(Exit::Usage, "NAME", error.to_string())
        },
    )?;
    KeyStore::new(&UserDirs::of_user()?).create(&name)
}

/// The one line about a new local key.
pub(crate) fn new_key_note(name: &LocalKeyName, path: &Path) -> String {
    format!(
        "made the local key {name} in {}: keep a copy, for without it what is encrypted is lost; \
         for a key that others can share and audit, name one in AWS KMS by --key",
        private::shown(path)
    )
}

#[cfg(test)]
mod tests;
