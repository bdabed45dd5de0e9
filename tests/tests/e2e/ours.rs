//! Our side of a test: keyrings, clients and plaintexts.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_kms::Client;
use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::config::timeout::TimeoutConfig;
use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region};
use sealkit_envelope::EncryptionContext;
use sealkit_envelope::cmm::DefaultCmm;
use sealkit_envelope::keyring::Keyring;
use sealkit_envelope::keyring::kms::{AwsKmsKeyring, KmsClients, KmsKey};
use sealkit_envelope::keyring::local_key::LocalKey;

/// A KMS client for the endpoint at `url` that tries once, and waits longer than a busy machine takes.
pub(crate) fn client(url: impl Into<String>, region: &str) -> Client {
    let config = aws_sdk_kms::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .endpoint_url(url)
        .credentials_provider(Credentials::for_tests())
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().operation_timeout(Duration::from_secs(20)).build())
        .build();
    Client::from_conf(config)
}

/// The strict keyring of one KMS key at the endpoint `url`.
pub(crate) fn kms_cmm(url: &str, arn: &str) -> DefaultCmm {
    let region = arn.split(':').nth(3).unwrap();
    let clients = KmsClients::new().with(region, client(url, region)).unwrap();
    cmm(AwsKmsKeyring::strict(clients, vec![KmsKey::new(arn.parse().unwrap())]).unwrap())
}

/// The keyring of a key file.
pub(crate) fn local_cmm(key_file: &Path) -> DefaultCmm {
    cmm(LocalKey::parse(&std::fs::read(key_file).unwrap()).unwrap().keyring())
}

fn cmm(keyring: impl Keyring + 'static) -> DefaultCmm {
    DefaultCmm::new(Arc::new(keyring))
}

/// The plaintext of vectors and interoperability tests.
pub(crate) fn plaintext(length: usize) -> Vec<u8> {
    (0..=250).cycle().take(length).collect()
}

/// An encryption context of these pairs.
pub(crate) fn context<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> EncryptionContext {
    EncryptionContext::try_from_pairs(pairs).unwrap()
}
