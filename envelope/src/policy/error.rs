//! Why a policy says no.

/// A message, or what would become one, goes beyond what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// None of the keys that wrapped the data key is allowed.
    #[error("none of the message's keys is allowed: {}", keys.join(", "))]
    KeyNotAllowed {
        /// The keys that the header names.
        keys: Vec<String>,
    },
    /// A required context pair is not in the message's context.
    #[error("the encryption context lacks the required key {key:?}")]
    ContextPairMissing {
        /// The context key.
        key: String,
    },
    /// The message's context holds another value than required.
    #[error("the encryption context holds another value for {key:?} than the one required")]
    ContextPairConflicts {
        /// The context key.
        key: String,
    },
    /// The context is not exactly the required one.
    #[error("the encryption context is not exactly the one required: it differs at {key:?}")]
    ContextNotExact {
        /// The first context key at which they differ.
        key: String,
    },
    /// A required context key is missing.
    #[error("the encryption context lacks the required key {key:?}")]
    ContextKeyMissing {
        /// The context key.
        key: String,
    },
    /// More encrypted data keys than allowed.
    #[error("{count} encrypted data keys; at most {max} are allowed")]
    TooManyEncryptedDataKeys {
        /// As many as the header claims.
        count: usize,
        /// The limit.
        max: usize,
    },
    /// A longer header than allowed.
    #[error("the header is longer than {max} bytes")]
    HeaderTooLong {
        /// The limit, in bytes.
        max: usize,
    },
    /// Longer frames than allowed.
    #[error("frames of {length} bytes; at most {max} are allowed")]
    FrameTooLong {
        /// What the header claims, in bytes.
        length: u32,
        /// The limit, in bytes.
        max: u32,
    },
    /// The message is signed, and signed messages are refused.
    #[error("the message is signed, and signed messages are refused")]
    Signed,
}
