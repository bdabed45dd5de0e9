//! Which keys an input is encrypted under or may be decrypted by, and who says so.

use std::path::Path;

use sealkit_host::exit::Exit;
use sealkit_host::text::Escaped;

use super::Intent;
use super::kms::{Kms, is_key_arn, same_key};
use super::reference::{KeyReference, KeyReferenceError, KmsReference};
use crate::config::Configuration;
use crate::config::applied::{Applied, AppliedRule};
use crate::config::private;
use crate::error::CliError;

/// Keys, and who named them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    /// The keys; the first generates data keys.
    pub(crate) keys: Vec<KeyReference>,
    /// Where else to ask for the multi-Region key among them.
    pub(crate) failover_regions: Vec<String>,
    /// Who named them.
    pub(crate) origin: Origin,
}

/// Who named keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The command line.
    Typed,
    /// A rule of a repository's `sealctl.toml`, at `FILE:LINE`; the user has allowed it.
    Rule(String),
    /// The user's own configuration.
    User,
}

/// Reads what was typed after `--key`.
///
/// # Errors
///
/// The first of them that is no key.
pub(crate) fn typed_keys(intent: &Intent) -> Result<Vec<KeyReference>, CliError> {
    let mut keys: Vec<KeyReference> = Vec::new();
    for text in &intent.keys {
        let key = KeyReference::parse(text).map_err(|error| {
            // The other errors quote what was typed themselves.
            let object = match error {
                KeyReferenceError::Unknown => format!("--key {}", Escaped::new(text)),
                _ => "--key".to_owned(),
            };
            let wrong = CliError::usage(object, Escaped::new(&error.to_string()).to_string());
            match format!("local:{text}").as_str() {
                local if KeyReference::parse(local).is_ok() => wrong.hint(format!("for a local key: --key {local}")),
                _ => wrong,
            }
        })?;
        if keys.contains(&key) {
            return Err(CliError::usage(format!("--key {key}"), "is given twice"));
        }
        keys.push(key);
    }
    Ok(keys)
}

/// The keys for an input, by the command line, else by the nearest rule, else by the user's own configuration; `None`
/// if none of them names any.
///
/// # Errors
///
/// A rule that the user has not allowed, and keys that a rule or the user's own configuration does not permit.
pub(crate) fn choose(
    intent: &Intent,
    typed: &[KeyReference],
    configuration: &Configuration,
    applied: &Applied,
    kms: &Kms,
) -> Result<Option<Choice>, CliError> {
    let failover = |configured: &[String]| match intent.failover_regions.is_empty() {
        true => configured.to_vec(),
        false => intent.failover_regions.clone(),
    };
    let choice = if !typed.is_empty() {
        Choice { keys: typed.to_vec(), failover_regions: failover(&[]), origin: Origin::Typed }
    } else if let Some(nearest) = applied.rule_with_keys() {
        configuration.check_allowed(nearest)?;
        let (keys, failover_regions) = (nearest.rule.keys.clone(), failover(&nearest.rule.failover_regions));
        Choice { keys, failover_regions, origin: Origin::Rule(nearest.place()) }
    } else if !configuration.user.keys.is_empty() {
        Choice { keys: configuration.user.keys.clone(), failover_regions: failover(&[]), origin: Origin::User }
    } else {
        return Ok(None);
    };
    for key in &choice.keys {
        check(key, configuration, applied, kms)?;
    }
    Ok(Some(choice))
}

/// Checks a key against every rule that names keys, and against what the user permits at all.
///
/// # Errors
///
/// When one of them does not have it.
fn check(key: &KeyReference, configuration: &Configuration, applied: &Applied, kms: &Kms) -> Result<(), CliError> {
    if let KeyReference::Kms(reference) = key {
        kms.check_permitted(reference)?;
    }
    for layer in applied.rules().filter(|layer| !layer.rule.keys.is_empty()) {
        if !is_among(key, layer, configuration, kms)? {
            let listed: Vec<_> = layer.rule.keys.iter().map(ToString::to_string).collect();
            let message = format!("{} does not allow this key here", layer.place());
            return Err(CliError::new(Exit::Refused, key.to_string(), message)
                .hint(format!("its rule names {}; change the rule, or move the file", listed.join(", "))));
        }
    }
    Ok(())
}

/// Whether a key is one of a rule's; aliases are resolved only where names alone do not tell.
fn is_among(
    key: &KeyReference,
    layer: AppliedRule<'_>,
    configuration: &Configuration,
    kms: &Kms,
) -> Result<bool, CliError> {
    let listed = &layer.rule.keys;
    if listed.iter().any(|other| same_key(key, other)) {
        return Ok(true);
    }
    let KeyReference::Kms(reference) = key else { return Ok(false) };
    if !listed.iter().any(|other| matches!(other, KeyReference::Kms(_))) {
        return Ok(false);
    }
    let resolved = KeyReference::Kms(kms.resolved(reference)?);
    for other in listed {
        let KeyReference::Kms(other) = other else { continue };
        if same_key(&resolved, &KeyReference::Kms(resolved_of_rule(other, layer, configuration, kms)?)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The ARN of a key that a rule names. To ask KMS about an alias is to show oneself to its owner, so the user must have
/// allowed the rule first.
///
/// # Errors
///
/// A rule that is not allowed and names an alias; and when KMS does not say.
pub(crate) fn resolved_of_rule(
    reference: &KmsReference,
    layer: AppliedRule<'_>,
    configuration: &Configuration,
    kms: &Kms,
) -> Result<KmsReference, CliError> {
    if !is_key_arn(reference.as_str()) {
        configuration.check_allowed(layer)?;
    }
    kms.resolved(reference)
}

/// The error for an encryption that nothing names a key for.
pub(crate) fn no_key(input: Option<&Path>) -> CliError {
    let object = input.map_or_else(|| "-".to_owned(), private::shown);
    CliError::usage(object, "no key is named, neither by --key nor by a configuration").hint(
        "choose one: --key local:NAME, a key in a file of yours, made if missing; \
         --key alias/NAME or an ARN, a key in AWS KMS; \
         or a rule in sealctl.toml, for everybody who works on these files",
    )
}
