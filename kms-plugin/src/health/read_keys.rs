//! Read keys, judged by their traffic: they only decrypt what they once encrypted, so no probe can Encrypt under
//! them. Pure: times are readings of the caller's clock.

use std::collections::HashMap;
use std::time::Duration;

use super::leg::REVOKED_AFTER;
use super::reason::Reason;
use sealkit_aws::FaultClass;

/// As for a write key: IAM takes minutes to take over a change everywhere.
const DENIED_AFTER: Duration = Duration::from_secs(5 * 60);

/// What is known of the read keys of one socket.
#[derive(Debug, Default)]
pub struct ReadKeys {
    refused: HashMap<Box<str>, Refused>,
}

/// Refusals of one key without a success between.
#[derive(Clone, Copy, Debug, Default)]
struct Refused {
    revoked: Option<Duration>,
    denied: Option<Duration>,
}

impl ReadKeys {
    /// A Decrypt whose outcome speaks for `key` ended at `at`. Whether the key is revoked by it, so that what was
    /// unwrapped under it must be flushed.
    ///
    /// Only keys that fail are remembered, and the caller names configured keys only, so this is as small as they are.
    pub fn called(&mut self, key: &str, outcome: Result<(), FaultClass>, at: Duration) -> bool {
        let Err(class) = outcome else {
            self.refused.remove(key);
            return false;
        };
        let reason = Reason::from(class);
        if !reason.is_revocation() && reason != Reason::Denied {
            return false;
        }
        let refused = match self.refused.get_mut(key) {
            Some(refused) => refused,
            None => self.refused.entry(key.into()).or_default(),
        };
        let (first, certain_after) = if reason.is_revocation() {
            (&mut refused.revoked, REVOKED_AFTER)
        } else {
            (&mut refused.denied, DENIED_AFTER)
        };
        at.saturating_sub(*first.get_or_insert(at)) >= certain_after
    }
}
