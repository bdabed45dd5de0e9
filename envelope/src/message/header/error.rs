//! Why bytes are no header that Sealkit reads.

/// The bytes are no version 2 header, or one of a kind that is not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// The first byte is none of the format's.
    #[error("not an AWS Encryption SDK message: it begins with byte {first:#04x}")]
    NotAMessage {
        /// The byte found.
        first: u8,
    },
    /// Message format version 1, from SDKs before 2.0 or with a suite without key commitment.
    #[error("message format version 1 is not supported; re-encrypt the data with a suite that commits to its key")]
    Version1,
    /// Unframed content, which old SDKs wrote on request.
    #[error("unframed content is not supported: it cannot be verified piece by piece")]
    Unframed,
    /// An algorithm suite that version 2 does not allow.
    #[error("unknown algorithm suite {id:#06x}{}", known_as.map(|name| format!(" ({name})")).unwrap_or_default())]
    UnknownSuite {
        /// The identifier found.
        id: u16,
        /// Its name, where the specification defines it for version 1.
        known_as: Option<&'static str>,
    },
    /// No encrypted data key: nothing can decrypt it.
    #[error("the header holds no encrypted data key")]
    NoEncryptedDataKeys,
    /// A content type that the format does not define.
    #[error("unknown content type {content_type:#04x}")]
    UnknownContentType {
        /// The byte found.
        content_type: u8,
    },
    /// A framed message with a frame length of zero.
    #[error("the frame length is zero")]
    ZeroFrameLength,
    /// A text field that is not UTF-8.
    #[error("{field} is not UTF-8")]
    NotUtf8 {
        /// Which one.
        field: &'static str,
    },
    /// The context's lengths and counts contradict each other.
    #[error("the encryption context is malformed: {reason}")]
    MalformedContext {
        /// How.
        reason: &'static str,
    },
    /// A signed suite without a public key, or with one that is no point of P-384.
    #[error("the suite is signed, but the encryption context holds no valid aws-crypto-public-key")]
    PublicKeyMissing,
    /// An unsigned suite with a public key.
    #[error("the suite is not signed, but the encryption context holds aws-crypto-public-key")]
    PublicKeyUnexpected,
}
