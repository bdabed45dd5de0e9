use super::*;

const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

fn fault(code: &str, message: &str, status: u16) -> Fault {
    use aws_smithy_runtime_api::http::{Response, StatusCode};
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    let mut response = Response::new(StatusCode::try_from(status).expect("a status"), SdkBody::empty());
    response.headers_mut().insert("x-amzn-requestid", "7a1b");
    let error = ErrorMetadata::builder().code(code).message(message).build();
    Fault::from_sdk("kms:Decrypt", KEY, Some("eu-west-1"), &SdkError::service_error(error, response))
}

#[test]
fn codes_of_kms_have_their_classes() {
    for (code, status, class) in [
        ("AccessDeniedException", 400, FaultClass::Denied),
        ("DisabledException", 400, FaultClass::Revoked),
        ("KMSInvalidStateException", 400, FaultClass::Revoked),
        ("KeyUnavailableException", 500, FaultClass::Outage),
        ("NotFoundException", 400, FaultClass::Absent),
        ("ThrottlingException", 400, FaultClass::Throttled),
        ("LimitExceededException", 400, FaultClass::Throttled),
        ("KMSInternalException", 500, FaultClass::Outage),
        ("DependencyTimeoutException", 500, FaultClass::Outage),
        ("ExpiredTokenException", 400, FaultClass::ExpiredLogin),
        ("UnrecognizedClientException", 400, FaultClass::ExpiredLogin),
        ("InvalidCiphertextException", 400, FaultClass::Refused),
        ("IncorrectKeyException", 400, FaultClass::Refused),
        ("SomethingNew", 503, FaultClass::Outage),
        ("SomethingNew", 429, FaultClass::Throttled),
        ("SomethingNew", 400, FaultClass::Refused),
    ] {
        assert_eq!(fault(code, "", status).class(), class, "{code} {status}");
    }
}

#[test]
fn the_text_names_action_key_region_request_and_next_step() {
    let text =
        fault("AccessDeniedException", "User: arn:aws:iam::111122223333:user/a is not authorized", 400).to_string();
    for part in ["kms:Decrypt", KEY, "eu-west-1", "request id 7a1b", "not authorized", "key policy"] {
        assert!(text.contains(part), "{text:?} lacks {part:?}");
    }
    assert_eq!(text.lines().count(), 1);
}

#[test]
fn messages_that_may_echo_input_or_tokens_are_left_out() {
    let secret = "canary-4711";
    for code in ["ValidationException", "InvalidSignatureException", "SignatureDoesNotMatch", "SomethingNew"] {
        let fault = fault(code, secret, 400);
        assert!(!fault.to_string().contains(secret) && !format!("{fault:?}").contains(secret), "{code}");
    }
}

#[test]
fn only_outage_and_throttling_let_another_region_answer() {
    assert!(FaultClass::Outage.is_failover_worthy() && FaultClass::Throttled.is_failover_worthy());
    assert!(!FaultClass::Revoked.is_failover_worthy() && !FaultClass::Denied.is_failover_worthy());
}

#[test]
fn a_message_stays_on_one_line_and_of_bounded_length() {
    let message = format!("a\n\u{1b}[2J\u{202e}it's {}", "x".repeat(5000));
    let text = fault("AccessDeniedException", &message, 400).to_string();
    assert!(text.contains(r"a\n\u{1b}[2J\u{202e}it's x") && text.len() < 1200, "{text}");
}

#[test]
fn a_denied_key_behind_a_secret_is_told_as_such() {
    let message = format!(
        "User: arn:aws:sts::111122223333:assumed-role/app/pod is not authorized to perform: \
         kms:Decrypt on resource: {KEY} because no identity-based policy allows the kms:Decrypt action"
    );
    for (message, key) in [(message.as_str(), KEY), ("Access to KMS is not allowed", "the customer managed key")] {
        let code = "AccessDeniedException";
        let fault = Fault::from_code("secretsmanager:GetSecretValue", "prod/db", None, code, Some(message));
        assert_eq!((fault.class(), fault.code()), (FaultClass::Denied, Some(code)));
        let hint = fault.hint();
        assert!(hint.contains(&format!("allow kms:Decrypt on {key} in")) && hint.contains("key policy"), "{hint}");
    }
}
