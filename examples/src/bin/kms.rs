//! Encrypts a batch under an AWS KMS key, with one call to KMS each way.
//!
//! ```text
//! cargo run -p sealkit-examples --bin kms -- arn:aws:kms:eu-west-1:111122223333:key/…
//! ```
//!
//! It needs a key, and credentials that may `kms:GenerateDataKey` and `kms:Decrypt` with it. Without an AWS account,
//! start an emulator and set `AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY` (any values); the
//! tests' own is one:
//!
//! ```text
//! cargo run -p sealkit-rig --bin sealkit-aws-double -- --port 4566 --detached --seed-key "$ARN" &
//! ```

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use sealkit_aws::arn::{KeyArn, KeyIdentifier};
use sealkit_aws::{AwsConfig, Options};
use sealkit_envelope::cmm::{CacheLimits, CachingCmm};
use sealkit_envelope::keyring::kms::{AwsKmsKeyring, KmsClients, KmsKey};
use sealkit_envelope::{DecryptPolicy, Decryptor, EncryptionContext, Encryptor};

#[tokio::main]
async fn main() -> ExitCode {
    let Some(key) = std::env::args().nth(1) else {
        eprintln!("needs the ARN of a KMS key; see the top of examples/src/bin/kms.rs for how to have one without AWS");
        return ExitCode::from(2);
    };
    match run(&key).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(key: &str) -> Result<(), Box<dyn Error>> {
    let key: KeyArn = key.parse()?;
    let config = AwsConfig::load(&Options::new("sealkit-example")).await?;
    let client = aws_sdk_kms::Client::new(&config.for_region(key.region()));
    let clients = KmsClients::new().with(key.region(), client)?;

    let calls = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&calls);
    let keyring = AwsKmsKeyring::strict(clients, vec![KmsKey::new(KeyIdentifier::from(key))])?.with_observer(Arc::new(
        move |call| {
            count.fetch_add(1, Ordering::Relaxed);
            println!("{} in {}: request id {:?}", call.operation, call.region, call.request_id);
        },
    ));

    // One data key for the batch: kept for five minutes at most, and only in this process.
    let cmm = Arc::new(CachingCmm::new(Arc::new(keyring), CacheLimits::for_five_minutes()));
    let context = EncryptionContext::try_from_pairs([("purpose", "example")])?;
    let encryptor = Encryptor::new(Arc::clone(&cmm));
    let decryptor = Decryptor::new(cmm, DecryptPolicy::default());
    for n in 0..100_u32 {
        let message = encryptor.encrypt(&n.to_be_bytes(), &context).await?;
        let (plaintext, _) = decryptor.decrypt(&message, &context).await?;
        assert_eq!(plaintext.expose_secret(), n.to_be_bytes());
    }
    println!("100 messages there and back: {} calls to KMS", calls.load(Ordering::Relaxed));
    Ok(())
}
