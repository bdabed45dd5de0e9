//! The committed vectors of `tests/vectors/`, read in one shot and as a stream.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sealkit_envelope::cmm::DefaultCmm;
use sealkit_envelope::{
    AlgorithmSuite, DecryptError, DecryptPolicy, Decryptor, EncryptionContext, Limits, UnverifiedHeader,
};
use sealkit_rig::AwsDouble;

use crate::ours::{context, kms_cmm, local_cmm, plaintext};

struct Vector {
    name: String,
    fields: BTreeMap<String, String>,
    message: Vec<u8>,
}

impl Vector {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let (head, body) = text.split_once("\n\n").unwrap();
        let field = |line: &str| line.split_once(": ").map(|(key, value)| (key.to_owned(), value.to_owned()));
        Self {
            name: path.file_name().unwrap().to_str().unwrap().to_owned(),
            fields: head.lines().map(|line| field(line).unwrap()).collect(),
            message: BASE64_STANDARD.decode(body.replace('\n', "")).unwrap(),
        }
    }

    fn decryptor(&self, aws: &AwsDouble) -> Decryptor {
        Decryptor::new(self.cmm(aws), DecryptPolicy::new())
    }

    fn cmm(&self, aws: &AwsDouble) -> DefaultCmm {
        match self.fields["key"].as_str() {
            "local" => local_cmm(&directory().join("demo.key")),
            arn => kms_cmm(&aws.url(), &aws.kms().seed_key(arn)),
        }
    }

    fn context(&self) -> EncryptionContext {
        let pairs: BTreeMap<String, String> = serde_json::from_str(&self.fields["context"]).unwrap();
        context(pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())))
    }
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

fn vectors(kind: &str) -> Vec<Vector> {
    let entries = fs::read_dir(directory().join(kind)).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "no {kind} vectors");
    paths.iter().map(|path| Vector::read(path)).collect()
}

/// Decrypts from a reader into `output`, which keeps what was released before an error.
async fn stream(decryptor: &Decryptor, message: &[u8], output: &mut Vec<u8>) -> Result<(), DecryptError> {
    let mut reader = message;
    let header = UnverifiedHeader::read_from(&mut reader, &Limits::default())?;
    let opening = decryptor.unwrap(header, &EncryptionContext::new()).await?;
    opening.run(reader, output).map(drop)
}

#[tokio::test]
async fn good_vectors_decrypt() {
    let aws = AwsDouble::start();
    for vector in vectors("good") {
        let name = &vector.name;
        let decryptor = vector.decryptor(&aws);
        let expected = plaintext(vector.fields["length"].parse().unwrap());
        let (found, header) = decryptor
            .decrypt(&vector.message, &vector.context())
            .await
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(found.expose_secret() == expected, "{name}: another plaintext");
        assert_eq!(format!("{:04x}", header.suite().id()), vector.fields["suite"], "{name}");
        assert_eq!(header.frame_length().to_string(), vector.fields["frame-length"], "{name}");
        for (key, value) in vector.context().iter() {
            assert_eq!(header.context().get(key), Some(value), "{name}");
        }
        let mut streamed = Vec::new();
        stream(&decryptor, &vector.message, &mut streamed).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(streamed == expected, "{name}: another plaintext from the stream");
    }
}

#[tokio::test]
async fn a_multi_region_vector_is_read_by_a_replica() {
    let aws = AwsDouble::start();
    let vector = vectors("good").into_iter().find(|vector| vector.fields["key"].contains("mrk-")).unwrap();
    let primary = aws.kms().seed_key(&vector.fields["key"]);
    let replica = aws.kms().replicate(&primary, "eu-west-1");
    aws.kms().delete(&primary);
    let decryptor = Decryptor::new(kms_cmm(&aws.url(), &replica), DecryptPolicy::new());
    decryptor.decrypt(&vector.message, &vector.context()).await.unwrap();
}

#[tokio::test]
async fn bad_vectors_fail_as_they_say() {
    let aws = AwsDouble::start();
    let whole = plaintext(129);
    let mut wrong = Vec::new();
    for vector in vectors("bad") {
        let decryptor = vector.decryptor(&aws);
        let one_shot = decryptor.decrypt(&vector.message, &EncryptionContext::new()).await.map(drop);
        let mut released = Vec::new();
        let streamed = stream(&decryptor, &vector.message, &mut released).await;
        let expected = vector.fields["expect"].as_str();
        for (face, result) in [("one shot", one_shot), ("stream", streamed)] {
            let found = result.as_ref().map_or_else(kind, |()| "success");
            if found != expected {
                wrong.push(format!("{} ({face}): {found} ({result:?}), not {expected}", vector.name));
            }
        }
        assert!(whole.starts_with(&released), "{}: plaintext that was never encrypted", vector.name);
        if UnverifiedHeader::parse(&vector.message, &Limits::default())
            .is_ok_and(|header| header.suite() == AlgorithmSuite::Aes256GcmHkdfSha512CommitKeyEcdsaP384)
        {
            assert!(released.len() < whole.len(), "{}: all released before its signature", vector.name);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn kind(error: &DecryptError) -> &'static str {
    match error {
        DecryptError::Header(_) => "header",
        DecryptError::Policy(_) => "policy",
        DecryptError::Keyring(_) => "no-data-key",
        DecryptError::CommitmentMismatch => "commitment-mismatch",
        DecryptError::NotAuthentic => "not-authentic",
        DecryptError::SignatureInvalid => "signature-invalid",
        DecryptError::Truncated { .. } => "truncated",
        DecryptError::TrailingBytes => "trailing-bytes",
        DecryptError::FrameOutOfSequence { .. } => "frame-out-of-sequence",
        DecryptError::FinalFrameTooLong { .. } => "frame-too-long",
        _ => "another error",
    }
}
