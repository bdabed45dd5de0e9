//! A key file in place of KMS: a test cluster without AWS.

use sealkit_rig::Sealctl;
use sealkit_rig::kms_plugin::{Plan, program};

use crate::scene::{UID, until_ok};

#[tokio::test(flavor = "multi_thread")]
async fn a_key_file_serves_a_cluster_without_aws() {
    let sealctl = Sealctl::new();
    let made = sealctl.command(["keygen", "cluster"]).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let key = format!("local:{}", sealctl.local_key_file().display());
    let plan = Plan::of(program(), "", &key);
    let plugin = plan.with_only(["--key", "{key}", "--listen", "{socket}", "--health-port", "{health}"]).start();
    until_ok(&plugin).await;
    let client = plugin.client();
    let v1 = client.v1_encrypt(b"a DEK").await.unwrap();
    let v2 = client.encrypt(b"a seed", UID).await.unwrap();
    assert_eq!(v2.key_id, key);
    let plugin = plugin.restart();
    until_ok(&plugin).await;
    let client = plugin.client();
    assert_eq!(client.v1_decrypt(&v1).await.unwrap(), b"a DEK");
    assert_eq!(client.decrypt(&v2, UID).await.unwrap(), b"a seed");
}
