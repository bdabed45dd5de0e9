//! What aws-encryption-provider wrote is read, and what direct mode writes it reads.

use aws_sdk_kms::primitives::Blob;
use sealkit_rig::Sealed;
use tonic::Code;

use crate::scene::{Scene, UID, until_ok};

/// A client of the KMS itself.
fn kms(scene: &Scene) -> aws_sdk_kms::Client {
    use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region};
    let config = aws_sdk_kms::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(scene.aws.url())
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .build();
    aws_sdk_kms::Client::from_conf(config)
}

#[tokio::test(flavor = "multi_thread")]
async fn direct_mode_writes_and_reads_the_bytes_of_aws_encryption_provider() {
    let scene = Scene::new();
    let plugin = scene.direct().with(["--encryption-context", "cluster=a,stage=b"]).start();
    let (client, kms) = (plugin.client(), kms(&scene));
    let open = |blob: &[u8]| {
        let call = kms.decrypt().ciphertext_blob(Blob::new(blob));
        call.encryption_context("cluster", "a").encryption_context("stage", "b").send()
    };
    let v1 = client.v1_encrypt(b"a DEK").await.unwrap();
    let v2 = client.encrypt(b"a seed", UID).await.unwrap();
    assert_eq!(v2.key_id, scene.key, "the key_id is the flag, verbatim");
    assert!(v2.annotations.is_empty());
    for (ciphertext, plaintext) in [(&v1, b"a DEK".as_slice()), (&v2.ciphertext, b"a seed")] {
        let blob = ciphertext.strip_prefix(b"1").expect("the mark");
        assert_eq!(open(blob).await.unwrap().plaintext.unwrap().into_inner(), plaintext);
    }

    let call = kms.encrypt().key_id(&scene.key).plaintext(Blob::new(*b"from there"));
    let call = call.encryption_context("cluster", "a").encryption_context("stage", "b");
    let blob = call.send().await.unwrap().ciphertext_blob.unwrap().into_inner();
    let marked = [b"1", blob.as_slice()].concat();
    assert_eq!(client.v1_decrypt(&marked).await.unwrap(), b"from there");
    assert_eq!(client.v1_decrypt(&blob).await.unwrap(), b"from there", "v1 reads it without the mark too");
    let foreign = |ciphertext| Sealed { ciphertext, key_id: scene.key.clone(), annotations: [].into() };
    assert_eq!(client.decrypt(&foreign(marked), UID).await.unwrap(), b"from there");
    assert_eq!(client.decrypt(&foreign(blob), UID).await.unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_is_the_key_id_as_it_was_typed() {
    let scene = Scene::new();
    scene.aws.kms().set_alias("alias/cluster", &scene.key);
    let scene = Scene { key: "alias/cluster".to_owned(), ..scene };
    let plugin = scene.direct().start();
    until_ok(&plugin).await;
    assert_eq!(plugin.client().status().await.unwrap().key_id, "alias/cluster");
    assert_eq!(plugin.client().encrypt(b"a seed", UID).await.unwrap().key_id, "alias/cluster");
}

#[tokio::test(flavor = "multi_thread")]
async fn both_modes_read_what_either_wrote() {
    let scene = Scene::new();
    let (direct, kek) = (scene.direct().start(), scene.local_kek().start());
    for (writer, reader) in [(&direct, &kek), (&kek, &direct)] {
        let v1 = writer.client().v1_encrypt(b"a DEK").await.unwrap();
        assert_eq!(reader.client().v1_decrypt(&v1).await.unwrap(), b"a DEK");
        let v2 = writer.client().encrypt(b"a seed", UID).await.unwrap();
        assert_eq!(reader.client().decrypt(&v2, UID).await.unwrap(), b"a seed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn its_metrics_and_endpoints_are_there() {
    let scene = Scene::new();
    let plugin = scene.direct().start();
    until_ok(&plugin).await;
    for _ in 0..3 {
        plugin.client().encrypt(b"a seed", UID).await.unwrap();
    }
    let labels = [("key_arn", scene.key.as_str()), ("status", "success"), ("operation", "encrypt"), ("version", "v2")];
    assert_eq!(plugin.metric("aws_encryption_provider_kms_operations_total", &labels), Some(3.0));
    assert_eq!(plugin.metric("aws_encryption_provider_kms_operation_latency_ms_count", &labels), Some(3.0));
    for path in ["/livez", "/healthz", "/readyz"] {
        assert_eq!(plugin.get(path).unwrap().0, 200, "{path}");
    }
}
