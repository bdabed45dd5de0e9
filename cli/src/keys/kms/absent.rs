//! A build without AWS: it knows KMS keys by name, and how to come to a build that can use them.

use std::sync::Arc;

use sealkit_envelope::keyring::Keyring;
use sealkit_host::exit::Exit;

use crate::config::user::AwsSettings;
use crate::error::CliError;
use crate::keys::Intent;
use crate::keys::audit::Trail;
use crate::keys::reference::{KeyReference, KmsReference};
use crate::keys::runtime::Runtime;

/// No KMS.
#[derive(Debug)]
pub(crate) struct Kms;

impl Kms {
    pub(crate) fn new(_intent: &Intent, _settings: &AwsSettings, _runtime: Arc<Runtime>, _trail: Arc<Trail>) -> Self {
        Self
    }

    /// # Errors
    ///
    /// Always.
    pub(crate) fn strict(
        &self,
        keys: &[KmsReference],
        _failover_regions: &[String],
        _encrypt_failover: bool,
    ) -> Result<Arc<dyn Keyring>, CliError> {
        Err(unavailable(keys.first().map_or("AWS KMS", KmsReference::as_str)))
    }

    /// # Errors
    ///
    /// Always.
    pub(crate) fn discovery(
        &self,
        _input: &str,
        _accounts: &[String],
        arns: &[&str],
        _regions: &[String],
    ) -> Result<Arc<dyn Keyring>, CliError> {
        Err(unavailable(arns.first().copied().unwrap_or("AWS KMS")))
    }

    /// # Errors
    ///
    /// Always.
    pub(crate) fn resolved(&self, key: &KmsReference) -> Result<KmsReference, CliError> {
        Err(unavailable(key.as_str()))
    }

    /// # Errors
    ///
    /// Always.
    pub(crate) fn check_permitted(&self, key: &KmsReference) -> Result<(), CliError> {
        Err(unavailable(key.as_str()))
    }
}

/// Whether both mean the same key, as far as their names tell.
pub(crate) fn same_key(left: &KeyReference, right: &KeyReference) -> bool {
    left == right
}

/// Whether the text is the ARN of a key, as far as its form tells.
pub(crate) fn is_key_arn(text: &str) -> bool {
    text.starts_with("arn:") && text.contains(":key/")
}

/// The one error about a KMS key.
pub(crate) fn unavailable(key: &str) -> CliError {
    CliError::new(
        Exit::Usage,
        sealkit_host::text::Escaped::new(key).to_string(),
        "this sealctl was built without AWS KMS",
    )
    .hint("reinstall it with AWS KMS, in the source directory: cargo install --locked --path cli --force")
}
