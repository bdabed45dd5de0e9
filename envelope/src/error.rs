//! What can go wrong, by direction.

use std::io;

use crate::context::ContextError;
use crate::keyring::KeyringError;
use crate::message::{FooterError, FrameError, HeaderError};
use crate::policy::PolicyError;
use crate::primitives::{RandomUnavailable, SignError};

/// Why nothing, or not all, was encrypted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncryptError {
    /// The encryption context is not one.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// The message would go beyond a limit: it could not be decrypted under it either.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// No data key, or one that could not be wrapped under every key.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// More plaintext than 2³²-1 frames hold.
    #[error("the plaintext is too long for its frame length: a message has at most 4,294,967,295 frames")]
    PlaintextTooLong,
    /// A field of the header is longer than the format can say.
    #[error("a field of the header is longer than 65,535 bytes")]
    HeaderFieldTooLong,
    /// The input ended before the length that it had at the beginning.
    #[error("the input changed while it was read: it had {expected} bytes at first")]
    InputChanged {
        /// Its length at the beginning, in bytes.
        expected: u64,
    },
    /// The system gives no random bytes.
    #[error("the system's random number generator is not available")]
    RandomUnavailable,
    /// A worker thread ended before its work did.
    #[error("a worker ended before its work did")]
    Incomplete,
    /// The input could not be read.
    #[error("reading the plaintext failed")]
    Read(#[source] io::Error),
    /// The output could not be written.
    #[error("writing the message failed")]
    Write(#[source] io::Error),
}

/// Why nothing, or not all, was decrypted. No plaintext of the part that failed was released.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecryptError {
    /// Not a message, or one of a kind that is not read.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The policy says no.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A context pair contradicts the one stored in the message.
    #[error("the encryption context holds another value for {key:?} than the one given")]
    ContextConflict {
        /// The context key.
        key: String,
    },
    /// No keyring unwrapped the data key.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The data key is not the one that the message commits to.
    #[error("the data key is not the one that the message commits to")]
    CommitmentMismatch,
    /// A tag does not match: the message was changed, or the context is not the one it was encrypted under.
    #[error("not authentic: the message was changed, or the encryption context differs")]
    NotAuthentic,
    /// The signature does not match.
    #[error("the signature does not match")]
    SignatureInvalid,
    /// The message ends early.
    #[error("truncated: the message ends in its {part}")]
    Truncated {
        /// In which part it ends.
        part: &'static str,
    },
    /// Bytes follow the message.
    #[error("bytes follow the end of the message")]
    TrailingBytes,
    /// A frame stands where another should.
    #[error("frame {found} stands where frame {expected} should")]
    FrameOutOfSequence {
        /// The sequence number due.
        expected: u32,
        /// The one found.
        found: u32,
    },
    /// The final frame claims to be longer than the message's frames are.
    #[error("the final frame claims {length} bytes, more than the frame length")]
    FinalFrameTooLong {
        /// What it claims, in bytes.
        length: u32,
    },
    /// The signature is longer than one can be.
    #[error("the signature is longer than one on P-384 can be")]
    SignatureTooLong,
    /// More frames than the format can number.
    #[error("more frames than the format can number")]
    TooManyFrames,
    /// A worker thread ended before its work did.
    #[error("a worker ended before its work did")]
    Incomplete,
    /// The message could not be read.
    #[error("reading the message failed")]
    Read(#[source] io::Error),
    /// The plaintext could not be written.
    #[error("writing the plaintext failed")]
    Write(#[source] io::Error),
}

impl From<RandomUnavailable> for EncryptError {
    fn from(RandomUnavailable: RandomUnavailable) -> Self {
        Self::RandomUnavailable
    }
}

impl From<SignError> for EncryptError {
    fn from(_: SignError) -> Self {
        Self::RandomUnavailable
    }
}

impl From<FrameError> for DecryptError {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::NotAuthentic => Self::NotAuthentic,
            FrameError::OutOfSequence { expected, found } => Self::FrameOutOfSequence { expected, found },
            FrameError::TooLong { length } => Self::FinalFrameTooLong { length },
            FrameError::Truncated => Self::Truncated { part: "body" },
        }
    }
}

impl From<FooterError> for DecryptError {
    fn from(error: FooterError) -> Self {
        match error {
            FooterError::Truncated => Self::Truncated { part: "signature" },
            FooterError::Trailing => Self::TrailingBytes,
            FooterError::TooLong => Self::SignatureTooLong,
        }
    }
}
