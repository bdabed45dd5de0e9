//! What the tests of the streams share.
#![allow(unreachable_pub, reason = "shared by test binaries, exported by none")]
#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{self, Read};
use std::sync::{Arc, Mutex};

use sealkit_envelope::cmm::DefaultCmm;
use sealkit_envelope::keyring::raw_aes::RawAesKeyring;
use sealkit_envelope::{
    DataKey, DecryptError, DecryptPolicy, Decryptor, EncryptionContext, Encryptor, Limits, ReadAt, UnverifiedHeader,
    WriteAt,
};

pub fn context() -> EncryptionContext {
    EncryptionContext::try_from_pairs([("app", "demo"), ("env", "test")]).unwrap()
}

pub fn cmm() -> DefaultCmm {
    let key = DataKey::from_slice(&[7; 32]).unwrap();
    DefaultCmm::new(Arc::new(RawAesKeyring::new("sealkit", "test-key", &key).unwrap()))
}

pub fn encryptor() -> Encryptor {
    Encryptor::new(cmm())
}

pub fn decryptor() -> Decryptor {
    Decryptor::new(cmm(), DecryptPolicy::new())
}

pub fn header(message: &[u8]) -> Result<UnverifiedHeader, DecryptError> {
    UnverifiedHeader::parse(message, &Limits::default())
}

/// Bytes that do not repeat soon, the same at every call.
pub fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..length).map(|_| next()).collect()
}

/// A reader that gives at most so many bytes at once, as pipes do, and now and then is interrupted.
pub struct Pieces<'a> {
    left: &'a [u8],
    most: usize,
    calls: usize,
}

impl<'a> Pieces<'a> {
    pub fn new(bytes: &'a [u8], most: usize) -> Self {
        Self { left: bytes, most, calls: 0 }
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.calls += 1;
        if self.calls.is_multiple_of(5) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let most = buffer.len().min(self.most);
        self.left.read(&mut buffer[..most])
    }
}

/// A file in memory.
#[derive(Default)]
pub struct Disk(Mutex<Vec<u8>>);

impl Disk {
    pub fn new(bytes: &[u8]) -> Self {
        Self(Mutex::new(bytes.to_vec()))
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }
}

impl ReadAt for Disk {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let bytes = self.0.lock().unwrap();
        let at = usize::try_from(offset).unwrap().min(bytes.len());
        (&bytes[at..]).read(buffer)
    }
}

impl WriteAt for Disk {
    fn write_all_at(&self, buffer: &[u8], offset: u64) -> io::Result<()> {
        let mut bytes = self.0.lock().unwrap();
        let at = usize::try_from(offset).unwrap();
        if bytes.len() < at + buffer.len() {
            bytes.resize(at + buffer.len(), 0);
        }
        bytes[at..at + buffer.len()].copy_from_slice(buffer);
        Ok(())
    }
}
