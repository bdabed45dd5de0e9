//! What is told of a key that a replica Region serves.

use sealkit_rig::{Effect, FaultRule};

use super::*;

const REPLICA: &str = "eu-west-1";
const DEGRADED: &str = "seal_kms_plugin_degraded{socket=\"/run/a.sock\"}";

#[tokio::test]
async fn a_failover_is_in_the_metrics_from_its_first_answer_on() {
    let mut rig = Rig::start().await;
    rig.key = rig.aws.kms().create_multi_region_key(&[REGION, REPLICA]);
    let write = KeySettings { replicas: vec![REPLICA.to_owned()], encrypt_failover: true, ..key(&rig.key) };
    let settings = KeySetSettings { write, ..settings(&rig.key) };
    rig.socket.install(rig.socket.prepare(&settings, &rig.clients).await.unwrap());
    rig.until("ok", 5).await;
    let failed_over = format!("seal_kms_plugin_failed_over{{key=\"{}\",socket=\"/run/a.sock\"}}", rig.key);
    assert_eq!((rig.metric(&failed_over), rig.metric(DEGRADED)), (Some(0.0), Some(0.0)));
    rig.aws.inject(FaultRule::new(Effect::Status(503)).in_region(REGION));
    rig.encrypt("uid-1").await.unwrap();
    assert_eq!((rig.metric(&failed_over), rig.metric(DEGRADED)), (Some(1.0), Some(1.0)));
    // A probe that the replica answers leaves it so.
    for _ in 0..8 {
        rig.next_probe().await;
        assert_eq!((rig.metric(&failed_over), rig.metric(DEGRADED)), (Some(1.0), Some(1.0)));
        assert_eq!(rig.says().await, "ok");
    }
    rig.aws.clear_faults();
    for _ in 0..8 {
        rig.next_probe().await;
    }
    assert_eq!((rig.metric(&failed_over), rig.metric(DEGRADED)), (Some(0.0), Some(0.0)));
}
