//! Every source of credentials, working and broken.

use std::time::Duration;

use sealkit_aws::FaultClass;

use crate::probe::Probe;
use crate::server::{Reply, Request, Server};

pub(crate) fn kms() -> Server {
    Server::http(|_, _| Reply::key())
}

/// A user without credentials who reaches KMS, and it alone, at `kms`.
pub(crate) fn nobody(kms: &Server) -> Probe {
    Probe::new().with("AWS_ENDPOINT_URL_KMS", &kms.url("http"))
}

/// The access key that a request was signed with.
pub(crate) fn signer(request: &Request) -> String {
    let header = request.header("authorization").unwrap();
    let (_, rest) = header.split_once("Credential=").unwrap();
    rest.split('/').next().unwrap().to_owned()
}

const PROCESS: &str = r#"{"Version":1,"AccessKeyId":"AKPROCESS","SecretAccessKey":"canary"}"#;

#[test]
fn without_any_credentials_the_error_says_how_to_get_some() {
    let kms = kms();
    let outcome = nobody(&kms).run();
    outcome.expect(FaultClass::NoCredentials, &["kms:DescribeKey", "aws sso login", "AWS_PROFILE"]);
    assert_eq!(kms.seen().len(), 0);
}

#[test]
fn credentials_that_fit_into_no_header_are_a_wrong_setting() {
    let kms = kms();
    for (name, value) in
        [("AWS_ACCESS_KEY_ID", "AKID\n"), ("AWS_SESSION_TOKEN", "canary\u{1}"), ("AWS_SESSION_TOKEN", "ü")]
    {
        let outcome = nobody(&kms).with_keys().with(name, value).run();
        outcome.expect(FaultClass::Misconfigured, &["can't be sent", "line break"]);
    }
    assert_eq!(kms.seen().len(), 0);
}

#[test]
fn a_silent_metadata_service_costs_about_a_second() {
    let silent = Server::http(|_, _| Reply::Silence);
    let kms = kms();
    let probe = nobody(&kms).without("AWS_EC2_METADATA_DISABLED");
    let probe = probe.with("AWS_EC2_METADATA_SERVICE_ENDPOINT", &silent.url("http"));
    let outcome = probe.run();
    outcome.expect(FaultClass::NoCredentials, &[]);
    assert!(outcome.took < Duration::from_millis(3500), "{:?}", outcome.took);
    assert_eq!(silent.seen().len(), 1, "neither retried nor asked for a Region");
}

#[test]
fn an_absent_metadata_service_costs_no_retries() {
    let kms = kms();
    let probe = nobody(&kms).without("AWS_EC2_METADATA_DISABLED");
    let outcome = probe.with("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1").run();
    outcome.expect(FaultClass::NoCredentials, &[]);
    assert!(outcome.took < Duration::from_millis(3500), "{:?}", outcome.took);
}

#[test]
fn an_instance_has_credentials() {
    let (imds, kms) = (imds(), kms());
    let probe = nobody(&kms).without("AWS_EC2_METADATA_DISABLED");
    probe.with("AWS_EC2_METADATA_SERVICE_ENDPOINT", &imds.url("http")).run().expect_ok();
    assert_eq!(signer(&kms.seen()[0]), "AKIMDS");
    let (first, rest) = (&imds.seen()[0], &imds.seen()[1..]);
    assert!(first.line.starts_with("PUT /latest/api/token"), "IMDSv2 begins with a token: {}", first.line);
    assert!(rest.iter().all(|it| it.header("x-aws-ec2-metadata-token") == Some("token")), "{rest:?}");
}

#[test]
fn a_role_is_assumed_with_the_credentials_of_the_instance() {
    let (imds, kms) = (imds(), kms());
    let sts = Server::http(|_, _| Reply::json(200, ASSUMED));
    let config = "[profile p]\nrole_arn = arn:aws:iam::111122223333:role/r\n\
        credential_source = Ec2InstanceMetadata\n";
    let probe = nobody(&kms).without("AWS_EC2_METADATA_DISABLED").with_file(".aws/config", config);
    probe
        .with("AWS_EC2_METADATA_SERVICE_ENDPOINT", &imds.url("http"))
        .with("AWS_ENDPOINT_URL_STS", &sts.url("http"))
        .with("AWS_PROFILE", "p")
        .run()
        .expect_ok();
    assert_eq!(signer(&sts.seen()[0]), "AKIMDS");
    assert_eq!(signer(&kms.seen()[0]), "AKROLE");
}

#[test]
fn the_region_of_an_instance_is_asked_for_last_and_only_on_demand() {
    let (imds, kms) = (imds(), kms());
    let probe = nobody(&kms)
        .with_keys()
        .without("AWS_EC2_METADATA_DISABLED")
        .with("AWS_EC2_METADATA_SERVICE_ENDPOINT", &imds.url("http"));
    let region = |probe: &Probe| probe.run().text.split(' ').next().unwrap().to_owned();
    assert_eq!(region(&probe), "eu-west-1", "the probe's own, without asking");
    assert_eq!(imds.seen().len(), 0);
    let probe = probe.with("PROBE_REGION_OF_INSTANCE", "1");
    assert_eq!(region(&probe), "eu-south-2");
    let asked = imds.seen().len();
    assert_eq!(region(&probe.with("AWS_REGION", "eu-west-3")), "eu-west-3");
    assert_eq!(imds.seen().len(), asked);
}

#[test]
fn an_absent_instance_costs_its_region_a_second_at_most() {
    let kms = kms();
    let probe = nobody(&kms).with_keys().with("PROBE_REGION_OF_INSTANCE", "1");
    probe.run().expect_ok();
    let silent = Server::http(|_, _| Reply::Silence);
    let probe =
        probe.without("AWS_EC2_METADATA_DISABLED").with("AWS_EC2_METADATA_SERVICE_ENDPOINT", &silent.url("http"));
    let outcome = probe.run();
    outcome.expect_ok();
    assert!(outcome.took < Duration::from_millis(2000), "{:?}", outcome.took);
}

/// An instance with a role, in a Region of its own.
fn imds() -> Server {
    Server::http(|request, _| match request.line.split(' ').nth(1).unwrap() {
        "/latest/api/token" => Reply::json(200, "token"),
        "/latest/meta-data/placement/region" => Reply::json(200, "eu-south-2"),
        path if path.ends_with("/security-credentials/") => Reply::json(200, "role"),
        _ => Reply::json(
            200,
            r#"{"Code":"Success","Type":"AWS-HMAC","AccessKeyId":"AKIMDS",
            "SecretAccessKey":"s","Token":"t","LastUpdated":"2026-01-01T00:00:00Z",
            "Expiration":"2126-01-01T00:00:00Z"}"#,
        ),
    })
}

pub(crate) const ASSUMED: &str = "<AssumeRoleResponse><AssumeRoleResult>\
    <AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/r/s</Arn>\
    <AssumedRoleId>A:s</AssumedRoleId></AssumedRoleUser><Credentials>\
    <AccessKeyId>AKROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
    <SessionToken>t</SessionToken><Expiration>2126-01-01T00:00:00Z</Expiration></Credentials>\
    </AssumeRoleResult></AssumeRoleResponse>";

#[test]
fn a_credential_process_is_run() {
    let kms = kms();
    let config = format!("[profile p]\ncredential_process = echo '{PROCESS}'\n");
    let probe = nobody(&kms).with_file(".aws/config", &config).with("PROBE_PROFILE", "p");
    probe.run().expect_ok();
    assert_eq!(signer(&kms.seen()[0]), "AKPROCESS");
}

#[test]
fn a_broken_credential_process_is_named_and_its_output_is_not_shown() {
    let kms = kms();
    for command in ["echo canary >&2; exit 7", "echo canary", "/nonexistent/program"] {
        let config = format!("[profile p]\ncredential_process = {command}\n");
        let probe = nobody(&kms).with_file(".aws/config", &config).with("AWS_PROFILE", "p");
        let outcome = probe.run();
        outcome.expect(FaultClass::ExpiredLogin, &["credential_process", "profile p", "by hand"]);
    }
}

#[test]
fn a_slow_credential_process_ends_at_the_deadline() {
    let config = "[profile p]\ncredential_process = sleep 5\n";
    let probe = nobody(&kms()).with_file(".aws/config", config).with("AWS_PROFILE", "p");
    let outcome = probe.with("PROBE_DEADLINE", "1000").run();
    outcome.expect(FaultClass::Outage, &["source of the credentials", "credential process"]);
    assert!(outcome.took < Duration::from_millis(2500), "{:?}", outcome.took);
}

#[test]
fn profiles_that_cannot_give_credentials_are_wrong_settings() {
    let config = "[profile login]\nlogin_session = arn:aws:iam::111122223333:user/x\n\
        [profile half]\naws_access_key_id = AK\n[profile a]\nrole_arn = arn:aws:iam::111122223333:role/x\n\
        source_profile = b\n[profile b]\nrole_arn = arn:aws:iam::111122223333:role/x\nsource_profile = a\n";
    let run = |profile| nobody(&kms()).with_file(".aws/config", config).with("AWS_PROFILE", profile).run();
    run("login").expect(FaultClass::Misconfigured, &["`aws login`", "export-credentials --profile login"]);
    run("half").expect(FaultClass::Misconfigured, &["half", "aws_secret_access_key"]);
    run("a").expect(FaultClass::Misconfigured, &["infinite loop"]);
}

pub(crate) const WEB_IDENTITY: &str = "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult>\
    <AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/r/s</Arn>\
    <AssumedRoleId>A:s</AssumedRoleId></AssumedRoleUser><Credentials>\
    <AccessKeyId>AKWEB</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
    <SessionToken>t</SessionToken><Expiration>2126-01-01T00:00:00Z</Expiration></Credentials>\
    </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>";

fn sts_error(status: u16, code: &str) -> Reply {
    Reply::json(
        status,
        &format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>\
             <Message>about the role</Message></Error><RequestId>r</RequestId></ErrorResponse>"
        ),
    )
}

/// A pod with a service account's token.
pub(crate) fn pod(kms: &Server, sts: &Server) -> Probe {
    let probe = nobody(kms).with_file("token", "canary-token");
    let path = probe.path("token").to_str().unwrap().to_owned();
    probe
        .with("AWS_WEB_IDENTITY_TOKEN_FILE", &path)
        .with("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/r")
        .with("AWS_ENDPOINT_URL_STS", &sts.url("http"))
}

#[test]
fn a_web_identity_becomes_credentials() {
    let (kms, sts) = (kms(), Server::http(|_, _| Reply::json(200, WEB_IDENTITY)));
    pod(&kms, &sts).run().expect_ok();
    assert!(sts.seen()[0].body.contains("WebIdentityToken=canary-token"));
    assert_eq!(signer(&kms.seen()[0]), "AKWEB");
}

#[test]
fn a_refused_web_identity_is_told_from_a_denial_and_an_outage() {
    let kms = kms();
    let run = |status, code: &'static str| {
        let sts = Server::http(move |_, _| sts_error(status, code));
        pod(&kms, &sts).with("AWS_MAX_ATTEMPTS", "1").run()
    };
    let action = "sts:AssumeRoleWithWebIdentity";
    let outcome = run(400, "InvalidIdentityToken");
    outcome.expect(FaultClass::ExpiredLogin, &[action, "InvalidIdentityToken", "issuer"]);
    let outcome = run(403, "AccessDenied");
    outcome.expect(FaultClass::Denied, &[action, "trust policy", "about the role"]);
    run(500, "InternalFailure").expect(FaultClass::Outage, &[action]);
    run(400, "Throttling").expect(FaultClass::Throttled, &[action]);
}

#[test]
fn an_unreachable_sts_is_an_outage_and_a_missing_token_a_wrong_setting() {
    let (kms, sts) = (kms(), Server::http(|_, _| Reply::json(200, WEB_IDENTITY)));
    let closed = pod(&kms, &sts).with("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1");
    let outcome = closed.with("AWS_MAX_ATTEMPTS", "1").run();
    outcome.expect(FaultClass::Outage, &["source of the credentials", "refused"]);
    let missing = pod(&kms, &sts).with("AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent");
    missing.run().expect(FaultClass::Misconfigured, &["AWS_WEB_IDENTITY_TOKEN_FILE"]);
}

#[test]
fn a_container_has_credentials() {
    let endpoint = Server::http(|_, _| {
        Reply::json(
            200,
            r#"{"AccessKeyId":"AKTASK","SecretAccessKey":"s","Token":"t",
            "Expiration":"2126-01-01T00:00:00Z"}"#,
        )
    });
    let kms = kms();
    let probe = nobody(&kms).with_file("token", "canary-token");
    let path = probe.path("token").to_str().unwrap().to_owned();
    let uri = format!("{}/v1/credentials", endpoint.url("http"));
    let probe =
        probe.with("AWS_CONTAINER_CREDENTIALS_FULL_URI", &uri).with("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &path);
    probe.run().expect_ok();
    assert_eq!(endpoint.seen()[0].header("authorization"), Some("canary-token"));
    assert_eq!(signer(&kms.seen()[0]), "AKTASK");

    let closed = probe.with("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/");
    closed.run().expect(FaultClass::Outage, &["no answer from 127.0.0.1", "agent"]);
    let probe = closed;
    let refusing = Server::http(|_, _| Reply::json(403, "canary"));
    let probe = probe.with("AWS_CONTAINER_CREDENTIALS_FULL_URI", &refusing.url("http"));
    probe.run().expect(FaultClass::ExpiredLogin, &["HTTP 403", "role of the task"]);
    let probe = probe.with("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://192.0.2.1/");
    probe.run().expect(FaultClass::Misconfigured, &["allowed IP address"]);
}

const SSO: &str = "[profile work]\nsso_session = corp\nsso_account_id = 111122223333\n\
    sso_role_name = dev\n[sso-session corp]\nsso_region = eu-west-1\n\
    sso_start_url = https://corp.awsapps.com/start\n\
    [profile via]\nrole_arn = arn:aws:iam::111122223333:role/r\nsource_profile = work\n";

/// The file that the session `corp` has its token in: the SHA-1 of its name.
const SSO_CACHE: &str = ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json";

fn token(expires: &str) -> String {
    format!(r#"{{"accessToken":"canary","expiresAt":"{expires}","region":"eu-west-1"}}"#)
}

#[test]
fn an_expired_sso_login_names_the_command_that_renews_it() {
    let kms = kms();
    let user = || nobody(&kms).with_file(".aws/config", SSO).with("AWS_PROFILE", "work");
    let command = "`aws sso login --profile work`";
    let expired = user().with_file(SSO_CACHE, &token("2020-01-01T00:00:00Z"));
    expired.run().expect(FaultClass::ExpiredLogin, &["kms:DescribeKey", command]);
    user().run().expect(FaultClass::ExpiredLogin, &["never made", command]);
    let through_role = expired.with("AWS_PROFILE", "via");
    through_role.run().expect(FaultClass::ExpiredLogin, &[command]);
}

#[test]
fn an_sso_login_works_and_its_refusals_are_told_apart() {
    let kms = kms();
    let run = |status, body: &'static str| {
        let sso = Server::http(move |_, _| Reply::json(status, body));
        nobody(&kms)
            .with_file(".aws/config", SSO)
            .with_file(SSO_CACHE, &token("2126-01-01T00:00:00Z"))
            .with("AWS_PROFILE", "work")
            .with("AWS_ENDPOINT_URL_SSO", &sso.url("http"))
            .with("AWS_MAX_ATTEMPTS", "1")
            .run()
    };
    run(
        200,
        r#"{"roleCredentials":{"accessKeyId":"AKSSO","secretAccessKey":"s","sessionToken":"t",
        "expiration":4900000000000}}"#,
    )
    .expect_ok();
    assert_eq!(signer(&kms.seen()[0]), "AKSSO");
    let unauthorized = r#"{"__type":"UnauthorizedException","message":"Session token not valid"}"#;
    let command = "`aws sso login --profile work`";
    run(401, unauthorized).expect(FaultClass::ExpiredLogin, &[command]);
    let forbidden = r#"{"__type":"ForbiddenException","message":"No access"}"#;
    run(403, forbidden).expect(FaultClass::Denied, &["No access", "permission set"]);
    run(500, "{}").expect(FaultClass::Outage, &["sso:GetRoleCredentials"]);
}

#[test]
fn a_session_that_kms_no_longer_takes_is_an_expired_login() {
    for code in ["ExpiredTokenException", "UnrecognizedClientException"] {
        let kms = Server::http(move |_, _| Reply::error(400, code, "canary"));
        let outcome = Probe::of_kms(&kms.url("http")).run();
        outcome.expect(FaultClass::ExpiredLogin, &[code, "req-4711", "log in again"]);
    }
}
