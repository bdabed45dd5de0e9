//! The local-KEK mode: what an outage and a revocation are to it.

use sealkit_rig::{Effect, FaultRule, KeyState, Operation};
use tonic::Code;

use super::*;
use crate::keys::LocalKekSettings;

/// A socket in local-KEK mode whose KEK is in memory, and what it encrypted in direct mode before: the cache holds
/// nothing, so that it is asked of KMS.
async fn carrying() -> (Rig, v2::EncryptResponse) {
    let rig = Rig::start().await;
    rig.until("ok", 5).await;
    let direct = rig.encrypt("uid-0").await.unwrap();
    let local_kek = Some(LocalKekSettings::default());
    let settings = KeySetSettings { local_kek, cache_entries: 0, ..settings(&rig.key) };
    rig.socket.install(rig.socket.prepare(&settings, &rig.clients).await.unwrap());
    for _ in 0..100 {
        if rig.metric("seal_kms_plugin_restart_carried{socket=\"/run/a.sock\"}") == Some(1.0) {
            return (rig, direct);
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("no KEK was made: {}", rig.metrics_text());
}

#[tokio::test]
async fn an_outage_is_carried_for_both_apis() {
    let (rig, _) = carrying().await;
    rig.aws.inject(FaultRule::new(Effect::Status(503)));
    let sealed = rig.encrypt("uid-1").await.unwrap();
    assert_eq!(rig.decrypt(&sealed, "uid-2").await.unwrap(), SECRET);
    let cipher = rig.encrypt_v1().await.unwrap();
    assert_eq!(rig.decrypt_v1(&cipher).await.unwrap(), SECRET);
    assert_eq!(rig.says().await, "ok");
    let memory = |operation: &str| {
        let labels = format!("api=\"v2\",operation=\"{operation}\",socket=\"/run/a.sock\"");
        rig.metric(&format!("seal_kms_plugin_served_from_memory_total{{{labels}}}"))
    };
    assert_eq!((memory("encrypt"), memory("decrypt")), (Some(1.0), Some(1.0)));
    let lines = rig.audit_lines();
    let made = lines.iter().find(|line| line["operation"] == "kms:GenerateDataKey").unwrap();
    for operation in ["encrypt", "decrypt"] {
        let uses = lines.iter().find(|line| line["operation"] == operation).unwrap();
        assert_eq!((&uses["count"], &uses["request_id"]), (&2.into(), &made["request_id"]), "{operation}");
    }
}

#[tokio::test]
async fn a_kek_does_not_outlive_its_key() {
    let (rig, direct) = carrying().await;
    let sealed = rig.encrypt("uid-1").await.unwrap();
    rig.aws.kms().set_state(&rig.key, KeyState::Disabled);
    // Traffic that fails wakes the prober.
    assert_eq!(rig.decrypt(&direct, "uid-1").await.unwrap_err().code(), Code::FailedPrecondition);
    rig.until_probes_say("FailedPrecondition", 20).await;
    assert_eq!(rig.encrypt("uid-2").await.unwrap_err().code(), Code::FailedPrecondition);
    assert_eq!(rig.encrypt_v1().await.unwrap_err().code(), Code::FailedPrecondition);
    rig.next_probe().await;
    rig.next_probe().await;
    assert_eq!(rig.decrypt(&sealed, "uid-3").await.unwrap_err().code(), Code::FailedPrecondition, "it is flushed");
    rig.aws.kms().set_state(&rig.key, KeyState::Enabled);
    rig.until_probes_say("ok", 30).await;
    assert_eq!(rig.decrypt(&sealed, "uid-4").await.unwrap(), SECRET);
}

#[tokio::test]
async fn a_kek_that_cannot_be_made_is_unhealthy_though_probes_succeed() {
    let rig = Rig::start().await;
    rig.until("ok", 5).await;
    rig.aws.kms().deny(Operation::GenerateDataKey, None);
    let settings = KeySetSettings { local_kek: Some(LocalKekSettings::default()), ..settings(&rig.key) };
    rig.socket.install(rig.socket.prepare(&settings, &rig.clients).await.unwrap());
    rig.until("err: no-local-kek", 5).await;
    assert_eq!(rig.encrypt("uid-1").await.unwrap_err().code(), Code::PermissionDenied);
    let series = "seal_kms_plugin_unwell_reason{reason=\"no-local-kek\",socket=\"/run/a.sock\"}";
    assert_eq!(rig.metric(series), Some(1.0));
    rig.aws.kms().allow_all();
    rig.until_probes_say("ok", 35).await;
    rig.encrypt("uid-2").await.unwrap();
}
