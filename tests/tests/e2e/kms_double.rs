//! The double, as the real AWS SDK sees it.

use std::time::Duration;

use aws_sdk_kms::Client;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::operation::RequestId;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use sealkit_rig::{AwsDouble, Effect, ErrorForm, FaultRule, KeyState, Operation};

use crate::ours::client;

async fn encrypt(client: &Client, key: &str) -> Vec<u8> {
    let call = client.encrypt().key_id(key).plaintext(Blob::new(*b"secret")).encryption_context("app", "demo");
    call.send().await.unwrap().ciphertext_blob.unwrap().into_inner()
}

fn code<E: ProvideErrorMetadata, R>(result: Result<impl Sized, SdkError<E, R>>) -> String {
    match result {
        Ok(_) => "success".to_owned(),
        Err(error) => error.code().unwrap_or("none").to_owned(),
    }
}

#[tokio::test]
async fn data_keys_round_trip_with_their_context_only() {
    let aws = AwsDouble::start();
    let key = aws.kms().create_key("us-east-1");
    let client = client(aws.url(), "us-east-1");
    let call = client.generate_data_key().key_id(&key).key_spec(DataKeySpec::Aes256).encryption_context("app", "demo");
    let generated = call.send().await.unwrap();
    assert_eq!(generated.key_id(), Some(key.as_str()));
    assert!(generated.request_id().is_some());
    let data_key = generated.plaintext.unwrap().into_inner();
    assert_eq!(data_key.len(), 32);
    let blob = generated.ciphertext_blob.unwrap();

    let decrypt = || client.decrypt().key_id(&key).ciphertext_blob(blob.clone());
    let decrypted = decrypt().encryption_context("app", "demo").send().await.unwrap();
    assert_eq!(decrypted.key_id(), Some(key.as_str()));
    assert_eq!(decrypted.plaintext.unwrap().into_inner(), data_key);
    assert_eq!(code(decrypt().encryption_context("app", "other").send().await), "InvalidCiphertextException");
    assert_eq!(code(decrypt().send().await), "InvalidCiphertextException");

    let calls = aws.calls();
    assert_eq!((calls.count(Operation::GenerateDataKey), calls.count_in(Operation::Decrypt, "us-east-1")), (1, 3));
    assert_eq!(calls.log()[0].context["app"], "demo");
}

#[tokio::test]
async fn every_changed_byte_of_a_ciphertext_is_refused() {
    let aws = AwsDouble::start();
    let key = aws.kms().create_key("us-east-1");
    let client = client(aws.url(), "us-east-1");
    let blob = encrypt(&client, &key).await;
    for at in 0..blob.len() {
        let mut changed = blob.clone();
        changed[at] ^= 1;
        let call = client.decrypt().key_id(&key).ciphertext_blob(Blob::new(changed)).encryption_context("app", "demo");
        let code = code(call.send().await);
        assert!(["InvalidCiphertextException", "IncorrectKeyException"].contains(&code.as_str()), "byte {at}: {code}");
    }
}

#[tokio::test]
async fn keys_are_found_by_id_arn_and_alias_in_their_region() {
    let aws = AwsDouble::start();
    let key = aws.kms().create_key("us-east-1");
    let alias = aws.kms().set_alias("alias/demo", &key);
    let here = client(aws.url(), "us-east-1");
    let id = key.rsplit('/').next().unwrap();
    let blob = Blob::new(encrypt(&here, "alias/demo").await);
    for name in [key.as_str(), id, "alias/demo", &alias] {
        let described = here.describe_key().key_id(name).send().await.unwrap();
        assert_eq!(described.key_metadata().unwrap().arn(), Some(key.as_str()), "{name}");
        let call = here.decrypt().key_id(name).ciphertext_blob(blob.clone()).encryption_context("app", "demo");
        assert_eq!(code(call.send().await), "success", "{name}");
    }
    let there = client(aws.url(), "eu-west-1");
    for name in [key.as_str(), id, "alias/demo", "arn:nonsense"] {
        assert_eq!(code(there.describe_key().key_id(name).send().await), "NotFoundException", "{name}");
    }
    let call = there.decrypt().ciphertext_blob(blob).encryption_context("app", "demo");
    assert_eq!(code(call.send().await), "AccessDeniedException");
}

#[tokio::test]
async fn another_key_is_the_incorrect_key() {
    let aws = AwsDouble::start();
    let (key, other) = (aws.kms().create_key("us-east-1"), aws.kms().create_key("us-east-1"));
    let client = client(aws.url(), "us-east-1");
    let blob = Blob::new(encrypt(&client, &key).await);
    let call = client.decrypt().key_id(other).ciphertext_blob(blob).encryption_context("app", "demo");
    assert_eq!(code(call.send().await), "IncorrectKeyException");
}

#[tokio::test]
async fn replicas_decrypt_and_answer_with_their_own_arn() {
    let aws = AwsDouble::start();
    let primary = aws.kms().create_multi_region_key(&["us-east-1", "eu-west-1"]);
    let blob = Blob::new(encrypt(&client(aws.url(), "us-east-1"), &primary).await);
    let replica = primary.replace("us-east-1", "eu-west-1");
    let there = client(aws.url(), "eu-west-1");
    let call = there.decrypt().key_id(&replica).ciphertext_blob(blob.clone()).encryption_context("app", "demo");
    assert_eq!(call.send().await.unwrap().key_id(), Some(replica.as_str()));

    let metadata = there.describe_key().key_id(&replica).send().await.unwrap().key_metadata.unwrap();
    let configuration = metadata.multi_region_configuration.unwrap();
    assert_eq!(configuration.primary_key().unwrap().arn(), Some(primary.as_str()));
    assert_eq!(configuration.replica_keys()[0].arn(), Some(replica.as_str()));

    let elsewhere = client(aws.url(), "ap-south-1");
    let call = elsewhere.decrypt().ciphertext_blob(blob).encryption_context("app", "demo");
    assert_eq!(code(call.send().await), "AccessDeniedException");
}

#[tokio::test]
async fn only_enabled_keys_are_used() {
    let aws = AwsDouble::start();
    let key = aws.kms().create_key("us-east-1");
    let client = client(aws.url(), "us-east-1");
    let blob = Blob::new(encrypt(&client, &key).await);
    for (state, expected) in [
        (KeyState::Disabled, "DisabledException"),
        (KeyState::PendingDeletion, "KMSInvalidStateException"),
        (KeyState::PendingImport, "KMSInvalidStateException"),
        (KeyState::Unavailable, "KMSInvalidStateException"),
    ] {
        aws.kms().set_state(&key, state);
        let call = client.decrypt().key_id(&key).ciphertext_blob(blob.clone()).encryption_context("app", "demo");
        assert_eq!(code(call.send().await), expected);
        let call = client.generate_data_key().key_id(&key).key_spec(DataKeySpec::Aes256);
        assert_eq!(code(call.send().await), expected);
        assert_eq!(code(client.encrypt().key_id(&key).plaintext(Blob::new(*b"x")).send().await), expected);
        assert_eq!(code(client.describe_key().key_id(&key).send().await), "success");
    }
}

#[tokio::test]
async fn limits_and_members_are_validated() {
    let aws = AwsDouble::start();
    let key = aws.kms().create_key("us-east-1");
    let client = client(aws.url(), "us-east-1");
    let encrypt = |length: usize| client.encrypt().key_id(&key).plaintext(Blob::new(vec![0; length])).send();
    assert_eq!(code(encrypt(4096).await), "success");
    assert_eq!(code(encrypt(4097).await), "ValidationException");
    assert_eq!(code(encrypt(0).await), "ValidationException");
    assert_eq!(code(client.generate_data_key().key_id(&key).send().await), "ValidationException");
    let garbage = client.decrypt().key_id(&key).ciphertext_blob(Blob::new(vec![7; 6144])).send().await;
    assert_eq!(code(garbage), "InvalidCiphertextException");
    let long = client.decrypt().key_id(&key).ciphertext_blob(Blob::new(vec![7; 6145])).send().await;
    assert_eq!(code(long), "ValidationException");
    let dry = client.encrypt().key_id(&key).plaintext(Blob::new(*b"x")).dry_run(true).send().await;
    assert_eq!(code(dry), "DryRunOperationException");
}

#[tokio::test]
async fn denials_name_the_operation_and_the_key() {
    let aws = AwsDouble::start();
    let (key, other) = (aws.kms().create_key("us-east-1"), aws.kms().create_key("us-east-1"));
    aws.kms().deny(Operation::Encrypt, Some(&key));
    let client = client(aws.url(), "us-east-1");
    let error = client.encrypt().key_id(&key).plaintext(Blob::new(*b"x")).send().await.unwrap_err();
    assert_eq!(error.code(), Some("AccessDeniedException"));
    assert!(error.message().unwrap().contains("kms:Encrypt on resource: arn:aws:kms:us-east-1"));
    encrypt(&client, &other).await;
    aws.kms().allow_all();
    encrypt(&client, &key).await;
}

#[tokio::test]
async fn error_codes_are_read_from_all_forms() {
    let aws = AwsDouble::start();
    let client = client(aws.url(), "us-east-1");
    for form in [ErrorForm::Bare, ErrorForm::Namespaced, ErrorForm::Header] {
        aws.set_error_form(form);
        assert_eq!(code(client.describe_key().key_id("alias/none").send().await), "NotFoundException", "{form:?}");
    }
}

#[tokio::test]
async fn faults_strike_as_often_as_set() {
    let aws = AwsDouble::start();
    let key = aws.kms().create_key("us-east-1");
    let client = client(aws.url(), "us-east-1");
    let describe = || client.describe_key().key_id(&key).send();

    aws.inject(FaultRule::new(Effect::Throttle).times(1));
    aws.inject(FaultRule::new(Effect::Error(500, "KMSInternalException".into(), "sorry".into())).times(1));
    assert_eq!(code(describe().await), "ThrottlingException");
    assert_eq!(code(describe().await), "KMSInternalException");
    assert_eq!(code(describe().await), "success");

    aws.inject(FaultRule::new(Effect::Status(503)).times(1));
    let error = describe().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 503);

    for effect in [Effect::Silence, Effect::Drip(200)] {
        aws.inject(FaultRule::new(effect.clone()).times(1));
        let answer = tokio::time::timeout(Duration::from_secs(1), describe()).await;
        assert!(answer.is_err(), "{effect:?}");
    }
    for effect in [Effect::Close, Effect::CutOff] {
        aws.inject(FaultRule::new(effect.clone()).times(1));
        let error = describe().await.unwrap_err();
        assert!(matches!(error, SdkError::DispatchFailure(_) | SdkError::ResponseError(_)), "{effect:?}: {error:?}");
    }
    aws.inject(FaultRule::new(Effect::Oversized(1 << 20)).times(1));
    assert!(describe().await.is_err());
    assert_eq!(code(describe().await), "success");
}

#[tokio::test]
async fn answers_can_be_wrong() {
    let aws = AwsDouble::start();
    let key = aws.kms().create_key("us-east-1");
    let client = client(aws.url(), "us-east-1");
    let generate = || client.generate_data_key().key_id(&key).key_spec(DataKeySpec::Aes256).send();
    aws.inject(FaultRule::new(Effect::ShortKey(16)).times(1));
    assert_eq!(generate().await.unwrap().plaintext.unwrap().into_inner().len(), 16);
    aws.inject(FaultRule::new(Effect::WrongKeyId("other".into())).times(1));
    assert_eq!(generate().await.unwrap().key_id(), Some("other"));
    aws.inject(FaultRule::new(Effect::Empty).times(1));
    assert_eq!(generate().await.unwrap().key_id(), None);
}

#[tokio::test]
async fn a_rate_limit_throttles_and_a_skewed_clock_refuses() {
    let aws = AwsDouble::start();
    let key = aws.kms().create_key("us-east-1");
    let client = client(aws.url(), "us-east-1");
    aws.set_rate_limit(Operation::DescribeKey, Some(1));
    let describe = || client.describe_key().key_id(&key).send();
    assert_eq!((code(describe().await), code(describe().await)), ("success".into(), "ThrottlingException".into()));
    aws.set_rate_limit(Operation::DescribeKey, None);
    aws.set_clock_skew(3600);
    assert_eq!(code(describe().await), "InvalidSignatureException");
}

/// Control for programs that are no Rust, in the words that `control.rs` documents.
#[tokio::test]
async fn it_is_controlled_over_http() {
    use std::io::{Read, Write};
    let aws = AwsDouble::start();
    let key = aws.kms().create_key("us-east-1");
    let control = |method: &str, path: &str, body: &str| {
        let mut stream = std::net::TcpStream::connect(aws.address()).unwrap();
        let length = body.len();
        write!(stream, "{method} /_double/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let client = client(aws.url(), "us-east-1");
    let fault = r#"{"effect": {"Status": 503}, "operation": "Encrypt", "times": 1}"#;
    assert!(control("POST", "faults", fault).starts_with("HTTP/1.1 204"));
    assert!(client.encrypt().key_id(&key).plaintext(Blob::new(*b"x")).send().await.is_err());
    assert!(
        control("POST", "state", &format!(r#"{{"key": "{key}", "state": "Disabled"}}"#)).starts_with("HTTP/1.1 204")
    );
    let encrypted = client.encrypt().key_id(&key).plaintext(Blob::new(*b"x")).send().await;
    assert_eq!(code(encrypted), "DisabledException");
    assert!(control("GET", "calls", "").ends_with("{\"Encrypt\":{\"us-east-1\":2}}\n"));
    assert!(control("POST", "faults", "{}").starts_with("HTTP/1.1 400"));
    let done = [
        ("DELETE", "faults", String::new()),
        ("POST", "state", format!(r#"{{"key": "{key}", "state": "Enabled"}}"#)),
        ("POST", "lag", r#"{"percent": 30, "milliseconds": 2000}"#.to_owned()),
        ("DELETE", "lag", String::new()),
        ("POST", "rotate", format!(r#"{{"key": "{key}"}}"#)),
        ("POST", "alias", format!(r#"{{"name": "alias/app", "key": "{key}"}}"#)),
        ("POST", "pages", r#"{"length": 1}"#.to_owned()),
        ("POST", "latency", r#"{"milliseconds": 1, "operation": "Encrypt"}"#.to_owned()),
        ("POST", "rate", r#"{"operation": "Encrypt", "per_second": 100}"#.to_owned()),
        ("POST", "expired", r#""Nobody""#.to_owned()),
        ("POST", "deny", r#"{"operation": "Encrypt"}"#.to_owned()),
        ("DELETE", "deny", String::new()),
    ];
    for (method, path, body) in done {
        let answer = control(method, path, &body);
        assert!(answer.starts_with("HTTP/1.1 204"), "{method} {path}: {answer}");
    }
    let encrypted = client.encrypt().key_id("alias/app").plaintext(Blob::new(*b"x")).send().await;
    assert_eq!(code(encrypted), "success");
    assert!(control("GET", "materials", "").contains(&aws.kms().materials(&key).join("\",\"")));
    assert!(control("GET", "peak", "").ends_with("\r\n1\n"));
    for (path, body) in [("rotate", r#"{"key": "nobody"}"#), ("alias", r#"{"name": "x", "key": "y"}"#)] {
        assert!(control("POST", path, body).starts_with("HTTP/1.1 400"), "{path}");
    }
}
