//! What a probe of the write key found.

use sealkit_aws::Fault;

/// How one probe of the write key ended, by operation: health must know *which* of the two is refused, for only a
/// refused Decrypt flushes what was unwrapped under the key.
///
/// A probe Encrypts fresh random bytes, and Decrypts them. Where Encrypt fails there is nothing fresh to Decrypt, so
/// it Decrypts the last blob that a probe made, if there was one.
#[derive(Clone, Debug)]
pub struct ProbeReport {
    /// How Encrypt ended.
    pub encrypt: Result<(), Fault>,
    /// How Decrypt ended; absent where there was nothing to Decrypt.
    pub decrypt: Option<Result<(), Fault>>,
}

impl ProbeReport {
    /// Encrypt and Decrypt both ended with `fault`: the probe did not come to an answer of its own.
    #[must_use]
    pub fn unanswered(fault: Fault) -> Self {
        Self { decrypt: Some(Err(fault.clone())), encrypt: Err(fault) }
    }

    /// The first failure, if there was one.
    #[must_use]
    pub fn fault(&self) -> Option<&Fault> {
        self.encrypt.as_ref().err().or_else(|| self.decrypt.as_ref()?.as_ref().err())
    }

    /// Whether what was Encrypted was Decrypted again.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.encrypt.is_ok() && matches!(self.decrypt, Some(Ok(())))
    }
}
