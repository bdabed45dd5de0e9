//! Bounds on what a header may claim, on decryption and on encryption alike.

/// The frame length that [`Encryptor`](crate::Encryptor) writes unless told otherwise, in bytes of plaintext.
///
/// Chosen for speed, see `docs/performance.md`. A multiple of 128, which the Python SDKs insist on.
pub const DEFAULT_FRAME_LENGTH: FrameLength = FrameLength(256 * 1024);

/// Bytes of plaintext in a regular frame, 1 to 2³²-1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FrameLength(u32);

impl FrameLength {
    /// A frame length; `None` for 0, which would mean an unframed message.
    #[must_use]
    pub const fn new(bytes: u32) -> Option<Self> {
        match bytes {
            0 => None,
            _ => Some(Self(bytes)),
        }
    }

    /// In bytes.
    #[must_use]
    pub const fn bytes(self) -> u32 {
        self.0
    }
}

impl Default for FrameLength {
    fn default() -> Self {
        DEFAULT_FRAME_LENGTH
    }
}

/// How much a header may claim. The format itself allows headers of gigabytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most encrypted data keys; 16 by default.
    pub max_encrypted_data_keys: usize,
    /// Most bytes of header, its tag included; 1 MiB by default.
    pub max_header_bytes: usize,
    /// Longest frame in bytes of plaintext; 16 MiB by default. Bounds the memory that a message may ask for.
    pub max_frame_length: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_encrypted_data_keys: 16, max_header_bytes: 1024 * 1024, max_frame_length: 16 * 1024 * 1024 }
    }
}

impl Limits {
    /// The smaller of each.
    #[must_use]
    pub fn least(self, other: Self) -> Self {
        Self {
            max_encrypted_data_keys: self.max_encrypted_data_keys.min(other.max_encrypted_data_keys),
            max_header_bytes: self.max_header_bytes.min(other.max_header_bytes),
            max_frame_length: self.max_frame_length.min(other.max_frame_length),
        }
    }
}
