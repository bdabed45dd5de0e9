//! The algorithm suites that Sealkit writes and reads.
//!
//! Source: AWS Encryption SDK specification, `framework/algorithm-suites.md`.

/// An algorithm suite with key commitment; the two that message format version 2 allows.
///
/// Sealkit's default is the unsigned suite, for those who encrypt are usually those who decrypt; the
/// specification's own default is the signed one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum AlgorithmSuite {
    /// `0x0478`: AES-256-GCM, HKDF-SHA512, key commitment.
    #[default]
    Aes256GcmHkdfSha512CommitKey,
    /// `0x0578`: as above, and an ECDSA P-384 signature with SHA-384 over the whole message.
    Aes256GcmHkdfSha512CommitKeyEcdsaP384,
}

impl AlgorithmSuite {
    /// Every suite that can be written and read.
    pub const ALL: [Self; 2] = [Self::Aes256GcmHkdfSha512CommitKey, Self::Aes256GcmHkdfSha512CommitKeyEcdsaP384];

    /// The identifier in the message header.
    #[must_use]
    pub const fn id(self) -> u16 {
        match self {
            Self::Aes256GcmHkdfSha512CommitKey => 0x0478,
            Self::Aes256GcmHkdfSha512CommitKeyEcdsaP384 => 0x0578,
        }
    }

    /// The suite with this identifier, if it is one of ours.
    #[must_use]
    pub fn from_id(id: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.id() == id)
    }

    /// The name that the AWS Encryption SDKs use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aes256GcmHkdfSha512CommitKey => "AES_256_GCM_HKDF_SHA512_COMMIT_KEY",
            Self::Aes256GcmHkdfSha512CommitKeyEcdsaP384 => "AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384",
        }
    }

    /// Whether the message ends in a signature.
    #[must_use]
    pub const fn is_signed(self) -> bool {
        matches!(self, Self::Aes256GcmHkdfSha512CommitKeyEcdsaP384)
    }
}

impl std::fmt::Display for AlgorithmSuite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The name of a suite of the specification that Sealkit does not read, for error texts.
pub(crate) fn legacy_name(id: u16) -> Option<&'static str> {
    Some(match id {
        0x0014 => "AES_128_GCM_IV12_TAG16",
        0x0046 => "AES_192_GCM_IV12_TAG16",
        0x0078 => "AES_256_GCM_IV12_TAG16",
        0x0114 => "AES_128_GCM_IV12_TAG16_HKDF_SHA256",
        0x0146 => "AES_192_GCM_IV12_TAG16_HKDF_SHA256",
        0x0178 => "AES_256_GCM_IV12_TAG16_HKDF_SHA256",
        0x0214 => "AES_128_GCM_IV12_TAG16_HKDF_SHA256_ECDSA_P256",
        0x0346 => "AES_192_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384",
        0x0378 => "AES_256_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_round_trip() {
        for suite in AlgorithmSuite::ALL {
            assert_eq!(AlgorithmSuite::from_id(suite.id()), Some(suite));
            assert_eq!(legacy_name(suite.id()), None);
        }
        assert_eq!(AlgorithmSuite::from_id(0x0378), None);
        assert_eq!(AlgorithmSuite::default().id(), 0x0478);
    }
}
