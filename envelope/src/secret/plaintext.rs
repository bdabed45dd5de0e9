//! Buffers for plaintext out of the pool.

use zeroize::Zeroize;

use super::pages::Pages;
use super::pool;

/// A buffer for plaintext: fixed capacity, kept out of core dumps, zeroed on drop and then reused.
///
/// It does not grow, for growing would copy the content and leave the old copy to be wiped. It has no `Debug` and no
/// `Clone`.
///
/// ```
/// use sealkit_envelope::secret::Plaintext;
///
/// let mut frame = Plaintext::with_capacity(1024);
/// frame.resize_within_capacity(6);
/// frame.expose_secret_mut().copy_from_slice(b"secret");
/// frame.truncate(3);
/// assert_eq!(frame.expose_secret(), b"sec");
/// ```
pub struct Plaintext {
    /// `None` for a capacity of zero. All bytes from `len` on are zero, always.
    pages: Option<Pages>,
    len: usize,
}

impl Plaintext {
    /// Takes an empty buffer for at least `capacity` bytes.
    ///
    /// Memory is only spent on what is written later, but callers bound a capacity that untrusted input claims.
    ///
    /// # Panics
    ///
    /// As `Vec::with_capacity` does, above `isize::MAX`.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        let pages = (capacity > 0).then(|| pool::take(capacity));
        Self { pages, len: 0 }
    }

    /// Takes a buffer of `len` zeros, to be filled in place.
    #[must_use]
    pub fn zeroed(len: usize) -> Self {
        let mut buffer = Self::with_capacity(len);
        buffer.len = len;
        buffer
    }

    /// Copies `bytes`, which the caller wipes if they are secret.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Self {
        let mut buffer = Self::zeroed(bytes.len());
        buffer.expose_secret_mut().copy_from_slice(bytes);
        buffer
    }

    /// The content.
    #[must_use]
    pub fn expose_secret(&self) -> &[u8] {
        self.pages.as_ref().map_or(&[], |pages| &pages.bytes()[..self.len])
    }

    /// The content, to be changed in place.
    #[must_use]
    pub fn expose_secret_mut(&mut self) -> &mut [u8] {
        self.pages.as_mut().map_or(&mut [], |pages| &mut pages.bytes_mut()[..self.len])
    }

    /// How many bytes of content there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no content.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many bytes fit, at least as many as were asked for.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.pages.as_ref().map_or(0, Pages::len)
    }

    /// Cuts the content to its first `len` bytes and zeroes the rest; no effect on content that is shorter.
    pub fn truncate(&mut self, len: usize) {
        if len < self.len {
            self.expose_secret_mut()[len..].zeroize();
            self.len = len;
        }
    }

    /// Cuts the content, or lengthens it by zeros, to `len` bytes.
    ///
    /// # Panics
    ///
    /// If `len` exceeds [`capacity`](Self::capacity): a buffer never grows.
    pub fn resize_within_capacity(&mut self, len: usize) {
        assert!(len <= self.capacity(), "a plaintext buffer does not grow");
        self.truncate(len);
        self.len = len;
    }
}

impl Drop for Plaintext {
    fn drop(&mut self) {
        self.truncate(0);
        if let Some(pages) = self.pages.take() {
            pool::put_back(pages);
        }
    }
}
