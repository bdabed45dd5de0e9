//! Credentials that say, when they fail, whose login is at fault and how to renew it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use aws_config::SdkConfig;
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::{CredentialsError, TokenError};
use aws_credential_types::provider::token::ProvideToken;
use aws_credential_types::provider::{ProvideCredentials, Result, SharedCredentialsProvider, future};

use crate::fault::login;
use crate::pod_identity;

pub(crate) use crate::fault::login::Login;
use crate::fault::login::LoginFailure;

/// Where credentials come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CredentialsSource {
    /// The SDK's chain: environment, profile, web identity, container, instance.
    #[default]
    Chain,
    /// The token file of IAM roles for service accounts alone (`AWS_WEB_IDENTITY_TOKEN_FILE`, `AWS_ROLE_ARN`).
    WebIdentity,
    /// The container's endpoint alone: EKS Pod Identity, or the ECS agent.
    Container {
        /// The address that the EKS Pod Identity agent is asked at, instead of the one that
        /// `AWS_CONTAINER_CREDENTIALS_FULL_URI` names.
        agent: Option<PodIdentityAddress>,
    },
}

/// An address of the EKS Pod Identity agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodIdentityAddress {
    /// 169.254.170.23
    Ipv4,
    /// fd00:ec2::23
    Ipv6,
}

/// The provider of `source`, configured as `found`, which has none. `profile` is the chain's, if it is not the default.
///
/// The chain that a configuration makes for itself would ask the instance metadata service for a Region where `found`
/// has none; this one goes without.
pub(crate) async fn provider(
    source: CredentialsSource,
    found: &SdkConfig,
    profile: Option<&str>,
) -> SharedCredentialsProvider {
    let mut config = ProviderConfig::without_region()
        .with_region(found.region().cloned())
        .with_use_fips(found.use_fips())
        .with_use_dual_stack(found.use_dual_stack());
    if let Some(retries) = found.retry_config() {
        config = config.with_retry_config(retries.clone());
    }
    if let Some(timeouts) = found.timeout_config() {
        config = config.with_timeout_config(timeouts.clone());
    }
    if let Some(sleep) = found.sleep_impl() {
        config = config.with_sleep_impl(sleep);
    }
    if let Some(client) = found.http_client() {
        config = config.with_http_client(client);
    }
    match source {
        CredentialsSource::Chain => {
            let mut chain = DefaultCredentialsChain::builder().configure(config).region(found.region().cloned());
            if let Some(profile) = profile {
                chain = chain.profile_name(profile);
            }
            SharedCredentialsProvider::new(chain.build().await)
        }
        CredentialsSource::WebIdentity => {
            let provider = WebIdentityTokenCredentialsProvider::builder().configure(&config).build();
            SharedCredentialsProvider::new(provider)
        }
        CredentialsSource::Container { agent } => {
            if let (Some(agent), Some(client)) = (agent, found.http_client()) {
                config = config.with_http_client(pod_identity::AgentClient::new(agent, client));
            }
            SharedCredentialsProvider::new(EcsCredentialsProvider::builder().configure(&config).build())
        }
    }
}

/// In place of the chain of bearer tokens, which no service that is called here takes, and which would ask for a Region
/// as the chain of credentials does.
#[derive(Debug)]
pub(crate) struct NoTokens;

impl ProvideToken for NoTokens {
    fn provide_token<'a>(&'a self) -> future::ProvideToken<'a>
    where
        Self: 'a,
    {
        future::ProvideToken::ready(Err(TokenError::not_loaded("bearer tokens are not used")))
    }
}

/// The SDK's chain (environment, profile, web identity, container, instance), whose errors are
/// explained while the profile is still known.
#[derive(Debug)]
pub(crate) struct ExplainedCredentials {
    chain: SharedCredentialsProvider,
    login: Login,
    expiry: Expiry,
    refused: Mutex<Option<(Instant, LoginFailure)>>,
}

/// How long a refusal holds for calls that are under way together: forty secrets are one AssumeRole, and one line in
/// CloudTrail, also where it is denied.
const REFUSED: Duration = Duration::from_secs(1);

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
    pub(crate) fn new(chain: SharedCredentialsProvider, login: Login, expiry: Expiry) -> Self {
        Self { chain, login, expiry, refused: Mutex::default() }
    }

    async fn load(&self) -> Result {
        if let Some(failure) = self.refused() {
            return Err(CredentialsError::provider_error(failure));
        }
        let found = self.chain.provide_credentials().await;
        if let Ok(credentials) = &found {
            if !can_be_sent(credentials) {
                return Err(CredentialsError::provider_error(login::unsendable()));
            }
            self.expiry.found(credentials.expiry());
        }
        found.map_err(|error| {
            let failure = login::explain(&error, &self.login);
            if failure.is_an_answer() {
                *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), failure.clone()));
            }
            CredentialsError::provider_error(failure)
        })
    }

    /// The refusal that a call just had.
    fn refused(&self) -> Option<LoginFailure> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.as_ref().filter(|(at, _)| at.elapsed() < REFUSED).map(|(_, failure)| failure.clone())
    }
}

/// Whether they fit into headers. The SDK panics over those that do not: a line break at the end of a variable is enough.
fn can_be_sent(credentials: &Credentials) -> bool {
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    is_plain(credentials.access_key_id()) && credentials.session_token().is_none_or(is_plain)
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
