//! Wraps data keys by AWS KMS.
//!
//! | | encrypts | decrypts |
//! |---|---|---|
//! | [`strict`](AwsKmsKeyring::strict) | under every key given: the first generates the data key | what those keys, or related replicas of multi-Region keys, wrapped |
//! | [`discovery`](AwsKmsKeyring::discovery) | never | what any key of the accounts allowed wrapped, in the Region that the message names |
//! | [`mrk_discovery`](AwsKmsKeyring::mrk_discovery) | never | as above, multi-Region keys in the Regions given |
//!
//! On encrypt everything is fatal. On decrypt an encrypted data key that fails is noted and the next one is tried; only
//! a key ARN that is none is fatal, before any call. KMS is always told which key to use, and its answer is held to
//! that: key ARN and length.
//!
//! Clients are handed in ready, one a Region; `sealkit-aws` makes them. What the SDK itself copies of a data key, in
//! its buffers, it frees without wiping: a process that minds uses an allocator that zeroes what is freed.
//!
//! Source: AWS Encryption SDK specification, `framework/aws-kms/`.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sealkit_aws::FaultClass;

use self::call::Caller;
use self::discovery::Discovery;
use self::strict::Strict;
use super::{Keyring, KeyringError};
use crate::materials::{DecryptionMaterials, EncryptionMaterials};
use crate::message::EncryptedDataKey;

mod call;
mod clients;
mod discovery;
mod error;
mod filter;
mod key;
mod provider_info;
mod resolve;
mod strict;

pub use clients::KmsClients;
pub use error::{KmsConfigError, KmsRuleError};
pub use filter::DiscoveryFilter;
pub use key::KmsKey;
pub use resolve::resolve_alias;

/// The most bytes of a data key wrapped by KMS (`CiphertextBlob`); at least one.
const MAX_CIPHERTEXT_LEN: usize = 6144;

/// Bytes of the data key of every suite that is written or read.
const DATA_KEY_LEN: i32 = 32;

/// Is told of every call to KMS as it ends, to count it and to write an audit line.
pub type Observer = Arc<dyn Fn(&KmsCall) + Send + Sync>;

/// One call to KMS, answered or not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KmsCall {
    /// The IAM action: `kms:GenerateDataKey`, `kms:Encrypt`, `kms:Decrypt` or `kms:DescribeKey`; where the credentials
    /// for it were refused, the action that was asked for instead, such as `sts:AssumeRole`.
    pub operation: &'static str,
    /// The key, as the request named it.
    pub key: String,
    /// The Region asked.
    pub region: String,
    /// The id under which KMS logged the request, if it answered.
    pub request_id: Option<String>,
    /// The wrapped data key that a successful call made or unwrapped, which joins the call to the messages of this
    /// data key. Otherwise empty.
    pub ciphertext: Vec<u8>,
    /// Whether KMS did as asked; otherwise what kind of failure it was.
    pub outcome: Result<(), FaultClass>,
    /// The service's error code, where it answered with one.
    pub code: Option<String>,
}

/// A keyring over AWS KMS.
///
/// ```no_run
/// use sealkit_envelope::keyring::kms::{AwsKmsKeyring, KmsClients, KmsKey};
///
/// # fn f(ireland: aws_sdk_kms::Client, virginia: aws_sdk_kms::Client) -> Result<(), Box<dyn std::error::Error>> {
/// let clients = KmsClients::new().with("eu-west-1", ireland)?.with("us-east-1", virginia)?;
/// let key = KmsKey::new("arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab".parse()?)
///     .with_failover_regions(["us-east-1"])?;
/// let keyring = AwsKmsKeyring::strict(clients, vec![key])?;
/// # Ok(())
/// # }
/// ```
pub struct AwsKmsKeyring {
    caller: Caller,
    mode: Mode,
}

enum Mode {
    Strict(Strict),
    Discovery(Discovery),
}

impl AwsKmsKeyring {
    /// A keyring of exactly these keys: the first generates data keys, the others wrap them as well.
    ///
    /// Identifiers other than key ARNs can encrypt; to decrypt, resolve them first ([`resolve_alias`]).
    ///
    /// # Errors
    ///
    /// If there is no key, if two are the same or replicas of one multi-Region key, or if a Region that a key needs
    /// has no client.
    pub fn strict(clients: KmsClients, keys: Vec<KmsKey>) -> Result<Self, KmsConfigError> {
        let strict = Strict::new(&clients, keys)?;
        Ok(Self { caller: Caller::new(clients), mode: Mode::Strict(strict) })
    }

    /// A keyring that decrypts under whatever key of the accounts in `filter` a message names. A message of a Region
    /// without client cannot be decrypted.
    #[must_use]
    pub fn discovery(clients: KmsClients, filter: DiscoveryFilter) -> Self {
        Self { caller: Caller::new(clients), mode: Mode::Discovery(Discovery::of_any_region(filter)) }
    }

    /// As [`discovery`](Self::discovery), but multi-Region keys are asked for in `regions`, in this order, whichever
    /// Region the message names. Keys of a single Region are asked for only if theirs is among them.
    ///
    /// # Errors
    ///
    /// If `regions` is empty, or one of them has no client.
    pub fn mrk_discovery(
        clients: KmsClients,
        regions: Vec<String>,
        filter: DiscoveryFilter,
    ) -> Result<Self, KmsConfigError> {
        let discovery = Discovery::of_replicas(&clients, regions, filter)?;
        Ok(Self { caller: Caller::new(clients), mode: Mode::Discovery(discovery) })
    }

    /// Sends these grant tokens with every call.
    #[must_use]
    pub fn with_grant_tokens(mut self, grant_tokens: Vec<String>) -> Self {
        self.caller.grant_tokens = grant_tokens;
        self
    }

    /// Tells `observer` of every call.
    #[must_use]
    pub fn with_observer(mut self, observer: Observer) -> Self {
        self.caller.observer = Some(observer);
        self
    }
}

impl Keyring for AwsKmsKeyring {
    fn on_encrypt(&self, materials: EncryptionMaterials) -> BoxFuture<'_, Result<EncryptionMaterials, KeyringError>> {
        match &self.mode {
            Mode::Strict(strict) => strict.encrypt(&self.caller, materials).boxed(),
            Mode::Discovery(_) => async { Err(KmsRuleError::DiscoveryEncrypts.into()) }.boxed(),
        }
    }

    fn on_decrypt<'a>(
        &'a self,
        materials: DecryptionMaterials,
        encrypted_data_keys: &'a [EncryptedDataKey],
    ) -> BoxFuture<'a, Result<DecryptionMaterials, KeyringError>> {
        async move {
            if materials.data_key.is_some() {
                return Err(KeyringError::DataKeyPresent);
            }
            // All of them are looked at before any call: one that breaks the rules is fatal for this keyring.
            let candidates = provider_info::candidates(encrypted_data_keys)?;
            let mut errors = Vec::new();
            let unwrapped = match &self.mode {
                Mode::Strict(strict) => {
                    strict.decrypt(&self.caller, &materials.context, &candidates, &mut errors).await
                }
                Mode::Discovery(discovery) => {
                    discovery.decrypt(&self.caller, &materials.context, &candidates, &mut errors).await
                }
            };
            match unwrapped {
                Some((data_key, index)) => Ok(materials.with_data_key(data_key, index)),
                None => Err(KeyringError::not_unwrapped(errors, encrypted_data_keys)),
            }
        }
        .boxed()
    }
}
