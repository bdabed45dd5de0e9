//! The double's Parameter Store, as the real AWS SDK sees it.

use aws_sdk_ssm::Client;
use aws_sdk_ssm::config::retry::RetryConfig;
use aws_sdk_ssm::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_ssm::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ssm::operation::get_parameters::GetParametersOutput;
use sealkit_rig::{AwsDouble, KeyState, Operation, Pages, ParameterType, Parameters};

const HERE: &str = "us-east-1";

fn client(aws: &AwsDouble) -> Client {
    let config = aws_sdk_ssm::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(HERE))
        .endpoint_url(aws.url())
        .credentials_provider(Credentials::for_tests())
        .retry_config(RetryConfig::disabled())
        .build();
    Client::from_conf(config)
}

fn failure<E: ProvideErrorMetadata, R>(result: Result<impl Sized, SdkError<E, R>>) -> (String, String) {
    let error = result.err().expect("the call fails");
    (error.code().unwrap_or("none").to_owned(), error.message().unwrap_or("none").to_owned())
}

fn names(names: &[&str]) -> Option<Vec<String>> {
    Some(names.iter().map(|&name| name.to_owned()).collect())
}

/// Names, selectors and values of an answer.
fn found(answer: &GetParametersOutput) -> Vec<(&str, &str, &str)> {
    let parameter = |it| {
        let it: &aws_sdk_ssm::types::Parameter = it;
        (it.name().unwrap(), it.selector().unwrap_or("-"), it.value().unwrap())
    };
    answer.parameters().iter().map(parameter).collect()
}

#[tokio::test]
async fn parameters_come_in_another_order_with_their_selectors() {
    let aws = AwsDouble::start();
    for value in ["one", "two"] {
        aws.parameters().put(HERE, "/a", value);
    }
    aws.parameters().label(HERE, "/a", 1, "old");
    aws.parameters().put(HERE, "b", "three");
    let client = client(&aws);
    let arn = Parameters::arn(HERE, "/a");
    let asked = names(&["/a:1", "/a:old", &arn, "b", "/none", "/a:9", "/a:dead"]);
    let answer = client.get_parameters().set_names(asked).send().await.unwrap();
    assert_eq!(found(&answer), [("b", "-", "three"), ("/a", "-", "two"), ("/a", ":old", "one"), ("/a", ":1", "one")]);
    assert_eq!(answer.invalid_parameters(), ["/none", "/a:9", "/a:dead"]);

    let eleven = (0..11).map(|number| format!("/{number}")).collect();
    let refused = client.get_parameters().set_names(Some(eleven)).send().await;
    assert_eq!(failure(refused).0, "ValidationException");
    let refused = client.get_parameters().set_names(names(&["/a", "/a"])).send().await;
    assert_eq!(failure(refused).0, "ValidationException");
}

#[tokio::test]
async fn a_secure_string_is_opaque_until_it_is_decrypted() {
    let aws = AwsDouble::start();
    let key = aws.kms().create_key(HERE);
    aws.parameters().put_typed(HERE, "/s", "hunter2", ParameterType::SecureString, Some(&key));
    let client = client(&aws);
    let get = |decrypt| client.get_parameters().names("/s").with_decryption(decrypt).send();
    let opaque = get(false).await.unwrap();
    assert!(opaque.parameters()[0].value().unwrap().len() > 100);
    assert_eq!(found(&get(true).await.unwrap()), [("/s", "-", "hunter2")]);
    aws.kms().set_state(&key, KeyState::Disabled);
    assert!(get(false).await.is_ok());
    let (code, message) = failure(get(true).await);
    assert_eq!(code, "InvalidKeyId");
    assert!(message.contains("DisabledException"), "{message}");
}

#[tokio::test]
async fn one_denied_name_fails_the_call_and_is_the_only_one_named() {
    let aws = AwsDouble::start();
    for name in ["/a", "/b", "/c"] {
        aws.parameters().put(HERE, name, "x");
    }
    for name in ["/b", "/c"] {
        aws.parameters().deny(Operation::GetParameters, Some(&Parameters::arn(HERE, name)));
    }
    let client = client(&aws);
    let (code, message) = failure(client.get_parameters().set_names(names(&["/a", "/b", "/c"])).send().await);
    assert_eq!(code, "AccessDeniedException");
    assert!(message.contains(":parameter/b ") && !message.contains(":parameter/c"), "{message}");
    assert!(client.get_parameters().names("/a").send().await.is_ok());
}

#[tokio::test]
async fn paths_are_read_in_pages_that_may_be_empty() {
    let aws = AwsDouble::start();
    for number in 0..12 {
        aws.parameters().put(HERE, &format!("/app/{number:02}"), "x");
    }
    aws.parameters().put(HERE, "/app/deep/er", "x");
    aws.parameters().put(HERE, "/apple", "x");
    let client = client(&aws);
    let walk = |recursive| {
        let client = &client;
        async move {
            let (mut pages, mut token) = (Vec::new(), None);
            loop {
                let call = client.get_parameters_by_path().path("/app").recursive(recursive).set_next_token(token);
                let answer = call.send().await.unwrap();
                pages.push(answer.parameters().len());
                token = answer.next_token;
                if token.is_none() {
                    return pages;
                }
            }
        }
    };
    assert_eq!(walk(false).await, [10, 2]);
    assert_eq!(walk(true).await, [10, 3]);
    aws.parameters().set_pages(Pages { length: Some(8), empty: true });
    assert_eq!(walk(false).await, [0, 8, 0, 4]);
    aws.parameters().deny(Operation::GetParametersByPath, Some(&Parameters::arn(HERE, "/app*")));
    let refused = client.get_parameters_by_path().path("/app").send().await;
    assert!(failure(refused).1.contains("ssm:GetParametersByPath on resource: arn:aws:ssm:"));
}

#[tokio::test]
async fn references_give_secrets() {
    let aws = AwsDouble::start();
    let arn = aws.secrets().create(HERE, "prod/db", "one");
    aws.secrets().put(&arn, "two");
    let client = client(&aws);
    let get = |names_: &[&str]| client.get_parameters().set_names(names(names_)).with_decryption(true).send();
    let (current, previous) =
        ("/aws/reference/secretsmanager/prod/db", "/aws/reference/secretsmanager/prod/db:AWSPREVIOUS");
    let answer = get(&[current, previous, "/aws/reference/secretsmanager/none"]).await.unwrap();
    assert_eq!(found(&answer), [(current, ":AWSPREVIOUS", "one"), (current, "-", "two")]);
    assert_eq!(answer.invalid_parameters(), ["/aws/reference/secretsmanager/none"]);
    let refused = client.get_parameters().names(current).send().await;
    assert_eq!(failure(refused).0, "ValidationException");
    aws.secrets().deny(Operation::GetSecretValue, Some(&arn));
    let (code, message) = failure(get(&[current]).await);
    assert_eq!(code, "AccessDeniedException");
    assert!(message.contains("secretsmanager:GetSecretValue") && message.contains("referencing"), "{message}");
}

#[tokio::test]
async fn reads_share_a_rate() {
    let aws = AwsDouble::start();
    aws.parameters().put(HERE, "/a", "x");
    aws.set_rate_limit(Operation::GetParameters, Some(1));
    let client = client(&aws);
    assert!(client.get_parameter().name("/a").send().await.is_ok());
    let throttled = failure(client.get_parameters_by_path().path("/").send().await);
    assert_eq!(throttled, ("ThrottlingException".to_owned(), "Rate exceeded".to_owned()));
}
