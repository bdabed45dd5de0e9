//! The AWS KMS keyring against the double: every rule of `framework/aws-kms/` of the specification, fatal or collected.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "kms_keyring/cached.rs"]
mod cached;
#[path = "kms_keyring/decrypt.rs"]
mod decrypt;
#[path = "kms_keyring/discovery.rs"]
mod discovery;
#[path = "kms_keyring/encrypt.rs"]
mod encrypt;
#[path = "kms_keyring/failover.rs"]
mod failover;
#[path = "kms_keyring/setup.rs"]
mod setup;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_kms::Client;
use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::config::timeout::TimeoutConfig;
use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region};
use sealkit_envelope::keyring::kms::{AwsKmsKeyring, KmsCall, KmsClients, KmsKey};
use sealkit_envelope::keyring::{Keyring, KeyringError};
use sealkit_envelope::materials::{DecryptionMaterials, EncryptionMaterials};
use sealkit_envelope::{AlgorithmSuite, DataKey, EncryptedDataKey, EncryptionContext};
use sealkit_rig::{AwsDouble, Operation};

const IRELAND: &str = "eu-west-1";
const VIRGINIA: &str = "us-east-1";
const OREGON: &str = "us-west-2";
const ACCOUNT: &str = "111122223333";
const SUITE: AlgorithmSuite = AlgorithmSuite::Aes256GcmHkdfSha512CommitKey;

/// The double, and clients for its Regions that do not retry.
struct Rig {
    aws: AwsDouble,
    clients: KmsClients,
}

impl Rig {
    fn new() -> Self {
        let aws = AwsDouble::start();
        let mut clients = KmsClients::new();
        for region in [IRELAND, VIRGINIA, OREGON] {
            clients = clients.with(region, client(&aws, region)).unwrap();
        }
        Self { aws, clients }
    }

    fn strict<const N: usize>(&self, keys: [&str; N]) -> AwsKmsKeyring {
        let keys = keys.map(|key| KmsKey::new(key.parse().unwrap()));
        AwsKmsKeyring::strict(self.clients.clone(), keys.into()).unwrap()
    }

    fn calls(&self, operation: Operation) -> u64 {
        self.aws.calls().count(operation)
    }

    /// The `KeyId` of each call so far, in order, as sent.
    fn key_ids(&self) -> Vec<String> {
        self.aws.calls().log().into_iter().filter_map(|call| call.key_id).collect()
    }
}

fn client(aws: &AwsDouble, region: &str) -> Client {
    let config = aws_sdk_kms::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .endpoint_url(aws.url())
        .credentials_provider(Credentials::for_tests())
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().operation_timeout(Duration::from_secs(2)).build())
        .build();
    Client::from_conf(config)
}

fn context() -> EncryptionContext {
    EncryptionContext::try_from_pairs([("app", "demo")]).unwrap()
}

async fn encrypt(keyring: &AwsKmsKeyring) -> Result<EncryptionMaterials, KeyringError> {
    keyring.on_encrypt(EncryptionMaterials::new(SUITE, context())).await
}

async fn decrypt(keyring: &AwsKmsKeyring, wrapped: &[EncryptedDataKey]) -> Result<DecryptionMaterials, KeyringError> {
    keyring.on_decrypt(DecryptionMaterials::new(SUITE, context()), wrapped).await
}

/// A data key wrapped under `key`.
async fn wrapped(rig: &Rig, key: &str) -> EncryptedDataKey {
    encrypt(&rig.strict([key])).await.unwrap().encrypted_data_keys.remove(0)
}

/// What was collected, of an error that must be a collection.
fn collected(result: Result<DecryptionMaterials, KeyringError>) -> Vec<KeyringError> {
    match result.err().unwrap() {
        KeyringError::NoDataKeyUnwrapped { errors, .. } => errors,
        other => panic!("{other}"),
    }
}

fn key_of(materials: &DecryptionMaterials) -> DataKey {
    materials.data_key.as_ref().unwrap().duplicate()
}

/// Remembers what the keyring tells its observer.
#[derive(Clone, Default)]
struct Observed(Arc<Mutex<Vec<KmsCall>>>);

impl Observed {
    fn by(&self, keyring: AwsKmsKeyring) -> AwsKmsKeyring {
        let calls = Arc::clone(&self.0);
        keyring.with_observer(Arc::new(move |call| calls.lock().unwrap().push(call.clone())))
    }

    fn calls(&self) -> Vec<KmsCall> {
        self.0.lock().unwrap().clone()
    }
}
