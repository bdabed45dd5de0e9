//! Live interoperability with the official SDKs for Python, both directions.
//!
//! The Python side is `tests/interop/`; its environments are created on first use, which takes a minute.

mod cli;
mod moto;
mod peer;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use sealkit_envelope::cmm::Cmm;
use sealkit_envelope::{AlgorithmSuite, DecryptPolicy, Decryptor, Encryptor, FrameLength, UnverifiedHeader};
use sealkit_envelope::{EncryptionContext, Limits};
use sealkit_rig::moto::Moto;
use serde_json::json;
use tempfile::TempDir;

use crate::ours::{context, kms_cmm, local_cmm, plaintext};
use moto::create_key;
use peer::{Peer, PeerKey, Sdk};

const SUITES: [AlgorithmSuite; 2] =
    [AlgorithmSuite::Aes256GcmHkdfSha512CommitKey, AlgorithmSuite::Aes256GcmHkdfSha512CommitKeyEcdsaP384];

/// Frame lengths that both sides write.
const FRAMES: [u32; 4] = [128, 4096, 64 * 1024, 1024 * 1024];
/// Frame lengths that the SDKs for Python read but do not write: no multiples of 128.
const OUR_FRAMES: [u32; 2] = [1, 16];

const CONTEXT: [(&str, &str); 2] = [("app", "demo"), ("größe", "10 µm")];

/// Where aws-encryption-cli, the SDKs and moto find credentials: none of them are checked.
const CREDENTIALS: [(&str, &str); 3] =
    [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_DEFAULT_REGION", "us-east-1")];

/// Plaintext lengths around a frame's.
fn lengths(frame: u32) -> Vec<usize> {
    let frame = frame as usize;
    let mut lengths = vec![0, 1, frame - 1, frame, frame + 1, 2 * frame];
    lengths.sort_unstable();
    lengths.dedup();
    lengths
}

/// All messages that go back and forth between one peer and us, under one key.
struct Exchange {
    peer: Peer,
    peer_key: PeerKey,
    cmm: Arc<dyn Cmm>,
    scratch: TempDir,
}

impl Exchange {
    fn local(sdk: Sdk) -> Self {
        let key_file = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/demo.key");
        let cmm = Arc::new(local_cmm(&key_file));
        Self { peer: Peer::start(sdk, None), peer_key: PeerKey::Local(key_file), cmm, scratch: TempDir::new().unwrap() }
    }

    fn kms(sdk: Sdk, moto: &Moto, arn: String) -> Self {
        let cmm = Arc::new(kms_cmm(&moto.url(), &arn));
        let peer = Peer::start(sdk, Some(&moto.url()));
        Self { peer, peer_key: PeerKey::Kms(arn), cmm, scratch: TempDir::new().unwrap() }
    }

    async fn run(mut self) {
        let mut messages = 0;
        for suite in SUITES {
            for frame in OUR_FRAMES.into_iter().chain(FRAMES) {
                for length in lengths(frame) {
                    self.ours_to_theirs(suite, frame, length).await;
                    messages += 1;
                }
            }
            for frame in FRAMES {
                for length in lengths(frame) {
                    self.theirs_to_ours(suite, frame, length).await;
                    messages += 1;
                }
            }
        }
        self.theirs_refuses_another_context().await;
        println!("{messages} messages exchanged");
    }

    async fn ours_to_theirs(&mut self, suite: AlgorithmSuite, frame: u32, length: usize) {
        let case = format!("ours to theirs, {}, frame {frame}, length {length}", suite.name());
        let expected = plaintext(length);
        self.write_ours(suite, frame, &expected).await;
        self.decrypt_theirs(&CONTEXT).unwrap_or_else(|error| panic!("{case}: {error}"));
        assert!(fs::read(self.path("plaintext")).unwrap() == expected, "{case}: another plaintext");
    }

    async fn theirs_to_ours(&mut self, suite: AlgorithmSuite, frame: u32, length: usize) {
        let case = format!("theirs to ours, {}, frame {frame}, length {length}", suite.name());
        let expected = plaintext(length);
        fs::write(self.path("plaintext"), &expected).unwrap();
        let job = json!({
            "op": "encrypt", "key": self.peer_key.json(), "suite": format!("{:04x}", suite.id()), "frame_length": frame,
            "context": json_context(&CONTEXT), "input": self.path("plaintext"), "output": self.path("message"),
        });
        self.peer.run(&job).unwrap_or_else(|error| panic!("{case}: {error}"));
        let message = fs::read(self.path("message")).unwrap();
        let found = self.read_theirs(&message).await.unwrap_or_else(|error| panic!("{case}: {error}"));
        assert!(found == expected, "{case}: another plaintext");
    }

    async fn theirs_refuses_another_context(&mut self) {
        self.write_ours(SUITES[0], 128, b"secret").await;
        let refused = self.decrypt_theirs(&[("app", "other")]);
        assert!(refused.is_err(), "the peer ignores the context");
    }

    async fn write_ours(&self, suite: AlgorithmSuite, frame: u32, plaintext: &[u8]) {
        let encryptor =
            Encryptor::new(Arc::clone(&self.cmm)).with_suite(suite).with_frame_length(FrameLength::new(frame).unwrap());
        let sealing = encryptor.begin(&context(CONTEXT), None).await.unwrap();
        sealing.run(plaintext, fs::File::create(self.path("message")).unwrap()).unwrap();
    }

    async fn read_theirs(&self, message: &[u8]) -> Result<Vec<u8>, sealkit_envelope::DecryptError> {
        let decryptor = Decryptor::new(Arc::clone(&self.cmm), DecryptPolicy::new());
        let mut reader = message;
        let header = UnverifiedHeader::read_from(&mut reader, &Limits::default())?;
        let mut plaintext = Vec::new();
        // The whole context is given: stored, and equal.
        let context: EncryptionContext = context(CONTEXT);
        decryptor.unwrap(header, &context).await?.run(reader, &mut plaintext)?;
        Ok(plaintext)
    }

    fn decrypt_theirs(&mut self, context: &[(&str, &str)]) -> Result<(), String> {
        let job = json!({
            "op": "decrypt", "key": self.peer_key.json(), "context": json_context(context),
            "input": self.path("message"), "output": self.path("plaintext"),
        });
        self.peer.run(&job)
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.scratch.path().join(name)
    }
}

fn json_context(pairs: &[(&str, &str)]) -> serde_json::Value {
    pairs.iter().map(|&(key, value)| (key.to_owned(), value.into())).collect::<serde_json::Map<_, _>>().into()
}

#[tokio::test]
#[ignore = "needs Python"]
async fn sdk_3_exchanges_messages_under_a_local_key() {
    Exchange::local(Sdk::Three).run().await;
}

#[tokio::test]
#[ignore = "needs Python"]
async fn sdk_4_exchanges_messages_under_a_local_key() {
    Exchange::local(Sdk::Four).run().await;
}

#[tokio::test]
#[ignore = "needs Python"]
async fn sdk_3_exchanges_messages_under_a_kms_key() {
    let moto = Moto::start();
    let key = create_key(&moto).await;
    Exchange::kms(Sdk::Three, &moto, key).run().await;
}

#[tokio::test]
#[ignore = "needs Python"]
async fn sdk_4_exchanges_messages_under_a_kms_key() {
    let moto = Moto::start();
    let key = create_key(&moto).await;
    Exchange::kms(Sdk::Four, &moto, key).run().await;
}
