//! Credentials of one source alone, of roles, and those that are found anew.

use sealkit_aws::FaultClass;

use crate::logins::{ASSUMED, WEB_IDENTITY, kms, nobody, pod, signer};
use crate::probe::Probe;
use crate::server::{Reply, Server};

const ROLE: &str = "arn:aws:iam::111122223333:role/r";

fn agent() -> Server {
    Server::http(|_, before| {
        let expiry = "2126-01-01T00:00:00Z";
        let key = if before == 0 { "AKFIRST" } else { "AKSECOND" };
        let body = format!(r#"{{"AccessKeyId":"{key}","SecretAccessKey":"s","Token":"t","Expiration":"{expiry}"}}"#);
        Reply::json(200, &body)
    })
}

/// With the token file of EKS Pod Identity.
fn with_agent(probe: Probe, agent: &Server) -> Probe {
    let probe = probe.with_file("agent-token", "canary-agent-token");
    let path = probe.path("agent-token").to_str().unwrap().to_owned();
    let uri = format!("{}/v1/credentials", agent.url("http"));
    probe.with("AWS_CONTAINER_CREDENTIALS_FULL_URI", &uri).with("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &path)
}

#[test]
fn each_source_is_taken_alone_whatever_else_there_is() {
    let (sts, agent) = (Server::http(|_, _| Reply::json(200, WEB_IDENTITY)), agent());
    for (source, expected) in [("chain", "AKIDEXAMPLE"), ("web-identity", "AKWEB"), ("container", "AKFIRST")] {
        let kms = kms();
        with_agent(pod(&kms, &sts), &agent).with_keys().with("PROBE_CREDENTIALS", source).run().expect_ok();
        assert_eq!(signer(&kms.seen()[0]), expected);
    }
    assert!(sts.seen()[0].body.contains("WebIdentityToken=canary-token"));
    assert_eq!(agent.seen()[0].header("authorization"), Some("canary-agent-token"));
}

#[test]
fn a_source_that_is_not_there_is_named_and_no_other_one_asked() {
    let kms = kms();
    let run = |source| nobody(&kms).with_keys().with("PROBE_CREDENTIALS", source).run();
    run("web-identity")
        .expect(FaultClass::NoCredentials, &["AWS_WEB_IDENTITY_TOKEN_FILE", "eks.amazonaws.com/role-arn"]);
    run("container").expect(FaultClass::NoCredentials, &["AWS_CONTAINER_CREDENTIALS_FULL_URI", "association"]);
    assert_eq!(kms.seen().len(), 0);
}

#[test]
fn an_endpoint_that_is_not_the_agents_stays_where_it_is() {
    let (kms, agent) = (kms(), agent());
    with_agent(nobody(&kms), &agent).with("PROBE_CREDENTIALS", "container-ipv6").run().expect_ok();
    assert_eq!(signer(&kms.seen()[0]), "AKFIRST");
}

#[test]
fn a_role_is_assumed_under_a_session_name() {
    let (kms, sts) = (kms(), Server::http(|_, _| Reply::json(200, ASSUMED)));
    let probe = nobody(&kms).with_keys().with("AWS_ENDPOINT_URL_STS", &sts.url("http"));
    probe.with("PROBE_ROLE", ROLE).run().expect_ok();
    let asked = &sts.seen()[0];
    assert!(asked.body.contains("RoleSessionName=pod-1") && asked.body.contains("role%2Fr"), "{}", asked.body);
    assert_eq!(signer(asked), "AKIDEXAMPLE");
    assert_ne!(signer(&kms.seen()[0]), "AKIDEXAMPLE");
}

#[test]
fn credentials_that_are_not_taken_any_more_are_found_anew() {
    let agent = agent();
    let kms = Server::http(|request, _| match signer(request).as_str() {
        "AKFIRST" => Reply::error(400, "ExpiredTokenException", "expired"),
        _ => Reply::key(),
    });
    let probe = with_agent(nobody(&kms), &agent);
    probe.run().expect(FaultClass::ExpiredLogin, &["ExpiredTokenException"]);
    let agent = self::agent();
    with_agent(probe, &agent).with("PROBE_RENEWS", "1").run().expect_ok();
    assert_eq!(agent.seen().len(), 2);
}
