//! What makes two requests the same to the data-key cache.
//!
//! Source: AWS Encryption SDK specification, `framework/caching-cmm.md#appendix-a-cache-entry-identifier-formulas`,
//! with two departures, for entries never leave the process: there is no partition id, since no two managers share a
//! cache, and lists are preceded by their lengths, since sorted encrypted data keys followed by a context could
//! otherwise be read in two ways.

use super::{DecryptionMaterialsRequest, EncryptionMaterialsRequest};
use crate::EncryptionContext;
use crate::primitives::{SHA384_LEN, Sha384};

/// A digest of all that distinguishes a request, so that a long header makes no long key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct EntryId([u8; SHA384_LEN]);

const ENCRYPT: u8 = 1;
const DECRYPT: u8 = 2;

impl EntryId {
    pub(super) fn encrypt(request: &EncryptionMaterialsRequest) -> Self {
        let mut hash = start(ENCRYPT, request.suite.id());
        update_context(&mut hash, &request.context);
        Self(hash.finish())
    }

    /// The order of the encrypted data keys does not count.
    pub(super) fn decrypt(request: &DecryptionMaterialsRequest) -> Self {
        let mut hash = start(DECRYPT, request.suite.id());
        let mut sorted: Vec<_> = request.encrypted_data_keys.iter().collect();
        sorted.sort_unstable();
        hash.update(&(sorted.len() as u64).to_be_bytes());
        for wrapped in sorted {
            update(&mut hash, wrapped.provider_id.as_bytes());
            update(&mut hash, &wrapped.provider_info);
            update(&mut hash, &wrapped.ciphertext);
        }
        update_context(&mut hash, &request.context);
        Self(hash.finish())
    }
}

fn start(scope: u8, suite: u16) -> Sha384 {
    let mut hash = Sha384::new();
    hash.update(&[scope]);
    hash.update(&suite.to_be_bytes());
    hash
}

fn update(hash: &mut Sha384, bytes: &[u8]) {
    hash.update(&(bytes.len() as u64).to_be_bytes());
    hash.update(bytes);
}

fn update_context(hash: &mut Sha384, context: &EncryptionContext) {
    hash.update(&(context.len() as u64).to_be_bytes());
    for (key, value) in context.iter() {
        update(hash, key.as_bytes());
        update(hash, value.as_bytes());
    }
}
