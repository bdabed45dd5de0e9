//! Plans for encryption.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::Path;

use sealkit_envelope::keyring::local_key::{LocalKey, LocalKeyName};
use sealkit_envelope::policy::FrameLength;
use sealkit_envelope::{AlgorithmSuite, EncryptionContext, Encryptor};
use sealkit_host::exit::Exit;

use super::{EncryptPlan, Session, new_key_note};
use crate::config::applied::Applied;
use crate::error::CliError;
use crate::keys::choice::{self, Choice, Origin};
use crate::keys::keyring::{Parts, kms_keyring};
use crate::keys::reference::KeyReference;

impl Session {
    pub(super) fn plan_encryption(&self, input: Option<&Path>, applied: &Applied) -> Result<EncryptPlan, CliError> {
        let choice = choice::choose(&self.intent, &self.typed, &self.configuration, applied, &self.kms)?;
        let choice = match choice {
            Some(choice) => choice,
            None => default_choice(input, std::io::stderr().is_terminal())?,
        };
        let context = self.context_for_encryption(applied)?;
        let suite = self.suite_for(applied)?;
        let limits = self.limits_for(applied);
        let frame_length = match self.intent.frame_length {
            None => FrameLength::default(),
            Some(bytes) => FrameLength::new(bytes)
                .ok_or_else(|| CliError::usage("--frame-length", "a frame has at least one byte"))?,
        };

        let (parts, keys) = self.parts_for_encryption(&choice)?;
        let id = keys.iter().chain(&choice.failover_regions).cloned().collect();
        let cmm = self.cmm(id, || parts.cmm())?;
        let encryptor = Encryptor::new(cmm).with_suite(suite).with_frame_length(frame_length).with_limits(limits);
        Ok(EncryptPlan { encryptor, context, keys })
    }

    /// Finds the keys, and makes local ones that are missing where the user named them.
    fn parts_for_encryption(&self, choice: &Choice) -> Result<(Parts, Vec<String>), CliError> {
        let (mut local, mut kms, mut names) = (Vec::new(), Vec::new(), Vec::new());
        for key in &choice.keys {
            match key {
                KeyReference::Local(name) => {
                    let key = self.local_for_encryption(name, &choice.origin)?;
                    names.push(format!("local:{}", key.key_name()));
                    local.push(key);
                }
                KeyReference::Kms(reference) => {
                    names.push(reference.to_string());
                    kms.push(reference.clone());
                }
            }
        }
        let local_first = matches!(choice.keys.first(), Some(KeyReference::Local(_)));
        let kms = kms_keyring(&self.kms, &kms, &choice.failover_regions, self.intent.encrypt_failover)?;
        Ok((Parts { local, kms, local_first }, names))
    }

    /// A key that the user named is made if it is missing. One that a rule names is not: a new key of that name would
    /// not be the one that the others who work on these files have.
    fn local_for_encryption(&self, name: &LocalKeyName, origin: &Origin) -> Result<LocalKey, CliError> {
        if let Origin::Rule(place) = origin {
            return self.store.find(name)?.ok_or_else(|| {
                let path = crate::config::private::shown(&self.store.path_of(name));
                CliError::new(
                    Exit::NotFound,
                    format!("local:{name}"),
                    format!("{place} names it, and there is no {path}"),
                )
                .hint(format!("copy the key file from somebody who has it, or make it: sealctl keygen {name}"))
            });
        }
        if self.intent.dry_run {
            if let Some(key) = self.store.find(name)? {
                return Ok(key);
            }
            self.note(&format!("would make the local key {name}"));
            return LocalKey::generate(name.clone())
                .map_err(|error| CliError::new(Exit::Io, format!("local:{name}"), error.to_string()));
        }
        let obtained = self.store.obtain(name)?;
        if obtained.is_new {
            self.note(&new_key_note(name, &obtained.path));
        }
        Ok(obtained.key)
    }

    /// Typed pairs joined with those of rules, which the user must have allowed.
    fn context_for_encryption(&self, applied: &Applied) -> Result<EncryptionContext, CliError> {
        let typed = self.typed_context.iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
        let mut context: BTreeMap<String, String> = typed.collect();
        let refused =
            |place: String, error: &dyn std::fmt::Display| CliError::new(Exit::Refused, place, error.to_string());
        for layer in applied.rules().filter(|layer| !layer.rule.demands.context.is_empty()) {
            self.configuration.check_allowed(layer)?;
            layer.rule.demands.add_context(&mut context).map_err(|error| refused(layer.place(), &error))?;
        }
        for layer in applied.rules() {
            layer.rule.demands.check_context(&context).map_err(|error| {
                refused(layer.place(), &error).hint("add the missing pair by --context NAME=VALUE, or change the rule")
            })?;
        }
        if let Some(key) = self.intent.require_context_keys.iter().find(|key| !context.contains_key(*key)) {
            let shown = sealkit_host::text::Escaped::new(key);
            return Err(CliError::new(
                Exit::Refused,
                format!("--require-context-key {shown}"),
                "the context has no such key",
            )
            .hint(format!("add --context {shown}=VALUE")));
        }
        EncryptionContext::try_from_pairs(context).map_err(|error| CliError::usage("--context", error.to_string()))
    }

    fn suite_for(&self, applied: &Applied) -> Result<AlgorithmSuite, CliError> {
        let sign = self.intent.sign || applied.rules().any(|layer| layer.rule.demands.sign);
        if !sign {
            return Ok(AlgorithmSuite::Aes256GcmHkdfSha512CommitKey);
        }
        if let Some(layer) = applied.rules().find(|layer| layer.rule.demands.refuse_signed) {
            return Err(CliError::new(Exit::Refused, layer.place(), "refuses signed messages, and one is asked for")
                .hint("leave out --sign, or change the rule"));
        }
        Ok(AlgorithmSuite::Aes256GcmHkdfSha512CommitKeyEcdsaP384)
    }
}

/// Where nothing names a key: a person at a terminal gets the default key, made if missing and said so; a script must
/// not depend on a key that it never named.
fn default_choice(input: Option<&Path>, is_terminal: bool) -> Result<Choice, CliError> {
    if !is_terminal {
        return Err(choice::no_key(input));
    }
    let key = KeyReference::parse("local:default")
        .map_err(|error| CliError::new(Exit::Internal, "local:default", error.to_string()))?;
    Ok(Choice { keys: vec![key], failover_regions: Vec::new(), origin: Origin::User })
}
