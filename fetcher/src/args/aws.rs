//! Flags about how AWS is reached.

use std::time::Duration;

use clap::Args;

use super::value;

/// How AWS is reached, beside what the environment and the profile say.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "AWS")]
pub struct AwsArgs {
    /// The AWS profile [default: AWS_PROFILE, or else the profile "default"]
    #[arg(long, value_name = "PROFILE")]
    pub profile: Option<String>,

    /// What CloudTrail calls the session of an assumed role [default: POD_NAME, or else the host's name]
    #[arg(long, value_name = "NAME", value_parser = value::session_name)]
    pub session_name: Option<String>,

    /// Ask the instance metadata service for the Region where nothing else names one
    ///
    /// Where there is none, as on Fargate, that costs a second.
    #[arg(long)]
    pub imds_region: bool,

    /// FIPS endpoints [default: AWS_USE_FIPS_ENDPOINT, the profile's]
    #[arg(long, value_name = "BOOLEAN", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub use_fips: Option<bool>,

    /// Dual-stack endpoints [default: AWS_USE_DUALSTACK_ENDPOINT, the profile's]
    #[arg(long, value_name = "BOOLEAN", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub use_dual_stack: Option<bool>,

    /// How long all calls together may take, with their retries
    #[arg(long, value_name = "TIME", default_value = "120s", value_parser = value::time)]
    pub deadline: Duration,
}
