//! Which Region is asked where no key's ARN says so.

use std::time::Duration;

use aws_config::imds;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::arn::is_region;
use crate::environment::Environment;
use crate::error::ConfigError;
use crate::profile::Profile;

/// The Region by flag, then `AWS_REGION`, then `AWS_DEFAULT_REGION`, then the profile.
///
/// The instance metadata service is not asked, though the SDK's own chain ends there: where it does
/// not exist, as on Fargate, that costs a second and ends in no Region either. A program that runs on
/// instances asks for [`of_instance`].
pub(crate) fn resolve(
    flag: Option<&str>,
    environment: &Environment,
    profile: &Profile,
) -> Result<Option<String>, ConfigError> {
    let found = flag
        .map(|region| ("--region", region))
        .or_else(|| environment.first(&["AWS_REGION", "AWS_DEFAULT_REGION"]))
        .or_else(|| Some(("the profile's region", profile.get("region")?)));
    found.map(|(origin, region)| check(origin, region)).transpose()
}

/// The Region that this instance is in, by one attempt of a second at most: the service is on this
/// machine, or it is not there.
pub(crate) async fn of_instance(client: SharedHttpClient) -> Result<Option<String>, ConfigError> {
    const PATIENCE: Duration = Duration::from_secs(1);
    let provider = ProviderConfig::without_region().with_http_client(client).with_sleep_impl(TokioSleep::new());
    let metadata = imds::Client::builder()
        .configure(&provider)
        .max_attempts(1)
        .connect_timeout(PATIENCE)
        .read_timeout(PATIENCE)
        .operation_timeout(PATIENCE)
        .build();
    let found = ImdsRegionProvider::builder().configure(&provider).imds_client(metadata).build().region().await;
    found.map(|region| check("the instance metadata service", region.as_ref())).transpose()
}

/// A Region's name that may become part of a host name.
pub(crate) fn check(origin: &'static str, region: &str) -> Result<String, ConfigError> {
    if !is_region(region) {
        return Err(ConfigError::Region { origin, value: region.to_owned() });
    }
    Ok(region.to_owned())
}
