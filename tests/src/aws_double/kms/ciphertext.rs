//! The ciphertext blob: it names its key and material, and authenticates those names and the encryption context.
//!
//! `01 | u16 length of the name | name | iv[12] | AES-256-GCM ciphertext and tag`, with everything before the IV and the
//! serialized context as associated data. The name is the key's lineage, and `#` and the material's number unless that
//! is the first one.

use std::collections::BTreeMap;

use aes_gcm::Nonce;
use aes_gcm::aead::{Aead, Payload};

use super::material::Material;

const VERSION: u8 = 1;
const IV: usize = 12;

/// Encrypts `plaintext` under a material of the key with `lineage`.
pub(super) fn seal(
    lineage: &str,
    material: &Material,
    plaintext: &[u8],
    context: &BTreeMap<String, String>,
) -> Vec<u8> {
    let mut iv = [0; IV];
    getrandom::fill(&mut iv).expect("the system gives random bytes");
    let mut blob = match material.number {
        0 => prefix(lineage),
        number => prefix(&format!("{lineage}#{number}")),
    };
    let aad = associated_data(&blob, context);
    let sealed = material
        .cipher
        .encrypt(&Nonce::from(iv), Payload { msg: plaintext, aad: &aad })
        .expect("at most 4,096 bytes are within the cipher's limits");
    blob.extend(iv);
    blob.extend(sealed);
    blob
}

/// The lineage of the key, and the number of its material, that a blob says it was encrypted under.
pub(super) fn origin(blob: &[u8]) -> Option<(&str, u32)> {
    match name(blob)?.split_once('#') {
        None => Some((name(blob)?, 0)),
        Some((lineage, number)) => Some((lineage, number.parse().ok()?)),
    }
}

/// Decrypts a blob under the material that it names; none if it, its context or its material was changed.
pub(super) fn open(material: &Material, blob: &[u8], context: &BTreeMap<String, String>) -> Option<Vec<u8>> {
    let (named, rest) = blob.split_at_checked(3 + name(blob)?.len())?;
    let (iv, sealed) = rest.split_first_chunk::<IV>()?;
    let aad = associated_data(named, context);
    material.cipher.decrypt(&Nonce::from(*iv), Payload { msg: sealed, aad: &aad }).ok()
}

fn name(blob: &[u8]) -> Option<&str> {
    let (&[version, high, low], rest) = blob.split_first_chunk()?;
    let name = rest.get(..usize::from(u16::from_be_bytes([high, low])))?;
    (version == VERSION).then(|| std::str::from_utf8(name).ok())?
}

fn prefix(name: &str) -> Vec<u8> {
    let length = u16::try_from(name.len()).expect("an ARN is short");
    [&[VERSION], length.to_be_bytes().as_slice(), name.as_bytes()].concat()
}

fn associated_data(named: &[u8], context: &BTreeMap<String, String>) -> Vec<u8> {
    let mut aad = named.to_vec();
    for text in context.iter().flat_map(|(key, value)| [key, value]) {
        aad.extend((text.len() as u64).to_be_bytes());
        aad.extend(text.as_bytes());
    }
    aad
}
