//! Attempts, waits and the deadline.

use std::time::Duration;

use sealkit_aws::FaultClass;

use crate::probe::Probe;
use crate::server::{Reply, Server};

fn throttled() -> Reply {
    Reply::error(400, "ThrottlingException", "Rate exceeded")
}

#[test]
fn throttling_is_retried_with_growing_random_waits() {
    let kms = Server::http(|_, _| throttled());
    let outcome = Probe::of_kms(&kms.url("http")).with("AWS_MAX_ATTEMPTS", "4").run();
    outcome.expect(FaultClass::Throttled, &["ThrottlingException", "req-4711", "try again later"]);
    let seen = kms.seen();
    assert_eq!(seen.len(), 4);
    for (pair, bound) in seen.windows(2).zip([200, 400, 800]) {
        // The bound of the wait, and what a busy machine may add.
        let waited = pair[1].at.duration_since(pair[0].at);
        assert!(waited < Duration::from_millis(bound + 1500), "{waited:?} of {bound} ms");
    }
}

#[test]
fn a_call_survives_passing_throttling_and_errors() {
    let kms = Server::http(|_, before| match before {
        0 => throttled(),
        1 => Reply::error(500, "KMSInternalException", "x"),
        2 => Reply::json(503, "<html>a load balancer</html>"),
        _ => Reply::key(),
    });
    Probe::of_kms(&kms.url("http")).run().expect_ok();
    assert_eq!(kms.seen().len(), 4);
}

#[test]
fn silence_ends_at_the_deadline() {
    let kms = Server::http(|_, _| Reply::Silence);
    let outcome = Probe::of_kms(&kms.url("http")).with("PROBE_DEADLINE", "900").run();
    outcome.expect(FaultClass::Outage, &["kms:DescribeKey", "no answer within 900ms", "network path"]);
    assert!(outcome.took < Duration::from_millis(3000), "{:?}", outcome.took);
    assert!(kms.seen().len() > 1, "a silent server is given up before the deadline");
}

#[test]
fn a_closed_port_is_an_outage() {
    let outcome = Probe::of_kms("http://127.0.0.1:1").run();
    outcome.expect(FaultClass::Outage, &["no answer from 127.0.0.1", "refused"]);
}

#[test]
fn an_unknown_host_is_an_outage() {
    let probe = Probe::of_kms("https://kms.invalid").with("AWS_MAX_ATTEMPTS", "1");
    let outcome = probe.with("PROBE_DEADLINE", "3000").run();
    outcome.expect(FaultClass::Outage, &["no answer from kms.invalid", "DNS"]);
}

#[test]
fn an_answer_without_end_is_cut_off() {
    let kms = Server::http(|_, _| match Reply::key() {
        // A valid answer, were it not for what precedes it.
        Reply::Answer { status, body } => Reply::Answer { status, body: " ".repeat(64 << 20) + &body },
        silence @ Reply::Silence => silence,
    });
    let outcome = Probe::of_kms(&kms.url("http")).with("AWS_MAX_ATTEMPTS", "1").run();
    outcome.expect(FaultClass::Outage, &["kms:DescribeKey", "not one of the service's"]);
}
