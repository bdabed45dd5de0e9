//! What the fuzz targets share: messages that open, and the key that opens them.
//!
//! The messages are files, not made at start: a fuzzer keeps its finds between runs, and under another
//! data key none of them would authenticate any more. `cargo run --bin fixtures` makes them anew.

use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::sync::Arc;

use sealkit_envelope::cmm::DefaultCmm;
use sealkit_envelope::keyring::raw_aes::RawAesKeyring;
use sealkit_envelope::{DataKey, DecryptPolicy, Decryptor, EncryptionContext};

/// What both messages hold: seven frames of 16 bytes and a final one of 3.
pub const PLAINTEXT: &[u8; 115] = &[0x5e; 115];

/// Bytes of plaintext in a frame of both messages.
pub const FRAME_LENGTH: u32 = 16;

/// Under suite 0x0478.
pub const UNSIGNED: &[u8] = include_bytes!("../fixtures/unsigned");

/// Under suite 0x0578.
pub const SIGNED: &[u8] = include_bytes!("../fixtures/signed");

/// The materials manager over the one key of all fixtures.
///
/// # Panics
///
/// Never: the key is constant.
#[must_use]
pub fn cmm() -> DefaultCmm {
    let key = DataKey::from_slice(&[7; 32]).expect("32 bytes");
    let keyring = RawAesKeyring::new("fuzz", "fixture", &key).expect("both names are plain ASCII");
    DefaultCmm::new(Arc::new(keyring))
}

/// A decryptor on one thread, so that a find repeats.
#[must_use]
pub fn decryptor() -> Decryptor {
    Decryptor::new(cmm(), DecryptPolicy::default()).with_threads(NonZeroUsize::MIN)
}

/// The context of both messages.
///
/// # Panics
///
/// Never: the pair is constant.
#[must_use]
pub fn context() -> EncryptionContext {
    let mut context = EncryptionContext::new();
    context.insert("purpose", "fuzz").expect("one pair, no reserved name");
    context
}

/// A reader that gives at most `most` bytes a read.
pub struct Drip<'a> {
    /// What is left to read.
    pub bytes: &'a [u8],
    /// Most bytes a read; not 0.
    pub most: usize,
}

impl Read for Drip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = self.most.min(buffer.len());
        self.bytes.read(&mut buffer[..most])
    }
}
