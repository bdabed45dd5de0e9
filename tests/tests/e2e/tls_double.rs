//! The double over HTTPS, as the real AWS SDK sees it.

use aws_sdk_kms::Client;
use aws_sdk_kms::error::SdkError;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use sealkit_rig::{AwsDouble, TlsFault};

use crate::ours::client;

/// A client that trusts `ca_pem` and nothing else.
fn trusting(aws: &AwsDouble, ca_pem: &str) -> Client {
    let store = TrustStore::empty().with_pem_certificate(ca_pem);
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .tls_context(TlsContext::builder().with_trust_store(store).build().unwrap())
        .build_https();
    let plain = client(aws.url(), "us-east-1");
    Client::from_conf(plain.config().to_builder().http_client(http).build())
}

#[tokio::test]
async fn its_own_authority_is_trusted_and_no_other() {
    let aws = AwsDouble::start_tls();
    let key = aws.kms().create_key("us-east-1");
    let describe = trusting(&aws, aws.ca_pem().unwrap()).describe_key().key_id(&key).send().await;
    assert_eq!(describe.unwrap().key_metadata().unwrap().arn(), Some(key.as_str()));
    let stranger = AwsDouble::start_tls();
    let refused = trusting(&aws, stranger.ca_pem().unwrap()).describe_key().key_id(&key).send().await;
    assert!(matches!(refused, Err(SdkError::DispatchFailure(_))), "{refused:?}");
}

#[tokio::test]
async fn each_tls_fault_fails_the_connection() {
    let aws = AwsDouble::start_tls();
    let key = aws.kms().create_key("us-east-1");
    let faults = [TlsFault::UnknownIssuer, TlsFault::WrongName, TlsFault::Expired, TlsFault::Garbage, TlsFault::Close];
    for fault in faults {
        aws.set_tls_fault(Some(fault));
        let refused = trusting(&aws, aws.ca_pem().unwrap()).describe_key().key_id(&key).send().await;
        assert!(matches!(refused, Err(SdkError::DispatchFailure(_))), "{fault:?}: {refused:?}");
    }
    assert_eq!(aws.calls().total(), 0);
    aws.set_tls_fault(None);
    trusting(&aws, aws.ca_pem().unwrap()).describe_key().key_id(&key).send().await.unwrap();
}

#[tokio::test]
async fn handshakes_show_what_was_offered() {
    let aws = AwsDouble::start_tls();
    let key = aws.kms().create_key("us-east-1");
    trusting(&aws, aws.ca_pem().unwrap()).describe_key().key_id(&key).send().await.unwrap();
    let handshakes = aws.handshakes();
    let [handshake] = handshakes.as_slice() else { panic!("{handshakes:?}") };
    assert!(!handshake.named_groups.is_empty() && !handshake.cipher_suites.is_empty(), "{handshake:?}");
}
