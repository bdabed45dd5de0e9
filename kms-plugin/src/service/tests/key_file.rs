//! What is told of a key file, which is no call to AWS.

use std::os::unix::fs::PermissionsExt as _;

use sealkit_envelope::keyring::local_key::LocalKey;

use super::*;

#[tokio::test]
async fn a_key_file_is_no_call_to_aws_in_audit_lines_and_metrics() {
    let mut rig = Rig::start().await;
    let file = rig.dir.path().join("demo");
    let local = LocalKey::generate("demo".parse().unwrap()).ok().unwrap();
    std::fs::write(&file, local.serialize().expose_secret()).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    rig.key = format!("local:{}", file.display());
    rig.socket.install(rig.socket.prepare(&settings(&rig.key), &rig.clients).await.unwrap());
    rig.until("ok", 5).await;
    let sealed = rig.encrypt("uid-1").await.unwrap();
    assert_eq!(rig.decrypt(&sealed, "uid-2").await.unwrap(), SECRET);
    let evicted = rig.socket.keys().flush(&format!("local:{}", local.key_name()));
    assert_eq!(evicted.unwraps, 1);
    assert_eq!(rig.decrypt(&sealed, "uid-3").await.unwrap(), SECRET);

    let text = rig.metrics_text();
    assert!(!text.lines().any(|line| line.contains("kms_calls_total") && line.contains("local:")), "{text}");
    assert!(!text.lines().any(|line| line.contains("kms_operation") && line.contains("local:")), "{text}");
    for (metric, count) in [("encrypt", 1.0), ("decrypt", 2.0)] {
        let labels = format!("api=\"v2\",operation=\"{metric}\",socket=\"/run/a.sock\"");
        assert_eq!(rig.metric(&format!("seal_kms_plugin_served_from_memory_total{{{labels}}}")), Some(count));
    }
    for carried in ["writes", "restart"] {
        assert_eq!(rig.metric(&format!("seal_kms_plugin_{carried}_carried{{socket=\"/run/a.sock\"}}")), Some(1.0));
    }
    let lines = rig.audit_lines();
    let local_key = format!("local:{}", local.key_name());
    let of_file: Vec<_> = lines.iter().filter(|line| line.to_string().contains("local")).collect();
    assert_eq!(of_file.len(), 2, "{lines:#?}");
    for (operation, count) in [("encrypt", 1), ("decrypt", 2)] {
        let line = of_file.iter().find(|line| line["operation"] == operation).unwrap();
        assert_eq!((line["key"].as_str(), &line["count"]), (Some(&*local_key), &count.into()), "{line}");
        assert_eq!((&line["cached"], line.get("region")), (&true.into(), None), "{line}");
    }
}
