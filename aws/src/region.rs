//! Which Region is asked where no key's ARN says so.

use crate::arn::is_region;
use crate::environment::Environment;
use crate::error::ConfigError;
use crate::profile::Profile;

/// The Region by flag, then `AWS_REGION`, then `AWS_DEFAULT_REGION`, then the profile.
///
/// The instance metadata service is not asked, though the SDK's own chain ends there: where it does
/// not exist, as on Fargate, that costs seconds and ends in no Region either.
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

/// A Region's name that may become part of a host name.
pub(crate) fn check(origin: &'static str, region: &str) -> Result<String, ConfigError> {
    if !is_region(region) {
        return Err(ConfigError::Region { origin, value: region.to_owned() });
    }
    Ok(region.to_owned())
}
