//! KMS throttles everything, then stops: nobody is stormed, and it recovers by itself.

use std::time::{Duration, Instant};

use sealkit_rig::{Effect, FaultRule, Operation};
use tonic::Code;

use crate::scene::{Scene, UID, is_long, until_ok};

/// RPCs a second: an apiserver that lists and writes all the time.
const RATE: u32 = 20;

#[tokio::test(flavor = "multi_thread")]
async fn throttling_makes_no_storm_and_is_recovered_from() {
    let scene = Scene::new();
    let sealed = scene.direct().start().client().encrypt(b"a seed", UID).await.unwrap();
    let plugin = scene.direct().start();
    until_ok(&plugin).await;
    let client = plugin.client();
    scene.aws.calls().reset();
    scene.aws.inject(FaultRule::new(Effect::Throttle));
    let lasts = Duration::from_secs(if is_long() { 300 } else { 10 });
    let (begin, mut calls) = (Instant::now(), Vec::new());
    while begin.elapsed() < lasts {
        let (client, sealed) = (client.clone(), sealed.clone());
        calls.push(tokio::spawn(async move { client.decrypt(&sealed, UID).await }));
        tokio::time::sleep(Duration::from_secs(1) / RATE).await;
    }
    let rpcs = calls.len() as u64;
    for call in calls {
        let refused = call.await.unwrap().unwrap_err();
        assert!(matches!(refused.code(), Code::ResourceExhausted | Code::DeadlineExceeded), "{refused}");
    }
    let asked = scene.calls(Operation::Decrypt) + scene.calls(Operation::Encrypt);
    // Retries are paid from a bucket that success alone refills: at first three attempts a call, then none. Calls that
    // wait for better times are sent again one at a time, each tenth of a second at most.
    let (bucket, again) = (200, 10 * lasts.as_secs());
    assert!(asked <= rpcs + bucket + again, "{asked} calls to KMS for {rpcs} RPCs");

    scene.aws.clear_faults();
    until_ok(&plugin).await;
    assert_eq!(client.decrypt(&sealed, UID).await.unwrap(), b"a seed");
    client.encrypt(b"new", UID).await.unwrap();
}
