//! What can go wrong below the message format.

use thiserror::Error;

/// An AES-GCM tag or a signature does not match. Deliberately says no more: why it does not match is of use only to
/// whoever forged it.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("not authentic")]
pub(crate) struct NotAuthentic;

/// The system gives no random bytes.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the system's random number generator is not available")]
pub(crate) struct RandomUnavailable;

/// The bytes are no compressed point of P-384.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("not a compressed public key on the curve P-384")]
pub(crate) struct InvalidKey;

/// A signature could not be made.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(crate) enum SignError {
    /// Signing takes random bytes.
    #[error(transparent)]
    RandomUnavailable(#[from] RandomUnavailable),
    /// A hundred signatures in a row had another length than one half of all have: the generator is broken.
    #[error("the system's random number generator repeats itself")]
    RandomRepeats,
}
