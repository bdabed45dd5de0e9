//! What no key could decrypt is refused without asking KMS.

use std::collections::HashMap;

use sealkit_rig::{Operation, Sealed};
use tonic::Code;

use crate::scene::{Scene, UID, eventually, until_ok};

const ANNOTATION: &str = "wrapped-kek.kms.sealkit.io";

#[tokio::test(flavor = "multi_thread")]
async fn malformed_ciphertexts_cost_no_kms_call() {
    let scene = Scene::new();
    for (plan, encrypts) in [(scene.direct(), 1), (scene.local_kek(), 0)] {
        scene.aws.calls().reset();
        let plugin = plan.start();
        until_ok(&plugin).await;
        let client = plugin.client();
        // The local KEK is made a moment after the start; that call is none of these ciphertexts'.
        client.encrypt(b"a seed", UID).await.unwrap();
        // Nor is that of a probe which has still to decrypt what it encrypted.
        let calls = |operation| scene.calls(operation);
        eventually("no probe is under way", async || calls(Operation::Encrypt) <= calls(Operation::Decrypt) + encrypts)
            .await;
        scene.aws.calls().reset();
        let kek = [b"SLKK\x02".as_slice(), &[7; 16], &[8; 12], &[9; 48]].concat();
        for (what, ciphertext, wrapped) in [
            ("empty", Vec::new(), None),
            ("without a known prefix", b"2blob".to_vec(), None),
            ("oversized", [b"1".as_slice(), &[1; 1024]].concat(), None),
            ("a local KEK's, without its annotation", kek.clone(), None),
            ("a local KEK's, with a wrapped KEK of another id", kek.clone(), Some(vec![1; 200])),
            ("a local KEK's, cut off", kek[..30].to_vec(), Some(vec![1; 200])),
            ("of an unknown form", [b"SLKK\x09".as_slice(), &[7; 60]].concat(), Some(vec![1; 200])),
        ] {
            let annotations: HashMap<_, _> = wrapped.map(|kek| (ANNOTATION.to_owned(), kek)).into_iter().collect();
            let sealed = Sealed { ciphertext, key_id: scene.key.clone(), annotations };
            let refused = client.decrypt(&sealed, UID).await.unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument, "v2, {what}: {refused}");
            assert!(!refused.message().is_empty(), "v2, {what}");
        }
        for (what, ciphertext) in [
            ("empty", Vec::new()),
            ("oversized", vec![1; 6146]),
            ("a local KEK's, cut off", b"SLKK\x01\x00".to_vec()),
            ("a local KEK's without a KEK", [b"SLKK\x01\x00\x00".as_slice(), &[7; 60]].concat()),
            ("of v2", kek),
        ] {
            let refused = client.v1_decrypt(&ciphertext).await.unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument, "v1, {what}: {refused}");
        }
        assert_eq!(client.encrypt(&[0; 4097], UID).await.unwrap_err().code(), Code::InvalidArgument);
        assert_eq!(scene.decrypts_apart_from_probes(), 0, "{:?}", scene.aws.calls().log());
        assert_eq!(scene.calls(Operation::GenerateDataKey), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_ciphertexts_are_the_callers_mistake_and_change_no_health() {
    let scene = Scene::new();
    for plan in [scene.direct(), scene.local_kek()] {
        let plugin = plan.start();
        until_ok(&plugin).await;
        let client = plugin.client();
        let mut v1 = client.v1_encrypt(b"a DEK").await.unwrap();
        *v1.last_mut().unwrap() ^= 1;
        let mut v2 = client.encrypt(b"a seed", UID).await.unwrap();
        *v2.ciphertext.last_mut().unwrap() ^= 1;
        for _ in 0..20 {
            assert_eq!(client.v1_decrypt(&v1).await.unwrap_err().code(), Code::InvalidArgument);
            assert_eq!(client.decrypt(&v2, UID).await.unwrap_err().code(), Code::InvalidArgument);
            assert_eq!(client.status().await.unwrap().healthz, "ok");
        }
    }
}
