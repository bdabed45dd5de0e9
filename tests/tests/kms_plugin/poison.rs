//! One object that cannot be decrypted, read again and again, is that object's trouble alone.

use std::time::{Duration, Instant};

use sealkit_rig::{KeyState, Operation};
use tonic::Code;

use crate::scene::{Scene, UID, is_long, until_ok};

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_fails_for_ever_leaves_status_ok() {
    let scene = Scene::new();
    // Objects under keys that this cluster may no longer use.
    let kms = scene.aws.kms();
    let (denied, disabled) = (kms.create_key("us-east-1"), kms.create_key("us-east-1"));
    let mut poison = Vec::new();
    for key in [&denied, &disabled] {
        let other = sealkit_rig::kms_plugin::Plan::new(&scene.aws, key).start();
        poison.push(other.client().encrypt(b"a seed", UID).await.unwrap());
    }
    kms.deny(Operation::Decrypt, Some(&denied));
    kms.set_state(&disabled, KeyState::Disabled);

    for plan in [scene.direct(), scene.local_kek()] {
        let plugin = plan.start();
        until_ok(&plugin).await;
        let client = plugin.client();
        let (lasts, pause) = if is_long() { (600, 5000) } else { (8, 100) };
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(lasts) {
            for (sealed, code) in poison.iter().zip([Code::PermissionDenied, Code::FailedPrecondition]) {
                assert_eq!(client.decrypt(sealed, UID).await.unwrap_err().code(), code);
            }
            assert_eq!(client.status().await.unwrap().healthz, "ok");
            assert_eq!(plugin.get("/readyz").unwrap().0, 200);
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        let fresh = client.encrypt(b"another", UID).await.unwrap();
        assert_eq!(client.decrypt(&fresh, UID).await.unwrap(), b"another");
    }
}
