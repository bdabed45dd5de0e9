//! SHA-384 (FIPS 180-4) over a stream.

use super::backend;

/// Bytes of a digest.
pub(crate) const SHA384_LEN: usize = 48;

/// A hash in progress.
pub(crate) struct Sha384(backend::Sha384);

impl Sha384 {
    /// Starts with no input.
    pub(crate) fn new() -> Self {
        Self(backend::Sha384::new())
    }

    /// Appends `data` to the input.
    pub(crate) fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    /// The digest of all input.
    pub(crate) fn finish(self) -> [u8; SHA384_LEN] {
        self.0.finish()
    }
}
