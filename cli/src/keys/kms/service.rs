//! Keys in AWS KMS: one client a Region, made when the first key asks for it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use aws_sdk_kms::Client;
use sealkit_aws::arn::{KeyArn, KeyIdentifier};
use sealkit_aws::{AwsConfig, Options};
use sealkit_envelope::keyring::Keyring;
use sealkit_envelope::keyring::kms::{
    AwsKmsKeyring, DiscoveryFilter, KmsClients, KmsConfigError, KmsKey, Observer, resolve_alias,
};
use sealkit_host::exit::Exit;
use sealkit_host::text::error_chain;

use crate::config::user::{AwsSettings, Permitted};
use crate::error::{self, CliError};
use crate::keys::Intent;
use crate::keys::audit::Trail;
use crate::keys::reference::{KeyReference, KmsReference};
use crate::keys::runtime::Runtime;

/// Everything that a run asks of KMS goes through here.
pub(crate) struct Kms {
    options: Options,
    permitted: Permitted,
    runtime: Arc<Runtime>,
    trail: Arc<Trail>,
    config: OnceLock<Result<AwsConfig, CliError>>,
    clients: Mutex<BTreeMap<String, Client>>,
    resolved: Mutex<HashMap<KmsReference, Result<KeyArn, CliError>>>,
}

impl Kms {
    pub(crate) fn new(intent: &Intent, settings: &AwsSettings, runtime: Arc<Runtime>, trail: Arc<Trail>) -> Self {
        let mut options = Options::new(concat!("sealctl-", env!("CARGO_PKG_VERSION")));
        options.profile = intent.profile.clone().or_else(|| settings.profile.clone());
        options.region = intent.region.clone().or_else(|| settings.region.clone());
        options.use_fips = settings.use_fips;
        options.use_dual_stack = settings.use_dual_stack;
        Self {
            options,
            permitted: settings.permitted.clone(),
            runtime,
            trail,
            config: OnceLock::new(),
            clients: Mutex::default(),
            resolved: Mutex::default(),
        }
    }

    /// The keyring of exactly these keys. Failover Regions belong to the one multi-Region key among them.
    ///
    /// # Errors
    ///
    /// Keys that cannot stand together, an AWS configuration that cannot be used, a key without Region.
    pub(crate) fn strict(
        &self,
        keys: &[KmsReference],
        failover_regions: &[String],
        encrypt_failover: bool,
    ) -> Result<Arc<dyn Keyring>, CliError> {
        let keys = with_failover(keys, failover_regions, encrypt_failover)?;
        let mut clients = self.default_client(keys.iter().map(KmsKey::identifier))?;
        let regions: BTreeSet<_> = keys
            .iter()
            .flat_map(|key| {
                key.identifier().region().into_iter().chain(key.failover_regions().iter().map(String::as_str))
            })
            .collect();
        for region in regions {
            clients = self.with_client(clients, region)?;
        }
        let keyring = AwsKmsKeyring::strict(clients, keys).map_err(|error| config_error(&error))?;
        Ok(Arc::new(keyring.with_observer(self.observer())))
    }

    /// The keyring of whichever keys of these accounts `arns`, from the header of the message `input`, name.
    ///
    /// With Regions, multi-Region keys are asked for in those, in that order.
    ///
    /// # Errors
    ///
    /// No key of these accounts in the header, an account that is none, an AWS configuration that cannot be used.
    pub(crate) fn discovery(
        &self,
        input: &str,
        accounts: &[String],
        arns: &[&str],
        regions: &[String],
    ) -> Result<Arc<dyn Keyring>, CliError> {
        let keys: Vec<KeyArn> = arns.iter().filter_map(|arn| arn.parse().ok()).collect();
        let Some(key) = keys.iter().find(|key| accounts.iter().any(|account| account == key.account())) else {
            let message = format!("none of its keys belongs to --discovery-account {}", accounts.join(", "));
            return Err(
                CliError::new(Exit::Refused, input, message).hint("sealctl inspect shows which keys the message names")
            );
        };
        let filter = DiscoveryFilter::new(key.partition(), accounts).map_err(|error| config_error(&error))?;
        let named: BTreeSet<_> = keys.iter().filter(|key| filter.allows(key)).map(KeyArn::region).collect();
        let mut clients = KmsClients::new();
        for region in regions.iter().map(String::as_str).chain(named) {
            clients = self.with_client(clients, region)?;
        }
        let keyring = if regions.is_empty() {
            AwsKmsKeyring::discovery(clients, filter)
        } else {
            AwsKmsKeyring::mrk_discovery(clients, regions.to_vec(), filter).map_err(|error| config_error(&error))?
        };
        Ok(Arc::new(keyring.with_observer(self.observer())))
    }

    /// The key's ARN, as messages name it; aliases and bare ids are asked for once.
    ///
    /// # Errors
    ///
    /// When KMS does not say, or the key is not permitted.
    pub(crate) fn resolved(&self, key: &KmsReference) -> Result<KmsReference, CliError> {
        if key.key_arn().is_some() {
            return Ok(key.clone());
        }
        let mut resolved = self.resolved.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = resolved.get(key) {
            return known.clone().map(KeyIdentifier::KeyArn);
        }
        let found = self.describe(key);
        resolved.insert(key.clone(), found.clone());
        found.map(KeyIdentifier::KeyArn)
    }

    fn describe(&self, key: &KmsReference) -> Result<KeyArn, CliError> {
        // Before any call: to ask about an alias is to show oneself to its owner.
        if let KeyIdentifier::AliasArn(alias) = key
            && !self.permits_account(alias.account())
        {
            return Err(not_permitted(key, "allowed_accounts"));
        }
        let mut clients = self.default_client(std::iter::once(key))?;
        if let Some(region) = key.region() {
            clients = self.with_client(clients, region)?;
        }
        let observer = self.observer();
        self.runtime
            .block_on(resolve_alias(&clients, key, Some(&observer)))
            .map_err(|error| error::keyring(key.as_str(), &error))
    }

    /// Checks a key against what the user's own configuration permits at all.
    ///
    /// # Errors
    ///
    /// A key that is not permitted, or that has to be resolved for the check and cannot be.
    pub(crate) fn check_permitted(&self, key: &KmsReference) -> Result<(), CliError> {
        if self.permitted.is_everything() {
            return Ok(());
        }
        let resolved = self.resolved(key)?;
        let Some(arn) = resolved.key_arn() else { return Ok(()) };
        let is_listed = self.permitted.keys.is_empty()
            || self.permitted.keys.iter().any(|it| it.parse().is_ok_and(|it: KeyArn| it.mrk_matches(arn)));
        match (self.permits_account(arn.account()), is_listed) {
            (true, true) => Ok(()),
            (false, _) => Err(not_permitted(key, "allowed_accounts")),
            (true, false) => Err(not_permitted(key, "allowed_keys")),
        }
    }

    fn permits_account(&self, account: &str) -> bool {
        self.permitted.accounts.is_empty() || self.permitted.accounts.iter().any(|it| it == account)
    }

    /// Clients that serve names without Region, if there are any such.
    fn default_client<'a>(
        &self,
        mut keys: impl Iterator<Item = &'a KeyIdentifier> + Clone,
    ) -> Result<KmsClients, CliError> {
        let first_region = keys.clone().find_map(KeyIdentifier::region);
        let config = self.config(first_region)?;
        let Some(bare) = keys.find(|key| key.region().is_none()) else { return Ok(KmsClients::new()) };
        let region = config.default_region().ok_or_else(|| {
            CliError::new(Exit::Usage, bare.to_string(), "no Region is configured, and the name of the key has none")
                .hint("add --region REGION, or name the key by its ARN")
        })?;
        self.with_client(KmsClients::new(), region)
    }

    fn with_client(&self, clients: KmsClients, region: &str) -> Result<KmsClients, CliError> {
        let config = self.config(Some(region))?;
        let client = {
            let mut known = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
            known.entry(region.to_owned()).or_insert_with(|| Client::new(&config.for_region(region))).clone()
        };
        clients.with(region, client).map_err(|error| config_error(&error))
    }

    /// The AWS configuration, found at the first key; it makes no call.
    fn config(&self, fallback_region: Option<&str>) -> Result<&AwsConfig, CliError> {
        let found = self.config.get_or_init(|| {
            self.runtime.start();
            let options = Options { fallback_region: fallback_region.map(str::to_owned), ..self.options.clone() };
            self.runtime.block_on(AwsConfig::load(&options)).map_err(|error| {
                CliError::new(Exit::Config, "AWS configuration", error_chain(&error))
                    .hint("correct it where it stands; docs/aws.md says in which order the places count")
            })
        });
        found.as_ref().map_err(Clone::clone)
    }

    fn observer(&self) -> Observer {
        let trail = Arc::clone(&self.trail);
        Arc::new(move |call| trail.call(call))
    }
}

impl fmt::Debug for Kms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kms").field("options", &self.options).finish_non_exhaustive()
    }
}

/// Whether both mean the same key, as far as their names tell.
pub(crate) fn same_key(left: &KeyReference, right: &KeyReference) -> bool {
    match (left, right) {
        (KeyReference::Kms(KeyIdentifier::KeyArn(left)), KeyReference::Kms(KeyIdentifier::KeyArn(right))) => {
            left.mrk_matches(right)
        }
        _ => left == right,
    }
}

/// Whether the text is the ARN of a key.
pub(crate) fn is_key_arn(text: &str) -> bool {
    text.parse::<KeyArn>().is_ok()
}

fn not_permitted(key: &KmsReference, field: &str) -> CliError {
    CliError::new(Exit::Refused, key.to_string(), format!("is not among {field} of your own configuration"))
        .hint("add it there, if it is yours to use: sealctl config shows the file")
}

/// Gives the failover Regions to the one key that can have them.
fn with_failover(keys: &[KmsReference], regions: &[String], encrypt_failover: bool) -> Result<Vec<KmsKey>, CliError> {
    if regions.is_empty() {
        return Ok(keys.iter().cloned().map(KmsKey::new).collect());
    }
    let is_candidate = |key: &&KmsReference| key.key_arn().is_some_and(KeyArn::is_multi_region);
    let mut candidates = keys.iter().filter(is_candidate);
    let (Some(chosen), None) = (candidates.next(), candidates.next()) else {
        let count = if keys.iter().any(|key| is_candidate(&key)) { "several" } else { "none" };
        let message = format!("failover Regions belong to one multi-Region key, given by its ARN; there are {count}");
        return Err(CliError::usage("--failover-region", message)
            .hint("name one key as arn:aws:kms:REGION:ACCOUNT:key/mrk-…, and the other Regions of its replicas"));
    };
    keys.iter()
        .map(|key| {
            let with = KmsKey::new(key.clone());
            if key != chosen {
                return Ok(with);
            }
            let with = with.with_failover_regions(regions).map_err(|error| config_error(&error))?;
            Ok(with.with_encrypt_failover(encrypt_failover))
        })
        .collect()
}

fn config_error(error: &KmsConfigError) -> CliError {
    let usage = CliError::usage("AWS KMS", error.to_string());
    match error {
        KmsConfigError::SameKey { .. } => {
            usage.hint("keep one --key and name the Regions of its replicas by --failover-region")
        }
        _ => usage,
    }
}
