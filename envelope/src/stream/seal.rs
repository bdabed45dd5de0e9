//! Sealing a stream: plaintext in, frames out.

use std::io::{Read, Write};
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::crew::{Crew, Step};
use super::turnstile::Turnstile;
use super::{ReadAt, WriteAt, frames_in_batch, read_full};
use crate::error::EncryptError;
use crate::message::{FINAL_OVERHEAD, FINAL_PREFIX, Frames, LAST_REGULAR, REGULAR_OVERHEAD, REGULAR_PREFIX};
use crate::primitives::Sha384;
use crate::secret::Plaintext;

/// In a buffer the first regular frame begins here, so that its plaintext stands where a final frame's would.
const FIRST_FRAME: usize = FINAL_PREFIX - REGULAR_PREFIX;

/// Seals the frames of one message.
pub(crate) struct Sealer<'a> {
    frames: &'a Frames,
    in_batch: usize,
    workers: NonZeroUsize,
    crew: Crew,
    hash: Option<Turnstile<Sha384>>,
    plaintext: AtomicU64,
}

/// One worker's piece: where it stands in the stream and how much plaintext is in the buffer.
#[derive(Clone, Copy)]
struct Piece {
    index: u64,
    length: usize,
    last: bool,
}

impl<'a> Sealer<'a> {
    /// `hash` is the hash over the header, for signed suites.
    pub(crate) fn new(frames: &'a Frames, workers: NonZeroUsize, hash: Option<Sha384>) -> Self {
        Self {
            frames,
            in_batch: frames_in_batch(frames.length()),
            workers,
            crew: Crew::new(),
            hash: hash.map(Turnstile::new),
            plaintext: AtomicU64::new(0),
        }
    }

    /// Seals all that `reader` gives. Returns the bytes of plaintext and the hash over header and frames.
    pub(crate) fn run(
        self,
        reader: impl Read + Send,
        writer: impl Write + Send,
    ) -> Result<(u64, Option<Sha384>), EncryptError> {
        let source = Mutex::new((reader, 0));
        let sink = Turnstile::new(writer);
        let claim = |room: &mut [u8]| {
            let Ok(mut source) = source.lock() else { return Ok(None) };
            let (reader, next) = &mut *source;
            if self.crew.gave_up(*next) {
                return Ok(None);
            }
            let index = *next;
            *next += 1;
            let length =
                read_full(room, |buffer, _| reader.read(buffer)).map_err(|e| (index, EncryptError::Read(e)))?;
            // An exact multiple of the frame length is followed by an empty final frame: the next, empty piece.
            let last = length < room.len();
            if last {
                self.crew.ends_with(index);
            }
            Ok(Some(Piece { index, length, last }))
        };
        let deliver = |piece: Piece, frames: &[u8]| {
            sink.pass(&self.crew, piece.index, |writer| writer.write_all(frames).map_err(EncryptError::Write))
        };
        self.crew.run(
            self.workers,
            || self.buffer(),
            |buffer| self.piece(buffer, &claim, &deliver),
            || {
                self.wake();
                sink.wake();
            },
        )?;
        let mut writer = sink.into_inner().ok_or(EncryptError::Incomplete)?;
        writer.flush().map_err(EncryptError::Write)?;
        self.finish()
    }

    /// Seals the first `length` bytes of `input`; frames are written from `offset` of `output` on.
    pub(crate) fn run_at(
        self,
        input: &impl ReadAt,
        length: u64,
        output: &impl WriteAt,
        offset: u64,
    ) -> Result<(u64, Option<Sha384>), EncryptError> {
        let room = (self.in_batch * self.frames.length()) as u64;
        let stride = (self.in_batch * self.frames.stride()) as u64;
        let last = length / room;
        self.crew.ends_with(last);
        let next = AtomicU64::new(0);
        let claim = |buffer: &mut [u8]| {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if self.crew.gave_up(index) {
                return Ok(None);
            }
            let at = index * room;
            let wanted = usize::try_from((length - at).min(room)).expect("at most the buffer's length");
            let read = read_full(&mut buffer[..wanted], |buffer, filled| input.read_at(buffer, at + filled as u64))
                .map_err(|e| (index, EncryptError::Read(e)))?;
            if read < wanted {
                return Err((index, EncryptError::InputChanged { expected: length }));
            }
            Ok(Some(Piece { index, length: read, last: index == last }))
        };
        let deliver = |piece: Piece, frames: &[u8]| {
            Some(output.write_all_at(frames, offset + piece.index * stride).map_err(EncryptError::Write))
        };
        self.crew.run(self.workers, || self.buffer(), |buffer| self.piece(buffer, &claim, &deliver), || self.wake())?;
        self.finish()
    }

    fn finish(self) -> Result<(u64, Option<Sha384>), EncryptError> {
        let hash = self.hash.map(|hash| hash.into_inner().ok_or(EncryptError::Incomplete)).transpose()?;
        Ok((self.plaintext.into_inner(), hash))
    }

    fn wake(&self) {
        if let Some(hash) = &self.hash {
            hash.wake();
        }
    }

    /// Room for whole frames and, in case, a final one behind them.
    fn buffer(&self) -> Plaintext {
        Plaintext::zeroed(FIRST_FRAME + self.in_batch * self.frames.stride() + FINAL_OVERHEAD)
    }

    fn piece(
        &self,
        buffer: &mut Plaintext,
        claim: &impl Fn(&mut [u8]) -> Result<Option<Piece>, (u64, EncryptError)>,
        deliver: &impl Fn(Piece, &[u8]) -> Option<Result<(), EncryptError>>,
    ) -> Step<EncryptError> {
        let buffer = buffer.expose_secret_mut();
        let room = self.room();
        let piece = match claim(&mut buffer[room]) {
            Ok(Some(piece)) => piece,
            Ok(None) => return Step::End,
            Err((index, error)) => return Step::Failed(index, error),
        };
        let Some(sealed) = self.seal(buffer, piece) else {
            return Step::Failed(piece.index, EncryptError::PlaintextTooLong);
        };
        let sealed = &buffer[sealed];
        if let Some(hash) = &self.hash
            && hash.pass(&self.crew, piece.index, |hash| hash.update(sealed)).is_none()
        {
            return Step::End;
        }
        match deliver(piece, sealed) {
            Some(Ok(())) => {
                self.plaintext.fetch_add(piece.length as u64, Ordering::Relaxed);
                Step::Done(piece.index)
            }
            Some(Err(error)) => Step::Failed(piece.index, error),
            None => Step::End,
        }
    }

    /// Where plaintext is read to: so far back that moving each frame's part forward to its place, one by one,
    /// never runs into what was not moved yet. A batch of one frame is read right into place.
    fn room(&self) -> Range<usize> {
        let start = FIRST_FRAME + REGULAR_PREFIX + (self.in_batch - 1) * REGULAR_OVERHEAD;
        start..start + self.in_batch * self.frames.length()
    }

    /// Seals a buffer's plaintext and gives where the frames stand. `None` once sequence numbers run out.
    fn seal(&self, buffer: &mut [u8], piece: Piece) -> Option<Range<usize>> {
        let (length, stride) = (self.frames.length(), self.frames.stride());
        let room = self.room().start;
        let first = piece.index.checked_mul(self.in_batch as u64)?.checked_add(1)?;
        let regular = piece.length / length;
        for n in 0..regular {
            let sequence = u32::try_from(first + n as u64).ok().filter(|s| *s <= LAST_REGULAR)?;
            let from = room + n * length;
            let frame = FIRST_FRAME + n * stride;
            buffer.copy_within(from..from + length, frame + REGULAR_PREFIX);
            self.frames.seal_regular(sequence, &mut buffer[frame..frame + stride]);
        }
        let mut end = FIRST_FRAME + regular * stride;
        if piece.last {
            let sequence = u32::try_from(first + regular as u64).ok()?;
            let rest = piece.length - regular * length;
            let from = room + regular * length;
            buffer.copy_within(from..from + rest, end + FINAL_PREFIX);
            let whole = rest + FINAL_OVERHEAD;
            self.frames.seal_final(sequence, &mut buffer[end..end + whole]);
            end += whole;
        }
        Some(FIRST_FRAME..end)
    }
}
