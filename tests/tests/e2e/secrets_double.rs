//! The double's Secrets Manager, as the real AWS SDK sees it.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::retry::RetryConfig;
use aws_sdk_secretsmanager::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType};
use sealkit_rig::{AwsDouble, ErrorForm, KeyState, NewSecret, Operation, Pages};

const HERE: &str = "us-east-1";

fn client(aws: &AwsDouble) -> Client {
    let config = aws_sdk_secretsmanager::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(HERE))
        .endpoint_url(aws.url())
        .credentials_provider(Credentials::for_tests())
        .retry_config(RetryConfig::disabled())
        .build();
    Client::from_conf(config)
}

/// Code and message of a failure.
fn failure<E: ProvideErrorMetadata, R>(result: Result<impl Sized, SdkError<E, R>>) -> (String, String) {
    let error = result.err().expect("the call fails");
    (error.code().unwrap_or("none").to_owned(), error.message().unwrap_or("none").to_owned())
}

async fn text(client: &Client, id: &str, stage: &str) -> String {
    let answer = client.get_secret_value().secret_id(id).version_stage(stage).send().await.unwrap();
    answer.secret_string.unwrap()
}

#[tokio::test]
async fn stages_move_and_versions_stay() {
    let aws = AwsDouble::start();
    let arn = aws.secrets().create(HERE, "prod/db", "one");
    let client = client(&aws);
    assert_eq!(text(&client, "prod/db", "AWSCURRENT").await, "one");
    let second = aws.secrets().put(&arn, "two");
    let pending = aws.secrets().put_as(&arn, "three", &["AWSPENDING"]);
    for (stage, value) in [("AWSCURRENT", "two"), ("AWSPREVIOUS", "one"), ("AWSPENDING", "three")] {
        assert_eq!(text(&client, &arn, stage).await, value, "{stage}");
    }
    aws.secrets().move_stage(&arn, "AWSCURRENT", &pending);
    // Without its six characters an ARN names the secret too.
    let partial = &arn[..arn.len() - 7];
    assert_eq!(text(&client, partial, "AWSCURRENT").await, "three");
    let get = || client.get_secret_value().secret_id("prod/db");
    assert_eq!(get().version_id(&second).send().await.unwrap().secret_string.unwrap(), "two");

    let mismatch = get().version_id(&second).version_stage("AWSCURRENT").send().await;
    assert_eq!(failure(mismatch).0, "InvalidRequestException");
    for absent in [get().version_stage("AWSNONE"), get().version_id("0".repeat(32)), get().secret_id("prod/none")] {
        assert_eq!(failure(absent.send().await).0, "ResourceNotFoundException");
    }
}

#[tokio::test]
async fn a_read_fails_with_its_key_and_with_its_deletion() {
    let aws = AwsDouble::start();
    let key = aws.kms().create_key(HERE);
    let with = NewSecret { kms_key: Some(key.clone()), ..NewSecret::default() };
    let bytes: Vec<u8> = (0..=255).cycle().take(65_536).collect();
    let arn = aws.secrets().create_with(HERE, "blob", bytes.clone(), with);
    let client = client(&aws);
    let get = || client.get_secret_value().secret_id("blob").send();
    assert!(get().await.unwrap().secret_binary.unwrap().into_inner() == bytes);

    aws.kms().set_state(&key, KeyState::Disabled);
    let (code, message) = failure(get().await);
    assert_eq!(code, "DecryptionFailure");
    assert!(message.contains("is disabled") && message.contains(&key), "{message}");
    aws.kms().set_state(&key, KeyState::Enabled);
    aws.kms().deny(Operation::Decrypt, Some(&key));
    let denied = ("AccessDeniedException".to_owned(), "Access to KMS is not allowed".to_owned());
    assert_eq!(failure(get().await), denied);
    aws.kms().allow_all();
    assert!(get().await.is_ok());

    aws.secrets().set_deleted(&arn, true);
    assert_eq!(failure(get().await).0, "InvalidRequestException");
    assert!(client.describe_secret().secret_id("blob").send().await.unwrap().deleted_date.is_some());
    aws.secrets().set_deleted(&arn, false);
    assert!(get().await.is_ok());
}

#[tokio::test]
async fn a_batch_answers_what_it_can_and_says_what_it_cannot() {
    let aws = AwsDouble::start();
    let denied = aws.secrets().create(HERE, "denied", "x");
    let deleted = aws.secrets().create(HERE, "deleted", "x");
    aws.secrets().create(HERE, "good", "value");
    let shaky = aws.secrets().create(HERE, "shaky", "x");
    aws.secrets().deny(Operation::GetSecretValue, Some(&denied));
    aws.secrets().set_deleted(&deleted, true);
    aws.secrets().fail_in_batches(&shaky, "InternalServiceError", "An error occurred on the server side.", 1);
    let client = client(&aws);
    let batch = || {
        let ids = ["good", "denied", "absent", "deleted", "shaky"].map(str::to_owned);
        client.batch_get_secret_value().set_secret_id_list(Some(ids.to_vec())).send()
    };
    let answer = batch().await.unwrap();
    assert_eq!(answer.secret_values().len(), 1);
    let errors: Vec<_> =
        answer.errors().iter().map(|error| (error.secret_id().unwrap(), error.error_code().unwrap())).collect();
    let expected = [
        ("denied", "AccessDeniedException"),
        ("absent", "ResourceNotFoundException"),
        ("deleted", "InvalidRequestException"),
        ("shaky", "InternalServiceError"),
    ];
    assert_eq!(errors, expected);
    assert_eq!(batch().await.unwrap().secret_values().len(), 2, "the error was set for one batch");

    let many = (0..21).map(|number| format!("s{number}")).collect();
    let refused = client.batch_get_secret_value().set_secret_id_list(Some(many)).send().await;
    assert_eq!(failure(refused).0, "ValidationException");
    let neither = client.batch_get_secret_value().send().await;
    assert_eq!(failure(neither).0, "InvalidParameterException");

    aws.secrets().deny(Operation::BatchGetSecretValue, None);
    let (code, message) = failure(batch().await);
    assert_eq!(code, "AccessDeniedException");
    assert!(message.ends_with(
        "is not authorized to perform: secretsmanager:BatchGetSecretValue because no identity-based policy allows the \
         secretsmanager:BatchGetSecretValue action"
    ));
}

#[tokio::test]
async fn filters_find_by_prefix_and_tag_in_pages_that_may_be_empty() {
    let aws = AwsDouble::start();
    for number in 0..5 {
        let tags = [("team".to_owned(), if number % 2 == 0 { "blue" } else { "red" }.to_owned())].into();
        let with = NewSecret { tags, ..NewSecret::default() };
        aws.secrets().create_with(HERE, &format!("prod/{number}"), "x", with);
    }
    aws.secrets().create(HERE, "test/0", "x");
    aws.secrets().create("eu-west-1", "prod/9", "x");
    aws.secrets().set_pages(Pages { length: Some(2), empty: true });
    let client = client(&aws);
    let filter = |key, value: &str| Filter::builder().key(key).values(value).build();
    let filters =
        [filter(FilterNameStringType::Name, "prod/"), filter(FilterNameStringType::TagValue, "blue")].to_vec();
    let (mut names, mut calls, mut token) = (Vec::new(), 0, None);
    loop {
        let call = client.batch_get_secret_value().set_filters(Some(filters.clone())).set_next_token(token);
        let answer = call.send().await.unwrap();
        names.extend(answer.secret_values().iter().map(|value| value.name().unwrap().to_owned()));
        calls += 1;
        token = answer.next_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!((names, calls), (["prod/0", "prod/2", "prod/4"].map(str::to_owned).to_vec(), 4));

    let listed = client.list_secrets().filters(filter(FilterNameStringType::Name, "!prod/")).send().await.unwrap();
    assert_eq!((listed.secret_list().len(), listed.next_token().is_some()), (0, true));
    aws.secrets().set_pages(Pages::default());
    let listed = client.list_secrets().filters(filter(FilterNameStringType::Name, "!prod/")).send().await.unwrap();
    assert_eq!(listed.secret_list()[0].name(), Some("test/0"));
    aws.secrets().deny(Operation::ListSecrets, None);
    let refused = client.batch_get_secret_value().set_filters(Some(filters)).send().await;
    assert!(failure(refused).1.contains("secretsmanager:ListSecrets"));
}

#[tokio::test]
async fn errors_are_understood_in_every_form() {
    let aws = AwsDouble::start();
    let client = client(&aws);
    for form in [ErrorForm::Bare, ErrorForm::Namespaced, ErrorForm::Header] {
        aws.set_error_form(form);
        let expected = "Secrets Manager can't find the specified secret.";
        let refused = client.get_secret_value().secret_id("none").send().await;
        assert_eq!(failure(refused), ("ResourceNotFoundException".to_owned(), expected.to_owned()), "{form:?}");
    }
    aws.set_error_form(ErrorForm::Bare);
    aws.set_rate_limit(Operation::GetSecretValue, Some(1));
    let get = || client.get_secret_value().secret_id("none").send();
    assert_eq!(failure(get().await).0, "ResourceNotFoundException");
    assert_eq!(failure(get().await).0, "ThrottlingException");
}
