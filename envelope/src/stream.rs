//! From reader to writer on all cores, in bounded memory.
//!
//! Workers each hold one buffer of some frames and repeat: claim the next piece of input, work on it in place, hand
//! it on. With a reader and a writer, claiming and handing on happen in order, one worker at a time; with files
//! ([`ReadAt`], [`WriteAt`]) every worker reads and writes at its own offset. A signature covers the message in
//! order, so hashing is one more place where the workers queue. Nobody waits for a slower stage's thread: there are
//! no stages, only workers.
//!
//! An error at one piece lets the pieces before it finish and stops those behind it. What is reported is always the
//! error at the earliest piece, whatever the threads' timing.

mod crew;
mod open;
mod seal;
mod turnstile;

use std::io;
use std::num::NonZeroUsize;

use crew::Crew;
pub(crate) use open::Opener;
pub(crate) use seal::Sealer;

use crate::message::Frames;

/// Input that several threads read at offsets of their own: a file.
pub trait ReadAt: Sync {
    /// Reads at `offset` into `buffer`, as [`std::io::Read::read`] would.
    ///
    /// # Errors
    ///
    /// What the input reports; `Interrupted` is tried again.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
}

/// Output that several threads write at offsets of their own: a file.
pub trait WriteAt: Sync {
    /// Writes all of `buffer` at `offset`.
    ///
    /// # Errors
    ///
    /// What the output reports.
    fn write_all_at(&self, buffer: &[u8], offset: u64) -> io::Result<()>;
}

/// Bytes that a worker takes at once, unless one frame is longer: large enough that system calls and hand-overs cost
/// little, small enough that the buffer stays in the second-level cache between reading, ciphering and writing.
const BATCH: usize = 256 * 1024;

/// Most bytes that all buffers together take, however many cores there are; two workers there are always.
const BUFFERS: usize = 64 * 1024 * 1024;

/// How many regular frames a worker takes at once.
fn frames_in_batch(frame_length: usize) -> usize {
    (BATCH / frame_length).max(1)
}

/// Reads until `buffer` is full or the input ends; gives the bytes read.
fn read_full(buffer: &mut [u8], mut read: impl FnMut(&mut [u8], usize) -> io::Result<usize>) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match read(&mut buffer[filled..], filled) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// How many workers a stream gets: one a core, one more where they queue to hash, fewer where frames are so long
/// that the buffers would take too much memory.
pub(crate) fn workers(wanted: Option<NonZeroUsize>, frames: &Frames, signed: bool) -> NonZeroUsize {
    let cores = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let workers = wanted.unwrap_or_else(cores).saturating_add(usize::from(signed && wanted.is_none()));
    let batch = frames.length().max(BATCH);
    let most = NonZeroUsize::new(BUFFERS / batch).unwrap_or(NonZeroUsize::MIN);
    workers.min(most.max(NonZeroUsize::MIN.saturating_add(1)))
}
