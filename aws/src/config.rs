//! The one way to an [`SdkConfig`].

use std::fmt;
use std::time::{Duration, SystemTime};

use aws_config::sts::AssumeRoleProvider;
use aws_config::{AppName, BehaviorVersion, ConfigLoader, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime::client::retries::{RetryPartition, TokenBucket};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::identity::SharedIdentityCache;
use aws_types::origin::Origin;
use aws_types::region::Region;
use aws_types::sdk_ua_metadata::FrameworkMetadata;

use crate::credentials::{self, CredentialsSource, Expiry, ExplainedCredentials, Login};
use crate::environment::Environment;
use crate::error::ConfigError;
use crate::http::RoutedClient;
use crate::login_files::LoginFiles;
use crate::profile::Profile;
use crate::proxy::Proxies;
use crate::roots::{Roots, RootsOrigin};
use crate::source::{SourceArn, SourceHeaders};
use crate::{region, retry};

/// What a program or its user asks for; what is left out is found in the environment and the
/// profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The profile, instead of `AWS_PROFILE`.
    pub profile: Option<String>,
    /// The Region, instead of `AWS_REGION` and the profile's.
    pub region: Option<String>,
    /// The Region for calls that have none of their own (STS, to assume a role) where neither flag
    /// nor environment nor profile names one: usually that of the first key's ARN.
    pub fallback_region: Option<String>,
    /// FIPS endpoints, instead of `AWS_USE_FIPS_ENDPOINT` and the profile's setting.
    pub use_fips: Option<bool>,
    /// Dual-stack endpoints, instead of `AWS_USE_DUALSTACK_ENDPOINT` and the profile's setting.
    pub use_dual_stack: Option<bool>,
    /// How long one operation may take, with all its attempts and the search for credentials.
    pub deadline: Duration,
    /// How many attempts an operation has inside its deadline, where `AWS_MAX_ATTEMPTS` and the
    /// profile say nothing.
    pub attempts: u32,
    /// The endpoint of all clients, instead of `AWS_ENDPOINT_URL_KMS` and whatever else could name one. Logins keep
    /// theirs.
    pub endpoint: Option<String>,
    /// On whose behalf calls are made; a client sends it by [`AwsConfig::source_headers`].
    pub source_arn: Option<SourceArn>,
    /// The capacity of the bucket that retries take tokens from, instead of the SDK's 500; a client has it by
    /// [`AwsConfig::retry_partition`].
    pub retry_tokens: Option<usize>,
    /// Where credentials come from.
    pub credentials: CredentialsSource,
    /// Whether the instance metadata service is asked for the Region where flag, environment and profile name none.
    /// Where there is no such service that costs a second.
    pub region_of_instance: bool,
    /// What CloudTrail shows as `app/NAME` in the user agent, for example `sealctl-0.1.0`.
    pub app_name: String,
}

impl Options {
    /// The defaults for a program of this name: 30 seconds and five attempts an operation.
    #[must_use]
    pub fn new(app_name: impl Into<String>) -> Self {
        Self {
            profile: None,
            region: None,
            fallback_region: None,
            use_fips: None,
            use_dual_stack: None,
            deadline: Duration::from_secs(30),
            attempts: 5,
            endpoint: None,
            source_arn: None,
            retry_tokens: None,
            credentials: CredentialsSource::Chain,
            region_of_instance: false,
            app_name: app_name.into(),
        }
    }
}

/// The configuration of every SDK client of a process.
///
/// All configurations made from one share connections, credentials and the cache of the latter.
#[derive(Clone)]
pub struct AwsConfig {
    base: SdkConfig,
    default_region: Option<String>,
    profile: String,
    roots: RootsOrigin,
    source: Option<SourceHeaders>,
    retries: Option<RetryPartition>,
    login: Login,
    login_files: LoginFiles,
    login_timeout: Duration,
    expiry: Expiry,
}

impl AwsConfig {
    /// Finds every setting; makes no request (but for [`Options::region_of_instance`]) and starts no credential
    /// process.
    ///
    /// # Errors
    /// A setting that cannot be used, wherever it comes from. Missing credentials are no error
    /// here: the first call ends in a [`Fault`](crate::Fault) that names them.
    pub async fn load(options: &Options) -> Result<Self, ConfigError> {
        Self::load_from(options, &Environment::of_process()).await
    }

    /// The same with a given environment for all that this crate reads itself.
    ///
    /// The SDK's credential providers still read the process' own variables.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub async fn load_from(options: &Options, environment: &Environment) -> Result<Self, ConfigError> {
        let profile = Profile::load(options.profile.as_deref(), environment).await?;
        let endpoint = options.endpoint.as_deref().map(endpoint).transpose()?;
        let mut default_region = region::resolve(options.region.as_deref(), environment, &profile)?;
        let fallback = options.fallback_region.as_deref();
        let fallback = fallback.map(|it| region::check("the key", it)).transpose()?;
        let roots = Roots::load(environment, &profile)?;
        let client = SharedHttpClient::new(RoutedClient::new(&roots, Proxies::load(environment)?));
        if default_region.is_none() && options.region_of_instance {
            default_region = region::of_instance(client.clone()).await?;
        }

        let mut loader: ConfigLoader = aws_config::defaults(BehaviorVersion::latest())
            .app_name(app_name(&options.app_name)?)
            .framework_metadata(library())
            .http_client(client)
            .identity_cache(identities(retry::login_timeout(options.deadline)))
            .region(default_region.clone().or(fallback).map(Region::new))
            .retry_config(retry::retries(options.attempts, environment, &profile)?)
            .timeout_config(retry::timeouts(options.deadline))
            .no_credentials()
            .token_provider(credentials::NoTokens);
        // Naming the default profile would make its absence an error.
        let named = Some(profile.name()).filter(|name| *name != "default");
        if let Some(name) = named {
            loader = loader.profile_name(name);
        }
        if let Some(use_fips) = options.use_fips {
            loader = loader.use_fips(use_fips);
        }
        if let Some(use_dual_stack) = options.use_dual_stack {
            loader = loader.use_dual_stack(use_dual_stack);
        }
        let found = loader.load().await;
        let (mut base, expiry, login) =
            (found.to_builder(), Expiry::default(), Login::of(&profile, options.credentials));
        let provider = credentials::provider(options.credentials, &found, named).await;
        let explained = ExplainedCredentials::new(provider, login.clone(), expiry.clone());
        base = base.credentials_provider(SharedCredentialsProvider::new(explained));
        if let Some(url) = endpoint {
            base = base.endpoint_url(url);
            // Else a variable for one service would outrank it.
            base.insert_origin("endpoint_url", Origin::shared_config());
        }
        Ok(Self {
            base: base.build(),
            default_region,
            profile: profile.name().to_owned(),
            roots: roots.origin(),
            source: options.source_arn.clone().map(SourceHeaders),
            retries: options.retry_tokens.map(retries),
            login,
            login_files: LoginFiles::find(environment, &profile),
            login_timeout: retry::login_timeout(options.deadline),
            expiry,
        })
    }

    /// The same for calls as the role `arn`, which is assumed with the present credentials at the first call. Where no
    /// Region is configured, STS is asked in `region`.
    pub async fn assuming(&self, arn: &str, session_name: &str, region: &str) -> Self {
        let sts = if self.base.region().is_some() { self.base.clone() } else { self.for_region(region) };
        let role = AssumeRoleProvider::builder(arn).session_name(session_name).configure(&sts).build().await;
        let (role, expiry) = (SharedCredentialsProvider::new(role), Expiry::default());
        let explained = ExplainedCredentials::new(role, self.login.clone(), expiry.clone());
        let base = self.base.to_builder().credentials_provider(SharedCredentialsProvider::new(explained)).build();
        Self { base, expiry, ..self.clone() }
    }

    /// The same without the credentials found so far: clients made from it find them anew, for an answer has shown
    /// that the old ones are not taken any more, though their time is not over.
    #[must_use]
    pub fn with_new_credentials(&self) -> Self {
        let base = self.base.to_builder().identity_cache(identities(self.login_timeout)).build();
        Self { base, ..self.clone() }
    }

    /// When the credentials expire that were found last. Absent before the first call, and for those that never do.
    #[must_use]
    pub fn credentials_expiry(&self) -> Option<SystemTime> {
        self.expiry.known()
    }

    /// The Region for keys and names that carry none, where one is configured.
    #[must_use]
    pub fn default_region(&self) -> Option<&str> {
        self.default_region.as_deref()
    }

    /// What credentials are found with after the start.
    #[must_use]
    pub fn login_files(&self) -> &LoginFiles {
        &self.login_files
    }

    /// The name of the profile in use.
    #[must_use]
    pub fn profile(&self) -> &str {
        &self.profile
    }

    /// Where the certificate authorities come from.
    #[must_use]
    pub fn roots(&self) -> RootsOrigin {
        self.roots
    }

    /// What a client intercepts its requests with to say on whose behalf it calls: [`Options::source_arn`].
    #[must_use]
    pub fn source_headers(&self) -> Option<SourceHeaders> {
        self.source.clone()
    }

    /// The bucket of [`Options::retry_tokens`], one for all clients that are given it.
    #[must_use]
    pub fn retry_partition(&self) -> Option<RetryPartition> {
        self.retries.clone()
    }

    /// The configuration for clients that speak to `region`.
    #[must_use]
    pub fn for_region(&self, region: &str) -> SdkConfig {
        let region = Region::new(region.to_owned());
        self.base.to_builder().region(region).build()
    }
}

impl fmt::Debug for AwsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsConfig")
            .field("profile", &self.profile)
            .field("default_region", &self.default_region)
            .field("roots", &self.roots)
            .finish_non_exhaustive()
    }
}

/// The cache of the credentials of all clients that it is given to.
fn identities(load_timeout: Duration) -> SharedIdentityCache {
    IdentityCache::lazy().load_timeout(load_timeout).build()
}

/// A URL that a request can be sent to.
fn endpoint(url: &str) -> Result<String, ConfigError> {
    let parsed: Option<http::Uri> = url.parse().ok();
    let fits = parsed.is_some_and(|it| matches!(it.scheme_str(), Some("http" | "https")) && it.host().is_some());
    if fits { Ok(url.to_owned()) } else { Err(ConfigError::Endpoint(url.to_owned())) }
}

fn retries(tokens: usize) -> RetryPartition {
    RetryPartition::custom("sealkit").token_bucket(TokenBucket::new(tokens)).build()
}

fn app_name(name: &str) -> Result<AppName, ConfigError> {
    AppName::new(name.to_owned()).map_err(|_| ConfigError::AppName(name.to_owned()))
}

/// `lib/sealkit/VERSION`, so that all programs built on this crate can be found as one.
fn library() -> FrameworkMetadata {
    FrameworkMetadata::new("sealkit", Some(env!("CARGO_PKG_VERSION"))).expect("a name and a version are tokens")
}
