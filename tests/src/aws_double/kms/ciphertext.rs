//! The ciphertext blob: it names its key, and authenticates that name and the encryption context.
//!
//! `01 | u16 length of the lineage | lineage | iv[12] | AES-256-GCM ciphertext and tag`, with everything
//! before the IV and the serialized context as associated data.

use std::collections::BTreeMap;

use aes_gcm::Nonce;
use aes_gcm::aead::{Aead, Payload};

use super::key::Key;

const VERSION: u8 = 1;
const IV: usize = 12;

/// Encrypts `plaintext` under `key`.
pub(super) fn seal(key: &Key, plaintext: &[u8], context: &BTreeMap<String, String>) -> Vec<u8> {
    let mut iv = [0; IV];
    getrandom::fill(&mut iv).expect("the system gives random bytes");
    let mut blob = prefix(&key.arn.lineage());
    let aad = associated_data(&blob, context);
    let sealed = key
        .cipher
        .encrypt(&Nonce::from(iv), Payload { msg: plaintext, aad: &aad })
        .expect("at most 4,096 bytes are within the cipher's limits");
    blob.extend(iv);
    blob.extend(sealed);
    blob
}

/// The lineage of the key that a blob says it was encrypted under.
pub(super) fn lineage(blob: &[u8]) -> Option<&str> {
    let (&[version, high, low], rest) = blob.split_first_chunk()?;
    let lineage = rest.get(..usize::from(u16::from_be_bytes([high, low])))?;
    (version == VERSION).then(|| std::str::from_utf8(lineage).ok())?
}

/// Decrypts a blob under `key`; none if it, its context or its key was changed.
pub(super) fn open(key: &Key, blob: &[u8], context: &BTreeMap<String, String>) -> Option<Vec<u8>> {
    let (named, rest) = blob.split_at_checked(3 + lineage(blob)?.len())?;
    let (iv, sealed) = rest.split_first_chunk::<IV>()?;
    let aad = associated_data(named, context);
    key.cipher.decrypt(&Nonce::from(*iv), Payload { msg: sealed, aad: &aad }).ok()
}

fn prefix(lineage: &str) -> Vec<u8> {
    let length = u16::try_from(lineage.len()).expect("an ARN is short");
    [&[VERSION], length.to_be_bytes().as_slice(), lineage.as_bytes()].concat()
}

fn associated_data(named: &[u8], context: &BTreeMap<String, String>) -> Vec<u8> {
    let mut aad = named.to_vec();
    for text in context.iter().flat_map(|(key, value)| [key, value]) {
        aad.extend((text.len() as u64).to_be_bytes());
        aad.extend(text.as_bytes());
    }
    aad
}
