//! The double's STS, and its endpoints for containers and instances.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use aws_sdk_sts::Client;
use aws_sdk_sts::config::retry::RetryConfig;
use aws_sdk_sts::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use sealkit_rig::{AwsDouble, Effect, FaultRule, Operation};
use serde_json::Value;

const ROLE: &str = "arn:aws:iam::111122223333:role/apps/shop";

fn client(aws: &AwsDouble, credentials: Credentials) -> Client {
    let config = aws_sdk_sts::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(aws.url())
        .credentials_provider(credentials)
        .retry_config(RetryConfig::disabled())
        .build();
    Client::from_conf(config)
}

fn code<E: ProvideErrorMetadata, R>(result: Result<impl Sized, SdkError<E, R>>) -> String {
    result.err().map_or("success".to_owned(), |error| error.code().unwrap_or("none").to_owned())
}

#[tokio::test]
async fn an_assumed_role_signs_until_its_session_expires() {
    let aws = AwsDouble::start();
    let sts = client(&aws, Credentials::for_tests());
    let assume = || sts.assume_role().role_arn(ROLE).role_session_name("pod-1").send();
    let given = assume().await.unwrap();
    let principal = "arn:aws:sts::111122223333:assumed-role/shop/pod-1";
    assert_eq!(given.assumed_role_user().unwrap().arn(), principal);
    let session = |given: aws_sdk_sts::types::Credentials, token: Option<String>| {
        Credentials::new(given.access_key_id, given.secret_access_key, token, None, "test")
    };
    let given = given.credentials.unwrap();
    let token = given.session_token().to_owned();
    let as_role = client(&aws, session(given.clone(), Some(token.clone())));
    assert_eq!(as_role.get_caller_identity().send().await.unwrap().arn(), Some(principal));
    let without_token = client(&aws, session(given, None));
    assert_eq!(code(without_token.get_caller_identity().send().await), "UnrecognizedClientException");

    aws.sts().set_lifetime(Some(Duration::ZERO));
    let given = assume().await.unwrap().credentials.unwrap();
    let token = given.session_token().to_owned();
    let expired = client(&aws, session(given, Some(token)));
    assert_eq!(code(expired.get_caller_identity().send().await), "ExpiredTokenException");

    aws.sts().deny(Operation::AssumeRole, Some(ROLE));
    assert_eq!(code(assume().await), "AccessDenied");
    aws.sts().allow_all();
    let bad_name = sts.assume_role().role_arn(ROLE).role_session_name("no spaces").send().await;
    assert_eq!(code(bad_name), "ValidationError");
    aws.inject(FaultRule::new(Effect::Throttle).on(Operation::AssumeRole).for_key(ROLE));
    assert_eq!(code(assume().await), "Throttling");
}

#[tokio::test]
async fn only_trusted_tokens_become_credentials() {
    let aws = AwsDouble::start();
    aws.sts().trust("good");
    aws.sts().expire("old");
    let sts = client(&aws, Credentials::for_tests());
    for (token, expected) in [("good", "success"), ("old", "ExpiredTokenException"), ("bad", "InvalidIdentityToken")] {
        let call =
            sts.assume_role_with_web_identity().role_arn(ROLE).role_session_name("pod").web_identity_token(token);
        assert_eq!(code(call.send().await), expected, "{token}");
    }
    let call = &aws.calls().log()[0];
    assert_eq!((call.operation, call.names.as_slice()), (Operation::AssumeRoleWithWebIdentity, &[ROLE.to_owned()][..]));
}

/// Status and body of a plain request.
fn ask(aws: &AwsDouble, method: &str, path: &str, header: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(aws.address()).unwrap();
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{header}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

#[test]
fn a_container_needs_the_token_that_counts_now() {
    let aws = AwsDouble::start();
    let (status, body) = ask(&aws, "GET", "/v2/credentials/task-1", "X: y");
    let given: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, given["RoleArn"].as_str()), (200, Some("arn:aws:iam::111122223333:role/task")));
    aws.container().require_tokens(["first"]);
    let ask = |token| ask(&aws, "GET", "/v1/credentials", &format!("Authorization: {token}")).0;
    assert_eq!([ask("first"), ask("second")], [200, 400]);
    aws.container().require_tokens(["second"]);
    assert_eq!([ask("first"), ask("second")], [400, 200]);
    assert_eq!(aws.calls().count(Operation::ContainerCredentials), 5);
}

#[test]
fn an_instance_answers_only_with_its_token() {
    let aws = AwsDouble::start();
    aws.instance().set_region("eu-west-1");
    let region = "/latest/meta-data/placement/region";
    assert_eq!(ask(&aws, "GET", region, "X: y").0, 401);
    let (_, token) = ask(&aws, "PUT", "/latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds: 60");
    let header = format!("X-aws-ec2-metadata-token: {token}");
    assert_eq!(ask(&aws, "GET", region, &header), (200, "eu-west-1".to_owned()));
    let role = "/latest/meta-data/iam/security-credentials/";
    assert_eq!(ask(&aws, "GET", role, &header), (200, "node".to_owned()));
    let (status, body) = ask(&aws, "GET", &format!("{role}node"), &header);
    assert!(status == 200 && body.contains("\"Code\":\"Success\""), "{status} {body}");
    aws.instance().set_role(None);
    assert_eq!(ask(&aws, "GET", role, &header).0, 404);
}
