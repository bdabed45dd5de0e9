//! Which keys an input is encrypted under or may be decrypted by, and who says so.

use sealkit_host::exit::Exit;
use sealkit_host::text::Escaped;

use super::Intent;
use super::kms::{Kms, same_key};
use super::reference::{KeyReference, KeyReferenceError};
use crate::config::Configuration;
use crate::config::applied::Applied;
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
        check(key, applied, kms)?;
    }
    Ok(Some(choice))
}

/// Checks a key against every rule that names keys, and against what the user permits at all.
///
/// # Errors
///
/// When one of them does not have it.
pub(crate) fn check(key: &KeyReference, applied: &Applied, kms: &Kms) -> Result<(), CliError> {
    if let KeyReference::Kms(reference) = key {
        kms.check_permitted(reference)?;
    }
    for rule in applied.rules().filter(|applied| !applied.rule.keys.is_empty()) {
        if !is_among(key, &rule.rule.keys, kms)? {
            let listed: Vec<_> = rule.rule.keys.iter().map(ToString::to_string).collect();
            let message = format!("{} does not allow this key here", rule.place());
            return Err(CliError::new(Exit::Refused, key.to_string(), message)
                .hint(format!("its rule names {}; change the rule, or move the file", listed.join(", "))));
        }
    }
    Ok(())
}

/// Whether a key is one of `listed`; aliases are resolved only where names alone do not tell.
fn is_among(key: &KeyReference, listed: &[KeyReference], kms: &Kms) -> Result<bool, CliError> {
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
        if same_key(&resolved, &KeyReference::Kms(kms.resolved(other)?)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The error for an encryption that nothing names a key for.
pub(crate) fn no_key() -> CliError {
    CliError::usage("encrypt", "no key is named, neither by --key nor by a configuration").hint(
        "choose one: --key local:NAME, a key in a file of yours, made if missing; \
         --key alias/NAME or an ARN, a key in AWS KMS; \
         or a rule in sealctl.toml, for everybody who works on these files",
    )
}
