//! What is answered, counted and audited.

use sealkit_rig::{Effect, FaultRule, Operation};
use tonic::Code;

use super::*;
use crate::server::Deadline;

#[tokio::test]
async fn both_apis_have_aeps_identity_and_bytes() {
    let rig = Rig::start().await;
    let status = rig.status().await.unwrap();
    assert_eq!((&*status.version, &*status.healthz, &*status.key_id), ("v2beta1", "ok", &*rig.key));
    let version = v1beta1::VersionRequest { version: "v1beta1".to_owned() };
    let version = rig.socket.v1().version(Request::new(version)).await.unwrap().into_inner();
    assert_eq!((&*version.version, &*version.runtime_name), ("v1beta1", "AWSKMS"));

    let sealed = rig.encrypt("uid-1").await.unwrap();
    assert_eq!((sealed.ciphertext[0], &sealed.key_id, sealed.annotations.len()), (b'1', &rig.key, 0));
    assert_eq!(rig.decrypt(&sealed, "uid-2").await.unwrap(), SECRET);
    let cipher = rig.encrypt_v1().await.unwrap();
    assert_eq!(cipher[0], b'1');
    assert_eq!(rig.decrypt_v1(&cipher).await.unwrap(), SECRET);
    assert_eq!(rig.decrypt_v1(&cipher[1..]).await.unwrap(), SECRET, "without AEP's prefix too");
}

#[tokio::test]
async fn another_version_of_the_api_is_refused() {
    let rig = Rig::start().await;
    for (version, code) in [("v1beta1", None), ("", None), ("v1", Some(Code::InvalidArgument))] {
        let request = v1beta1::VersionRequest { version: version.to_owned() };
        assert_eq!(rig.socket.v1().version(Request::new(request)).await.err().map(|it| it.code()), code, "{version}");
        let request = v1beta1::EncryptRequest { version: version.to_owned(), plain: SECRET.to_vec() };
        assert_eq!(rig.socket.v1().encrypt(Request::new(request)).await.err().map(|it| it.code()), code, "{version}");
    }
}

#[tokio::test]
async fn bad_input_is_an_invalid_argument_and_no_call() {
    let rig = Rig::start().await;
    rig.until("ok", 5).await;
    let calls = rig.aws.calls().total();
    let sealed = |ciphertext: &[u8]| v2::EncryptResponse {
        ciphertext: ciphertext.to_vec(),
        key_id: rig.key.clone(),
        annotations: HashMap::new(),
    };
    for ciphertext in [&b""[..], b"no prefix", &[b'1'; 7_000], b"SLKK\x02short"] {
        let status = rig.decrypt(&sealed(ciphertext), "uid-1").await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status}");
        assert_eq!(status.message().lines().count(), 1);
    }
    for cipher in [&b""[..], &[1; 7_000]] {
        assert_eq!(rig.decrypt_v1(cipher).await.unwrap_err().code(), Code::InvalidArgument);
    }
    assert_eq!(rig.aws.calls().total(), calls);
    assert_eq!(rig.decrypt(&sealed(b"1 not of KMS"), "uid-1").await.unwrap_err().code(), Code::InvalidArgument);
    assert_eq!(rig.says().await, "ok");
}

#[tokio::test]
async fn failures_of_kms_have_their_codes_and_texts_without_secrets() {
    let rig = Rig::start().await;
    rig.until("ok", 5).await;
    for (effect, code) in [
        (Effect::Status(503), Code::Unavailable),
        (Effect::Throttle, Code::ResourceExhausted),
        (error("DisabledException"), Code::FailedPrecondition),
        (error("KMSInvalidStateException"), Code::FailedPrecondition),
        (error("AccessDeniedException"), Code::PermissionDenied),
        (error("NotFoundException"), Code::NotFound),
        (error("ExpiredTokenException"), Code::Unauthenticated),
        (error("InvalidKeyUsageException"), Code::InvalidArgument),
    ] {
        rig.aws.inject(FaultRule::new(effect.clone()).on(Operation::Encrypt));
        let status = rig.encrypt("uid-1").await.unwrap_err();
        assert_eq!(status.code(), code, "{effect:?}");
        assert!(status.message().contains(&rig.key) && status.message().lines().count() == 1, "{status}");
        assert!(!status.message().contains("canary"), "{status}");
        rig.aws.clear_faults();
    }
    let text = rig.metrics_text();
    let series = |code: &str| {
        format!("seal_kms_plugin_rpcs_total{{api=\"v2\",code=\"{code}\",method=\"Encrypt\",socket=\"/run/a.sock\"}} ")
    };
    for (code, count) in [("Unavailable", 1), ("FailedPrecondition", 2), ("Unauthenticated", 1)] {
        assert!(text.contains(&format!("{}{count}\n", series(code))), "{code}");
    }
}

fn error(code: &str) -> Effect {
    Effect::Error(400, code.to_owned(), "as told".to_owned())
}

#[tokio::test]
async fn a_silent_kms_ends_inside_the_deadline() {
    let rig = Rig::start().await;
    rig.until("ok", 5).await;
    rig.aws.inject(FaultRule::new(Effect::Silence).on(Operation::Encrypt));
    let start = Instant::now();
    let mut request = Request::new(v2::EncryptRequest { plaintext: SECRET.to_vec(), uid: "uid-1".to_owned() });
    request.extensions_mut().insert(Deadline(start + Duration::from_millis(400)));
    let status = rig.socket.v2().encrypt(request).await.unwrap_err();
    assert!(matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded), "{status}");
    assert!(start.elapsed() < Duration::from_millis(450), "{:?}", start.elapsed());
}

#[tokio::test]
async fn aeps_metrics_count_kms_calls_of_traffic_alone() {
    let rig = Rig::start().await;
    rig.until("ok", 5).await;
    let sealed = rig.encrypt("uid-1").await.unwrap();
    for _ in 0..3 {
        rig.decrypt(&sealed, "uid-2").await.unwrap();
    }
    rig.encrypt_v1().await.unwrap();
    rig.aws.inject(FaultRule::new(Effect::Throttle).on(Operation::Encrypt));
    rig.encrypt_v1().await.unwrap_err();
    let tampered = v2::EncryptResponse { ciphertext: [&sealed.ciphertext[..], b"x"].concat(), ..sealed.clone() };
    rig.decrypt(&tampered, "uid-3").await.unwrap_err();

    let series = |status: &str, operation: &str, version: &str| {
        let key = &rig.key;
        let labels = format!("key_arn=\"{key}\",operation=\"{operation}\",status=\"{status}\",version=\"{version}\"");
        (
            rig.metric(&format!("aws_encryption_provider_kms_operations_total{{{labels}}}")),
            rig.metric(&format!("aws_encryption_provider_kms_operation_latency_ms_count{{{labels}}}")),
        )
    };
    let one = (Some(1.0), Some(1.0));
    assert_eq!(series("success", "encrypt", "v2"), one);
    assert_eq!(series("success", "encrypt", "v1"), one);
    assert_eq!(series("failure-throttle", "encrypt", "v1"), one);
    assert_eq!(series("failure-corruption", "decrypt", "v2"), one);
    assert_eq!(series("success", "decrypt", "v2"), (None, None), "served from memory, or of a probe");
    let buckets = rig.metrics_text();
    let buckets: Vec<_> = buckets
        .lines()
        .filter(|line| line.contains("latency_ms_bucket") && line.contains("success") && line.contains("v1"))
        .filter_map(|line| line.split("le=\"").nth(1)?.split('"').next())
        .collect();
    let expected: Vec<_> = (1..=14).map(|n| (1 << n).to_string()).chain(["+Inf".to_owned()]).collect();
    assert_eq!(buckets, expected);

    let memory = "seal_kms_plugin_served_from_memory_total{api=\"v2\",operation=\"decrypt\",socket=\"/run/a.sock\"}";
    assert_eq!(rig.metric(memory), Some(3.0));
    assert_eq!(rig.metric("seal_kms_plugin_rpcs_in_flight{socket=\"/run/a.sock\"}"), Some(0.0));
}

#[tokio::test]
async fn audit_lines_join_uid_key_and_request_id() {
    let rig = Rig::start().await;
    let sealed = rig.encrypt("uid-1").await.unwrap();
    rig.decrypt(&sealed, "uid-2").await.unwrap();
    rig.decrypt(&sealed, "uid-3").await.unwrap();
    rig.aws.inject(FaultRule::new(error("DisabledException")).on(Operation::Encrypt));
    rig.encrypt("uid-4").await.unwrap_err();
    let lines = rig.audit_lines();
    let one = |by: &dyn Fn(&serde_json::Value) -> bool| {
        let found: Vec<_> = lines.iter().filter(|line| by(line)).collect();
        assert_eq!(found.len(), 1, "{lines:#?}");
        found[0].clone()
    };
    let call = one(&|line| line["operation"] == "kms:Encrypt" && line["object"] == "uid-1");
    assert_eq!((call["key"].as_str(), call["outcome"].as_str()), (Some(&*rig.key), Some("ok")));
    let id = &call["request_id"];
    assert!(rig.aws.calls().log().iter().any(|call| Some(&*call.request_id) == id.as_str()), "it is KMS' own");
    let uses = one(&|line| line["operation"] == "decrypt" && line["cached"] == true);
    assert_eq!((&uses["count"], &uses["request_id"], uses["key"].as_str()), (&2.into(), id, Some(&*rig.key)));
    let failed = one(&|line| line["operation"] == "encrypt");
    assert_eq!((&failed["object"], &failed["class"]), (&"uid-4".into(), &"revoked".into()));
    let call = one(&|line| line["operation"] == "kms:Encrypt" && line["object"] == "uid-4");
    assert_eq!((&call["code"], &call["request_id"]), (&"DisabledException".into(), &failed["request_id"]));
    assert!(!serde_json::to_string(&lines).unwrap().contains("canary"));
}

#[tokio::test]
async fn no_secret_is_in_a_metric() {
    let rig = Rig::start().await;
    let sealed = rig.encrypt("canary-uid").await.unwrap();
    rig.decrypt(&sealed, "canary-uid").await.unwrap();
    rig.decrypt(&v2::EncryptResponse { key_id: "canary-key".into(), ..sealed }, "canary-uid").await.unwrap();
    rig.aws.inject(FaultRule::new(Effect::Status(503)));
    rig.encrypt("canary-uid").await.unwrap_err();
    assert!(!rig.metrics_text().contains("canary"));
}

#[tokio::test]
async fn a_request_that_is_given_up_is_counted() {
    let rig = Rig::start().await;
    rig.until("ok", 5).await;
    rig.aws.inject(FaultRule::new(Effect::Silence).on(Operation::Encrypt));
    assert!(tokio::time::timeout(Duration::from_millis(50), rig.encrypt("uid-1")).await.is_err());
    let series = "seal_kms_plugin_rpcs_total{api=\"v2\",code=\"abandoned\",method=\"Encrypt\",socket=\"/run/a.sock\"}";
    assert_eq!(rig.metric(series), Some(1.0));
    assert_eq!(rig.metric("seal_kms_plugin_rpcs_in_flight{socket=\"/run/a.sock\"}"), Some(0.0));
}
