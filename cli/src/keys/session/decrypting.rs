//! Plans for decryption.

use std::path::Path;

use sealkit_envelope::keyring::local_key::{LocalKey, NAMESPACE, split_key_name};
use sealkit_envelope::message::WrappingKey;
use sealkit_envelope::policy::AllowedKey;
use sealkit_envelope::{DecryptPolicy, Decryptor, EncryptedDataKey, UnverifiedHeader};
use sealkit_host::exit::Exit;
use sealkit_host::text::Escaped;

use super::{DecryptPlan, Session};
use crate::config::applied::{Applied, AppliedRule};
use crate::config::private;
use crate::error::CliError;
use crate::keys::Intent;
use crate::keys::choice::{self, Choice, Origin};
use crate::keys::keyring::{Parts, kms_keyring};
use crate::keys::kms;
use crate::keys::reference::KeyReference;

impl Session {
    pub(super) fn plan_decryption(
        &self,
        input: Option<&Path>,
        applied: &Applied,
        header: &UnverifiedHeader,
    ) -> Result<DecryptPlan, CliError> {
        let wrapped = header.encrypted_data_keys();
        let (parts, names) = self.parts_for_decryption(input, applied, wrapped)?;
        let policy = self.policy_for(applied, wrapped)?;
        let cmm = self.cmm(names, || parts.cmm())?;
        Ok(DecryptPlan { decryptor: Decryptor::new(cmm, policy), context: self.typed_context.clone() })
    }

    fn parts_for_decryption(
        &self,
        input: Option<&Path>,
        applied: &Applied,
        wrapped: &[EncryptedDataKey],
    ) -> Result<(Parts, Vec<String>), CliError> {
        if !self.intent.discovery_accounts.is_empty() {
            return self.parts_by_discovery(&shown(input), wrapped);
        }
        match choice::choose(&self.intent, &self.typed, &self.configuration, applied, &self.kms)? {
            Some(choice) if choice.origin != Origin::User => self.parts_by_choice(&choice, wrapped),
            // What the user configured for everything is for writing first of all: a message under a local key is read
            // by that, whatever else is configured.
            Some(choice) => match self.parts_by_header(input, wrapped) {
                Err(_) if kms_key_ids(wrapped).next().is_some() => self.parts_by_choice(&choice, wrapped),
                by_header => by_header,
            },
            None => self.parts_by_header(input, wrapped),
        }
    }

    fn parts_by_discovery(&self, input: &str, wrapped: &[EncryptedDataKey]) -> Result<(Parts, Vec<String>), CliError> {
        let arns: Vec<_> = kms_key_ids(wrapped).collect();
        let accounts = &self.intent.discovery_accounts;
        let keyring = self.kms.discovery(input, accounts, &arns, &self.intent.failover_regions)?;
        let names = std::iter::once("discovery").chain(arns).map(str::to_owned).collect();
        Ok((Parts { local: Vec::new(), kms: Some(keyring), local_first: false }, names))
    }

    /// By the keys that were typed or configured: local keys that the message does not name are no use, and are left
    /// out unless there is nothing else; names of KMS keys are resolved, for messages hold key ARNs.
    fn parts_by_choice(&self, choice: &Choice, wrapped: &[EncryptedDataKey]) -> Result<(Parts, Vec<String>), CliError> {
        let (mut local, mut remote, mut kms, mut names) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut missing = None;
        for key in &choice.keys {
            match key {
                KeyReference::Local(name) => {
                    let in_message = local_key_names(wrapped)
                        .find(|key_name| split_key_name(key_name).is_some_and(|(found, _)| found == *name));
                    let found = match in_message {
                        Some(key_name) => self.store.read_named_in_message(key_name),
                        None => self.store.read(name),
                    };
                    match found {
                        Ok(key) => {
                            names.push(format!("local:{}", key.key_name()));
                            local.push(key);
                        }
                        // Another of the keys may do; if none does, this is why.
                        Err(error) => missing = missing.or(Some(error)),
                    }
                }
                KeyReference::Kms(reference) => remote.push(reference),
            }
        }
        // Nothing is asked of KMS about a message that no key of KMS wrapped, unless there is nothing else to try.
        let is_remote = kms_key_ids(wrapped).next().is_some();
        if local.is_empty()
            && (remote.is_empty() || !is_remote)
            && let Some(error) = missing
        {
            return Err(error);
        }
        if is_remote || local.is_empty() {
            for reference in remote {
                let resolved = self.kms.resolved(reference)?;
                names.push(resolved.to_string());
                kms.push(resolved);
            }
        }
        names.extend(choice.failover_regions.iter().cloned());
        let failover: &[String] = if kms.is_empty() && !local.is_empty() { &[] } else { &choice.failover_regions };
        let kms = kms_keyring(&self.kms, &kms, failover, false)?;
        Ok((Parts { local, kms, local_first: false }, names))
    }

    /// Without any key named: by the local keys that the header names. A KMS key is never taken from a header, for
    /// whoever wrote it would choose whom we ask.
    fn parts_by_header(
        &self,
        input: Option<&Path>,
        wrapped: &[EncryptedDataKey],
    ) -> Result<(Parts, Vec<String>), CliError> {
        let mut local: Vec<LocalKey> = Vec::new();
        let mut missing = None;
        for key_name in local_key_names(wrapped) {
            match self.store.read_named_in_message(key_name) {
                Ok(key) => local.push(key),
                Err(error) => missing = missing.or(Some(error)),
            }
        }
        if !local.is_empty() {
            let names = local.iter().map(|key| format!("local:{}", key.key_name())).collect();
            return Ok((Parts { local, kms: None, local_first: true }, names));
        }
        let shown = shown(input);
        match (missing, kms_key_ids(wrapped).next()) {
            (Some(missing), None) => Err(missing),
            (missing, Some(key_id)) => Err(name_the_key(&self.intent, input, &shown, key_id, missing.as_ref())),
            (None, None) => {
                let keys: Vec<_> = wrapped.iter().map(|key| Escaped::new(&key.provider_id).to_string()).collect();
                Err(CliError::new(
                    Exit::Refused,
                    shown,
                    format!("the message is encrypted under keys of a kind that is not read: {}", keys.join(", ")),
                )
                .hint(
                    "sealctl inspect shows them; an official AWS Encryption SDK with a keyring of that kind reads it",
                ))
            }
        }
    }

    /// What the command line, the user's own configuration and every rule allow together.
    fn policy_for(&self, applied: &Applied, wrapped: &[EncryptedDataKey]) -> Result<DecryptPolicy, CliError> {
        let limits = self.limits_for(applied);
        let mut policy = DecryptPolicy::new()
            .with_limits(limits)
            .refuse_signed(self.intent.refuse_signed || self.configuration.user.refuse_signed);
        for key in &self.intent.require_context_keys {
            policy = policy.require_context_key(key);
        }
        for layer in applied.rules() {
            let mut demanded = layer.rule.demands.decrypt_policy(limits);
            if !layer.rule.keys.is_empty() {
                demanded = demanded.allow_keys(self.allowed_keys(layer, wrapped)?);
            }
            policy = policy.narrow(demanded);
        }
        Ok(self.permitted(policy, wrapped))
    }

    /// The keys of a rule as a policy knows them: a local key by the fingerprint that the message gives it.
    fn allowed_keys(&self, layer: AppliedRule<'_>, wrapped: &[EncryptedDataKey]) -> Result<Vec<AllowedKey>, CliError> {
        let mut allowed = Vec::new();
        for key in &layer.rule.keys {
            match key {
                KeyReference::Local(name) => {
                    let named = local_key_names(wrapped)
                        .filter(|key_name| split_key_name(key_name).is_some_and(|(found, _)| found == *name));
                    allowed.extend(named.map(local_key));
                }
                KeyReference::Kms(reference) if kms_key_ids(wrapped).next().is_some() => {
                    let arn = choice::resolved_of_rule(reference, layer, &self.configuration, &self.kms)?;
                    allowed.push(AllowedKey::AwsKmsKey { arn: arn.to_string() });
                }
                // Without a KMS key in the message there is nothing to ask KMS about.
                KeyReference::Kms(_) => {}
            }
        }
        Ok(allowed)
    }

    /// Narrows a policy to the accounts and keys of KMS that the user permits at all; local keys are the user's own.
    fn permitted(&self, policy: DecryptPolicy, wrapped: &[EncryptedDataKey]) -> DecryptPolicy {
        let permitted = &self.configuration.user.aws.permitted;
        if permitted.is_everything() {
            return policy;
        }
        let local: Vec<_> = local_key_names(wrapped).map(local_key).collect();
        let mut policy = policy;
        if !permitted.keys.is_empty() {
            let keys = permitted.keys.iter().map(|arn| AllowedKey::AwsKmsKey { arn: arn.clone() });
            policy = policy.allow_keys(keys.chain(local.clone()));
        }
        if !permitted.accounts.is_empty() {
            let partitions = kms_key_ids(wrapped).filter_map(|arn| arn.split(':').nth(1));
            let accounts = partitions.flat_map(|partition| {
                let of = move |account: &String| (partition.to_owned(), account.clone());
                permitted.accounts.iter().map(of)
            });
            let accounts = accounts.map(|(partition, account)| AllowedKey::AwsKmsAccount { partition, account });
            policy = policy.allow_keys(accounts.chain(local));
        }
        policy
    }
}

/// The name of a wrapping key, the same for all messages under the same key.
pub(super) fn name_of(wrapped: &EncryptedDataKey) -> String {
    match wrapped.key() {
        WrappingKey::AwsKms { key_id } => key_id.to_owned(),
        WrappingKey::RawAes { namespace, name } => format!("{namespace}/{name}"),
        _ => wrapped.provider_id.clone(),
    }
}

fn shown(input: Option<&Path>) -> String {
    input.map_or_else(|| "-".to_owned(), private::shown)
}

fn local_key(key_name: &str) -> AllowedKey {
    AllowedKey::RawAes { namespace: NAMESPACE.to_owned(), name: key_name.to_owned() }
}

fn local_key_names(wrapped: &[EncryptedDataKey]) -> impl Iterator<Item = &str> {
    wrapped.iter().filter_map(|wrapped| match wrapped.key() {
        WrappingKey::RawAes { namespace: NAMESPACE, name } => Some(name),
        _ => None,
    })
}

fn kms_key_ids(wrapped: &[EncryptedDataKey]) -> impl Iterator<Item = &str> {
    wrapped.iter().filter_map(|wrapped| match wrapped.key() {
        WrappingKey::AwsKms { key_id } => Some(key_id),
        _ => None,
    })
}

/// The error that stops at a KMS key which nobody named, with the command that names it.
#[cfg(feature = "aws")]
fn name_the_key(
    intent: &Intent,
    input: Option<&Path>,
    shown: &str,
    key_id: &str,
    missing: Option<&CliError>,
) -> CliError {
    let also = missing.map(|error| format!("; nor is there its local key: {error}")).unwrap_or_default();
    let message = format!("the message is encrypted under a key in AWS KMS, and none is named{also}");
    let error = CliError::new(Exit::Usage, shown, message);
    if !kms::is_key_arn(key_id) {
        return error.hint("what it names is no key ARN; sealctl inspect shows it");
    }
    // As it was typed, so that it does the same; but not thousands of names once a file.
    let rest = intent
        .retype
        .clone()
        .unwrap_or_else(|| input.map(|path| format!(" {}", private::shell_path(path))).unwrap_or_default());
    let command = intent.command.unwrap_or("decrypt");
    error.hint(format!("if you trust this key, which the file itself names: sealctl {command} --key {key_id}{rest}"))
}

/// A build without AWS can only say so.
#[cfg(not(feature = "aws"))]
fn name_the_key(
    _intent: &Intent,
    _input: Option<&Path>,
    _shown: &str,
    key_id: &str,
    _missing: Option<&CliError>,
) -> CliError {
    kms::unavailable(key_id)
}
