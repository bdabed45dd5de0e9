//! What is derived from the data key for one message, and the header's authentication under it.
//!
//! Source: AWS Encryption SDK specification, `framework/algorithm-suites.md` (HKDF, key commitment) and
//! `data-format/message-header.md#header-authentication-version-2-0`; RFC 5869.

use crate::context::EncryptionContext;
use crate::message::{IV, MESSAGE_ID, TAG};
use crate::primitives::{FrameKey, NotAuthentic, constant_time_eq, hkdf_sha512_extract};
use crate::secret::{DataKey, SecretKey};
use crate::suite::AlgorithmSuite;

/// The header's tag is made under this nonce, and no frame's is: their sequence numbers begin at 1.
///
/// For the same reason a header is never made anew for an old message id: two headers under one nonce would give
/// GCM's authentication key away.
const HEADER_IV: [u8; IV] = [0; IV];

/// The derived key of one message, and its commitment.
pub(crate) struct MessageKeys {
    frame_key: FrameKey,
    commitment: [u8; 32],
}

impl MessageKeys {
    pub(crate) fn derive(suite: AlgorithmSuite, data_key: &DataKey, message_id: &[u8; MESSAGE_ID]) -> Self {
        let prk = hkdf_sha512_extract(message_id, data_key.expose_secret());
        let mut derived = SecretKey::<32>::zeroed();
        prk.expand(&[&suite.id().to_be_bytes(), b"DERIVEKEY"], derived.expose_secret_mut());
        let mut commitment = [0; 32];
        prk.expand(&[b"COMMITKEY"], &mut commitment);
        Self { frame_key: FrameKey::new(&derived), commitment }
    }

    pub(crate) fn commitment(&self) -> &[u8; 32] {
        &self.commitment
    }

    pub(crate) fn commits_to(&self, commitment: &[u8; 32]) -> bool {
        constant_time_eq(&self.commitment, commitment)
    }

    /// The tag over a header that stores its whole context.
    pub(crate) fn authenticate_header(&self, body: &[u8]) -> [u8; TAG] {
        self.frame_key.seal_in_place(&HEADER_IV, body, &mut [])
    }

    /// Checks a header's tag, which also covers the context that was not stored.
    pub(crate) fn verify_header(
        &self,
        body: &[u8],
        unstored: &EncryptionContext,
        tag: &[u8; TAG],
    ) -> Result<(), NotAuthentic> {
        if unstored.is_empty() {
            return self.frame_key.open_in_place(&HEADER_IV, body, &mut [], tag);
        }
        let aad = [body, &unstored.serialize()].concat();
        self.frame_key.open_in_place(&HEADER_IV, &aad, &mut [], tag)
    }

    pub(crate) fn into_frame_key(self) -> FrameKey {
        self.frame_key
    }
}
