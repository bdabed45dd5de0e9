//! Whose credentials have expired, as a test sets it.

use std::collections::BTreeSet;
use std::sync::Mutex;

use serde::Deserialize;

use super::error::ServiceError;
use super::world::lock;

/// The credentials that no longer count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Expired {
    /// None.
    #[default]
    Nobody,
    /// Those with these access key ids.
    AccessKeys(BTreeSet<String>),
    /// All.
    Everybody,
}

#[derive(Default)]
pub(super) struct Credentials {
    expired: Mutex<Expired>,
}

impl Credentials {
    pub(super) fn set_expired(&self, expired: Expired) {
        *lock(&self.expired) = expired;
    }

    /// Refuses a request that is signed with expired credentials.
    pub(super) fn check(&self, access_key_id: &str) -> Result<(), ServiceError> {
        let expired = match &*lock(&self.expired) {
            Expired::Nobody => false,
            Expired::AccessKeys(ids) => ids.contains(access_key_id),
            Expired::Everybody => true,
        };
        if expired { Err(ServiceError::expired_token()) } else { Ok(()) }
    }
}
