//! Credentials that say, when they fail, whose login is at fault and how to renew it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, Result, SharedCredentialsProvider, future};

use crate::fault::login::{self, Login};
use crate::profile::Profile;

/// The SDK's chain (environment, profile, web identity, container, instance), whose errors are
/// explained while the profile is still known.
#[derive(Debug)]
pub(crate) struct ExplainedCredentials {
    chain: SharedCredentialsProvider,
    login: Login,
    expiry: Expiry,
}

/// When the credentials found last expire. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expiry(Arc<Mutex<Option<SystemTime>>>);

impl Expiry {
    /// Absent while none have been found, and for those that never expire.
    pub(crate) fn known(&self) -> Option<SystemTime> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn found(&self, expiry: Option<SystemTime>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = expiry;
    }
}

impl ExplainedCredentials {
    pub(crate) fn new(chain: SharedCredentialsProvider, profile: &Profile, expiry: Expiry) -> Self {
        let login = Login {
            profile: Some(profile.name().to_owned()),
            sso_profile: profile.sso_profile().map(str::to_owned),
            runs_process: profile.runs_process(),
        };
        Self { chain, login, expiry }
    }

    async fn load(&self) -> Result {
        let found = self.chain.provide_credentials().await;
        if let Ok(credentials) = &found {
            self.expiry.found(credentials.expiry());
        }
        found.map_err(|error| CredentialsError::provider_error(login::explain(&error, &self.login)))
    }
}

impl ProvideCredentials for ExplainedCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.load())
    }

    fn fallback_on_interrupt(&self) -> Option<Credentials> {
        self.chain.fallback_on_interrupt()
    }
}
