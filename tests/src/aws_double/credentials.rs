//! Credentials: those that the endpoint issued, with their principals and lifetimes, and whose have expired.

use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use serde::Deserialize;

use super::denials::tester;
use super::error::ServiceError;
use super::question::Signature;
use super::wire;
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
    issued: Mutex<HashMap<String, Session>>,
}

/// What the endpoint remembers of credentials that it issued.
struct Session {
    token: String,
    principal: String,
    until: SystemTime,
}

/// Credentials of a session.
pub(super) struct Issued {
    pub(super) access_key_id: String,
    pub(super) secret_access_key: String,
    pub(super) token: String,
    pub(super) expiration: String,
}

impl Credentials {
    pub(super) fn set_expired(&self, expired: Expired) {
        *lock(&self.expired) = expired;
    }

    /// Credentials of `principal` for `lifetime`.
    pub(super) fn issue(&self, principal: &str, lifetime: Duration) -> Issued {
        let random = || wire::uuid().replace('-', "").to_uppercase();
        let access_key_id = format!("ASIA{}", &random()[..16]);
        let token = format!("{}{}", random(), random());
        let until = SystemTime::now() + lifetime;
        let session = Session { token: token.clone(), principal: principal.to_owned(), until };
        lock(&self.issued).insert(access_key_id.clone(), session);
        let expiration = humantime::format_rfc3339_seconds(until).to_string();
        Issued { access_key_id, secret_access_key: random(), token, expiration }
    }

    /// The ARN of the principal behind an access key.
    pub(super) fn principal(&self, access_key_id: Option<&str>) -> String {
        let issued = lock(&self.issued);
        let session = access_key_id.and_then(|id| issued.get(id));
        session.map_or_else(tester, |session| session.principal.clone())
    }

    /// Refuses a request that is signed with expired credentials, or with a token that is not theirs.
    pub(super) fn check(&self, signature: &Signature) -> Result<(), ServiceError> {
        let id = &signature.access_key_id;
        let expired = match &*lock(&self.expired) {
            Expired::Nobody => false,
            Expired::AccessKeys(ids) => ids.contains(id),
            Expired::Everybody => true,
        };
        let issued = lock(&self.issued);
        match issued.get(id) {
            Some(session) if signature.session_token.as_ref() != Some(&session.token) => {
                let message = "The security token included in the request is invalid.";
                Err(ServiceError::new(400, "UnrecognizedClientException", message))
            }
            Some(session) if session.until <= SystemTime::now() => Err(ServiceError::expired_token()),
            _ if expired => Err(ServiceError::expired_token()),
            _ => Ok(()),
        }
    }
}
