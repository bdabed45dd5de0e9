//! A sealed file's bytes.

use std::fs::File;
use std::io::{ErrorKind, Read};

use rustix::fs::{Mode, OFlags};
use sealkit_envelope::armor::{self, ArmorReader};

use super::failures::Subject;
use crate::failure::Failure;

/// The longest message that is read, in bytes of the file. A ConfigMap holds 1 MiB.
pub(super) const LONGEST: u64 = 4 * 1024 * 1024;

/// Reads a message, and takes its armor off.
pub(super) fn read(subject: &Subject<'_>) -> Result<Vec<u8>, Failure> {
    // A FIFO would be waited for until somebody writes to it.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let failed = |error: std::io::Error| subject.unreadable(&error);
    let file = rustix::fs::open(subject.path, flags, Mode::empty()).map_err(|errno| failed(errno.into()))?;
    let file = File::from(file);
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(failed(ErrorKind::InvalidInput.into()));
    }
    let mut bytes = Vec::new();
    (&file).take(LONGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LONGEST {
        return Err(subject.too_long());
    }
    if !armor::detect(&bytes) {
        return Ok(bytes);
    }
    let mut message = Vec::with_capacity(bytes.len() / 4 * 3);
    ArmorReader::new(bytes.as_slice()).read_to_end(&mut message).map_err(|_| subject.damaged_armor())?;
    Ok(message)
}
