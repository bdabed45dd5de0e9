//! Region, endpoint, certificate authorities and the user agent.

use sealkit_aws::FaultClass;

use crate::probe::{KEY, Probe};
use crate::server::{Authority, Reply, Server};

fn kms() -> Server {
    Server::http(|_, _| Reply::key())
}

#[test]
fn the_region_comes_from_flag_environment_profile_in_this_order() {
    let kms = kms();
    let probe = Probe::of_kms(&kms.url("http")).with_file(".aws/config", "[default]\nregion = eu-central-1\n");
    let region = |probe: &Probe| probe.run().text.split(' ').next().unwrap().to_owned();
    assert_eq!(region(&probe), "eu-central-1");
    let probe = probe.with("AWS_DEFAULT_REGION", "eu-west-2");
    assert_eq!(region(&probe), "eu-west-2");
    let probe = probe.with("AWS_REGION", "eu-west-3");
    assert_eq!(region(&probe), "eu-west-3");
    let probe = probe.with("PROBE_REGION", "us-east-1");
    assert_eq!(region(&probe), "us-east-1");
    let scope = kms.seen().last().unwrap().header("authorization").unwrap().to_owned();
    assert!(scope.contains("/us-east-1/kms/"), "{scope}");
}

#[test]
fn settings_that_cannot_be_used_are_named() {
    let probe = || Probe::of_kms("http://127.0.0.1:1");
    probe().with("AWS_REGION", "eu west").run().expect_config_error(&["AWS_REGION", "eu west", "eu-west-1"]);
    probe()
        .with("PROBE_PROFILE", "prod")
        .with_file(".aws/config", "[profile dev]\nregion = eu-west-1\n")
        .run()
        .expect_config_error(&["prod", "--profile", "dev"]);
    probe().with("AWS_MAX_ATTEMPTS", "0").run().expect_config_error(&["AWS_MAX_ATTEMPTS", "from 1"]);
    probe()
        .with("AWS_CA_BUNDLE", "/nonexistent/ca.pem")
        .run()
        .expect_config_error(&["AWS_CA_BUNDLE", "/nonexistent/ca.pem"]);
    let empty = probe().with_file("ca.pem", "no certificate\n");
    let path = empty.path("ca.pem").to_str().unwrap().to_owned();
    empty.with("AWS_CA_BUNDLE", &path).run().expect_config_error(&["AWS_CA_BUNDLE", "BEGIN CERTIFICATE"]);
}

#[test]
fn an_endpoint_of_a_profile_or_a_service_is_used() {
    let (general, special) = (kms(), kms());
    let config = format!("[profile emulator]\nendpoint_url = {}\n", general.url("http"));
    let probe = Probe::new().with_keys().with("AWS_PROFILE", "emulator").with_file(".aws/config", &config);
    probe.run().expect_ok();
    assert_eq!(general.seen().len(), 1);
    probe.with("AWS_ENDPOINT_URL_KMS", &special.url("http")).run().expect_ok();
    assert_eq!((general.seen().len(), special.seen().len()), (1, 1));
}

#[test]
fn an_endpoint_of_the_programs_own_outranks_all_others() {
    let (asked, other) = (kms(), kms());
    let probe = Probe::of_kms(&other.url("http")).with("AWS_ENDPOINT_URL_KMS", &other.url("http"));
    probe.with("PROBE_ENDPOINT", &asked.url("http")).run().expect_ok();
    assert_eq!((asked.seen().len(), other.seen().len()), (1, 0));
    Probe::of_kms("http://127.0.0.1:1")
        .with("PROBE_ENDPOINT", "kms.internal")
        .run()
        .expect_config_error(&["kms.internal", "https://"]);
}

#[test]
fn the_source_is_sent_and_signed() {
    let kms = kms();
    let arn = "arn:aws:eks:eu-west-1:111122223333:cluster/blue";
    Probe::of_kms(&kms.url("http")).with("PROBE_SOURCE_ARN", arn).run().expect_ok();
    let request = &kms.seen()[0];
    assert_eq!(request.header("x-amz-source-arn"), Some(arn));
    assert_eq!(request.header("x-amz-source-account"), Some("111122223333"));
    let signed = request.header("authorization").unwrap();
    assert!(signed.contains("x-amz-source-account;x-amz-source-arn"), "{signed}");
}

#[test]
fn retries_end_where_the_bucket_is_empty() {
    let run = |tokens| {
        let kms = Server::http(|_, _| Reply::error(500, "KMSInternalException", "later"));
        let outcome = Probe::of_kms(&kms.url("http")).with("PROBE_RETRY_TOKENS", tokens).run();
        outcome.expect(FaultClass::Outage, &[]);
        kms.seen().len()
    };
    assert_eq!(run("1"), 1, "no retry can be paid");
    assert!(run("500") > 1);
}

#[test]
fn an_emulator_with_its_own_certificate_is_reached_through_aws_ca_bundle_alone() {
    let authority = Authority::new();
    let kms = Server::https(&authority, |_, _| Reply::key());
    let probe = Probe::of_kms(&kms.url("https")).with_file("ca.pem", &authority.pem());
    let path = probe.path("ca.pem").to_str().unwrap().to_owned();

    let probe = probe.without("SSL_CERT_FILE");
    probe.run().expect(FaultClass::Outage, &["TLS handshake", "AWS_CA_BUNDLE", KEY]);

    let probe = probe.with("SSL_CERT_FILE", &path);
    let outcome = probe.run();
    outcome.expect_ok();
    assert!(outcome.text.contains("SslCertFile"), "{}", outcome.text);

    let other = probe.with_file("other.pem", &Authority::new().pem());
    let wrong = other.path("other.pem").to_str().unwrap().to_owned();
    let probe = other.with("AWS_CA_BUNDLE", &wrong);
    probe.run().expect(FaultClass::Outage, &["TLS handshake", "AWS_CA_BUNDLE"]);
    probe.with("AWS_CA_BUNDLE", &path).run().expect_ok();
}

#[test]
fn a_config_file_alone_is_enough_for_an_emulator() {
    let authority = Authority::new();
    let kms = Server::https(&authority, |_, _| Reply::key());
    let probe = Probe::new().with_file("ca.pem", &authority.pem());
    let path = |name: &str| probe.path(name).to_str().unwrap().to_owned();
    let config = format!(
        "[default]\nregion = eu-west-1\nendpoint_url = {}\nca_bundle = {}\n\
         aws_access_key_id = AKID\naws_secret_access_key = canary\n",
        kms.url("https"),
        path("ca.pem")
    );
    let settings = path("settings");
    let probe = probe.with_file("settings", &config);
    probe.with("AWS_CONFIG_FILE", &settings).run().expect_ok();
}

#[test]
fn fips_and_an_endpoint_of_ones_own_contradict_each_other() {
    let outcome = Probe::of_kms("http://127.0.0.1:1").with("PROBE_FIPS", "true").run();
    outcome.expect(FaultClass::Misconfigured, &["FIPS"]);
}

#[test]
fn an_endpoint_that_is_no_url_is_a_wrong_setting() {
    let outcome = Probe::of_kms("kms.example.test").run();
    outcome.expect(FaultClass::Misconfigured, &["no request could be made", "endpoint"]);
}

#[test]
fn cloudtrail_sees_the_program_and_the_library() {
    let kms = kms();
    Probe::of_kms(&kms.url("http")).run().expect_ok();
    let request = &kms.seen()[0];
    let agent = request.header("user-agent").unwrap();
    assert!(agent.contains("app/probe-1.0") && agent.contains("lib/sealkit"), "{agent}");
}

#[test]
fn a_fault_names_request_id_and_what_to_allow() {
    let kms = Server::http(|_, _| Reply::error(400, "AccessDeniedException", "User x may not"));
    let outcome = Probe::of_kms(&kms.url("http")).run();
    let parts = ["kms:DescribeKey", KEY, "eu-west-1", "req-4711", "User x may not", "key policy"];
    outcome.expect(FaultClass::Denied, &parts);
    assert_eq!(kms.seen().len(), 1, "a denial is not retried");
}
