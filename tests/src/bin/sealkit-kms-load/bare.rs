//! The bare SDK: what a call costs without any plugin.

use std::time::Duration;

use aws_sdk_kms::Client;
use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::config::timeout::TimeoutConfig;
use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region};
use sealkit_rig::kms_client::APISERVER_TIMEOUT;

/// A client with the SDK's own defaults and the deadline that kube-apiserver gives a plugin.
pub(crate) fn client(url: &str, key: &str) -> Client {
    with_deadline(url, key, APISERVER_TIMEOUT)
}

/// A client to prepare something with: it may take its time.
pub(crate) fn patient_client(url: &str, key: &str) -> Client {
    with_deadline(url, key, Duration::from_secs(60))
}

fn with_deadline(url: &str, key: &str, deadline: Duration) -> Client {
    let region = key.split(':').nth(3).unwrap_or("us-east-1").to_owned();
    let config = aws_sdk_kms::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region))
        .endpoint_url(url)
        .credentials_provider(Credentials::new(
            "AKIAIOSFODNN7EXAMPLE",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            None,
            None,
            "the load generator",
        ))
        .retry_config(RetryConfig::standard())
        .timeout_config(TimeoutConfig::builder().operation_timeout(deadline).build())
        .build();
    Client::from_conf(config)
}
