//! From keys to one keyring and the materials manager in front of it.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use sealkit_envelope::cmm::{CacheLimits, CachingCmm, Cmm, DefaultCmm};
use sealkit_envelope::keyring::Keyring;
use sealkit_envelope::keyring::local_key::LocalKey;
use sealkit_envelope::keyring::multi::MultiKeyring;
use sealkit_host::exit::Exit;

use super::kms::Kms;
use super::reference::KmsReference;
use crate::error::CliError;

/// How many files of a batch share a data key, at most. Each still has a key of its own, derived from it.
const MAX_MESSAGES: NonZeroU64 = NonZeroU64::new(1 << 20).expect("not zero");

/// How many bytes they have together: 1 TiB.
const MAX_BYTES: u64 = 1 << 40;

/// Keys of both kinds, found and ready; the order of those that were named is kept in `local_first`.
pub(crate) struct Parts {
    /// Local keys, in order.
    pub(crate) local: Vec<LocalKey>,
    /// The keyring of all KMS keys, if there are any: one for all, so that it can refuse two replicas of one key.
    pub(crate) kms: Option<Arc<dyn Keyring>>,
    /// Whether the first key named, which generates data keys, is a local one.
    pub(crate) local_first: bool,
}

impl Parts {
    /// One keyring of all, and a manager that keeps data keys that cost a call to KMS.
    ///
    /// A local key costs nothing, so every file gets a data key of its own.
    ///
    /// # Errors
    ///
    /// When there is no key at all.
    pub(crate) fn cmm(self) -> Result<Arc<dyn Cmm>, CliError> {
        let local = self.local.iter().map(|key| Arc::new(key.keyring()) as Arc<dyn Keyring>);
        let remote = self.kms.is_some();
        let mut ordered: Vec<Arc<dyn Keyring>> = if self.local_first {
            local.chain(self.kms).collect()
        } else {
            self.kms.into_iter().chain(local).collect()
        };
        let keyring = match ordered.len() {
            1 => ordered.remove(0),
            _ => {
                let generator = (!ordered.is_empty()).then(|| ordered.remove(0));
                let multi = MultiKeyring::new(generator, ordered)
                    .map_err(|error| CliError::new(Exit::Internal, "keys", error.to_string()))?;
                Arc::new(multi)
            }
        };
        Ok(if remote { kept(keyring) } else { Arc::new(DefaultCmm::new(keyring)) })
    }
}

/// The keyring of KMS keys, if there are any.
///
/// # Errors
///
/// As [`Kms::strict`], and failover Regions without any KMS key.
pub(crate) fn kms_keyring(
    kms: &Kms,
    keys: &[KmsReference],
    failover_regions: &[String],
    encrypt_failover: bool,
) -> Result<Option<Arc<dyn Keyring>>, CliError> {
    if keys.is_empty() {
        if failover_regions.is_empty() {
            return Ok(None);
        }
        return Err(CliError::usage(
            "--failover-region",
            "belongs to a multi-Region key in AWS KMS, and none is named",
        ));
    }
    kms.strict(keys, failover_regions, encrypt_failover).map(Some)
}

/// A manager that asks KMS as rarely as it can.
fn kept(keyring: Arc<dyn Keyring>) -> Arc<dyn Cmm> {
    let caching = Arc::new(CachingCmm::new(keyring, cache_limits()));
    #[cfg(feature = "aws")]
    let caching = Arc::new(super::giving_up::GivingUp::new(caching));
    caching
}

/// A run is short, and a batch is one piece of work: data keys are kept for as long as one lasts, within bounds.
fn cache_limits() -> CacheLimits {
    CacheLimits {
        max_entries: 4096,
        max_age: Duration::from_secs(60 * 60),
        max_uses: NonZeroU64::MAX,
        max_messages: MAX_MESSAGES,
        max_bytes: MAX_BYTES,
    }
}
