//! Credentials that say, when they fail, whose login is at fault and how to renew it.

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
}

impl ExplainedCredentials {
    pub(crate) fn new(chain: SharedCredentialsProvider, profile: &Profile) -> Self {
        let login = Login {
            profile: Some(profile.name().to_owned()),
            sso_profile: profile.sso_profile().map(str::to_owned),
            runs_process: profile.runs_process(),
        };
        Self { chain, login }
    }

    async fn load(&self) -> Result {
        self.chain
            .provide_credentials()
            .await
            .map_err(|error| CredentialsError::provider_error(login::explain(&error, &self.login)))
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
