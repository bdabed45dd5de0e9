//! Opening a stream: frames in, verified plaintext out.

use std::io::{self, Read, Write};
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::crew::{Crew, Step};
use super::turnstile::Turnstile;
use super::{ReadAt, WriteAt, frames_in_batch, read_full};
use crate::error::DecryptError;
use crate::message::{FINAL_OVERHEAD, FOOTER_PREFIX, Frames, LONGEST_SIGNATURE, REGULAR_OVERHEAD, is_final, signature};
use crate::primitives::{Sha384, VerifyingKey};
use crate::secret::Plaintext;

/// Behind whole regular frames a buffer has room for what a final frame and a footer add, and for one byte more: if
/// that is filled too, bytes follow the message.
const SLACK: usize = FINAL_OVERHEAD - REGULAR_OVERHEAD + FOOTER_PREFIX + LONGEST_SIGNATURE + 1;

/// Opens the frames of one message.
pub(crate) struct Opener<'a> {
    frames: &'a Frames,
    in_batch: usize,
    /// Bytes of body that a buffer holds: a batch of regular frames, or all that there is.
    batch: usize,
    workers: NonZeroUsize,
    crew: Crew,
    signature: Option<(Turnstile<Sha384>, Arc<VerifyingKey>)>,
    plaintext: AtomicU64,
}

/// One worker's piece of the body: `length` bytes in its buffer, `regular` whole frames and perhaps the final one.
#[derive(Clone, Copy)]
struct Piece {
    index: u64,
    length: usize,
    regular: usize,
    last: bool,
}

/// Where verified plaintext goes: its piece, and the bytes.
type Deliver<'a> = dyn Fn(Piece, &[u8]) -> Option<Result<(), DecryptError>> + Sync + 'a;
/// Fills a buffer with the next piece.
type Claim<'a> = dyn Fn(&mut [u8]) -> Result<Option<Piece>, (u64, DecryptError)> + Sync + 'a;

impl<'a> Opener<'a> {
    /// `signature` is the hash over the header and the key that signed, for signed suites.
    pub(crate) fn new(
        frames: &'a Frames,
        workers: NonZeroUsize,
        signature: Option<(Sha384, Arc<VerifyingKey>)>,
    ) -> Self {
        let in_batch = frames_in_batch(frames.length());
        Self {
            frames,
            in_batch,
            batch: in_batch * frames.stride(),
            workers,
            crew: Crew::new(),
            signature: signature.map(|(hash, key)| (Turnstile::new(hash), key)),
            plaintext: AtomicU64::new(0),
        }
    }

    /// Says how long the body is: a small one is not worth a buffer as long as a frame, which is zeroed afterwards.
    pub(crate) fn of_length(mut self, body: usize) -> Self {
        self.batch = self.batch.min(body);
        self
    }

    /// Opens what `reader` gives behind the header, to its end. Returns the bytes of plaintext.
    pub(crate) fn run(self, reader: impl Read + Send, writer: impl Write + Send) -> Result<u64, DecryptError> {
        let source = Mutex::new((reader, 0));
        let sink = Turnstile::new(writer);
        let claim = |buffer: &mut [u8]| {
            let Ok(mut source) = source.lock() else { return Ok(None) };
            let (reader, next) = &mut *source;
            if self.crew.gave_up(*next) {
                return Ok(None);
            }
            *next += 1;
            self.fill(*next - 1, buffer, |buffer, _| reader.read(buffer)).map(Some)
        };
        let deliver = |piece: Piece, plaintext: &[u8]| {
            sink.pass(&self.crew, piece.index, |writer| writer.write_all(plaintext).map_err(DecryptError::Write))
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
        let mut writer = sink.into_inner().ok_or(DecryptError::Incomplete)?;
        writer.flush().map_err(DecryptError::Write)?;
        Ok(self.plaintext.into_inner())
    }

    /// Opens the body from `offset` of `input` on; plaintext is written from the beginning of `output`.
    pub(crate) fn run_at(self, input: &impl ReadAt, offset: u64, output: &impl WriteAt) -> Result<u64, DecryptError> {
        let stride = (self.in_batch * self.frames.stride()) as u64;
        let room = (self.in_batch * self.frames.length()) as u64;
        let next = AtomicU64::new(0);
        let claim = |buffer: &mut [u8]| {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if self.crew.gave_up(index) {
                return Ok(None);
            }
            let at = offset + index * stride;
            self.fill(index, buffer, |buffer, filled| input.read_at(buffer, at + filled as u64)).map(Some)
        };
        let deliver = |piece: Piece, plaintext: &[u8]| {
            Some(output.write_all_at(plaintext, piece.index * room).map_err(DecryptError::Write))
        };
        self.crew.run(self.workers, || self.buffer(), |buffer| self.piece(buffer, &claim, &deliver), || self.wake())?;
        Ok(self.plaintext.into_inner())
    }

    fn wake(&self) {
        if let Some((hash, _)) = &self.signature {
            hash.wake();
        }
    }

    fn buffer(&self) -> Plaintext {
        Plaintext::zeroed(self.batch + SLACK)
    }

    /// Reads whole regular frames or, where the final frame begins among them, all that is left of the input.
    fn fill(
        &self,
        index: u64,
        buffer: &mut [u8],
        mut read: impl FnMut(&mut [u8], usize) -> io::Result<usize>,
    ) -> Result<Piece, (u64, DecryptError)> {
        let stride = self.frames.stride();
        let whole = self.batch;
        let failed = |error| (index, DecryptError::Read(error));
        let mut length = read_full(&mut buffer[..whole], &mut read).map_err(failed)?;
        let starts = (0..self.in_batch).take_while(|n| n * stride < length);
        let last = starts.clone().find(|n| is_final(&buffer[n * stride..length]));
        let regular = last.unwrap_or(length / stride);
        if last.is_some() {
            self.crew.ends_with(index);
            if length == whole {
                length += read_full(&mut buffer[whole..], |buffer, n| read(buffer, whole + n)).map_err(failed)?;
            }
        }
        Ok(Piece { index, length, regular, last: last.is_some() })
    }

    fn piece(&self, buffer: &mut Plaintext, claim: &Claim<'_>, deliver: &Deliver<'_>) -> Step<DecryptError> {
        let buffer = buffer.expose_secret_mut();
        let piece = match claim(buffer) {
            Ok(Some(piece)) => piece,
            Ok(None) => return Step::End,
            Err((index, error)) => return Step::Failed(index, error),
        };
        let body = &mut buffer[..piece.length];
        match self.verify_signature(piece, body) {
            Some(Ok(())) => {}
            Some(Err(error)) => return Step::Failed(piece.index, error),
            None => return Step::End,
        }
        let plaintext = match self.open(body, piece) {
            Ok(plaintext) => plaintext,
            Err(error) => return Step::Failed(piece.index, error),
        };
        match deliver(piece, &body[plaintext.clone()]) {
            Some(Ok(())) => {
                self.plaintext.fetch_add(plaintext.len() as u64, Ordering::Relaxed);
                Step::Done(piece.index)
            }
            Some(Err(error)) => Step::Failed(piece.index, error),
            None => Step::End,
        }
    }

    /// Hashes a piece in its turn; at the last one the signature must verify before its plaintext is made.
    fn verify_signature(&self, piece: Piece, body: &[u8]) -> Option<Result<(), DecryptError>> {
        let Some((hash, key)) = &self.signature else { return Some(Ok(())) };
        if !piece.last {
            return hash.pass(&self.crew, piece.index, |hash| hash.update(body)).map(Ok);
        }
        let parts = self.final_end(body, piece).and_then(|end| {
            let (signed, footer) = body.split_at(end);
            Ok((signed, signature(footer)?))
        });
        let (signed, signature) = match parts {
            Ok(parts) => parts,
            Err(error) => return Some(Err(error)),
        };
        hash.pass(&self.crew, piece.index, |hash| {
            hash.update(signed);
            let digest = std::mem::replace(hash, Sha384::new()).finish();
            key.verify_prehash(&digest, signature).map_err(|_| DecryptError::SignatureInvalid)
        })
    }

    /// Where in the piece the final frame ends.
    fn final_end(&self, body: &[u8], piece: Piece) -> Result<usize, DecryptError> {
        let start = piece.regular * self.frames.stride();
        let end = start + self.frames.final_len(&body[start..])?;
        if end > body.len() {
            return Err(DecryptError::Truncated { part: "final frame" });
        }
        if end < body.len() && self.signature.is_none() {
            return Err(DecryptError::TrailingBytes);
        }
        Ok(end)
    }

    /// Opens a piece in place, moves the frames' plaintext together and gives where it stands.
    fn open(&self, body: &mut [u8], piece: Piece) -> Result<Range<usize>, DecryptError> {
        let stride = self.frames.stride();
        let first = piece.index * self.in_batch as u64 + 1;
        let sequence = |n: usize| u32::try_from(first + n as u64).map_err(|_| DecryptError::TooManyFrames);
        let mut plaintext = 0..0;
        let mut append = |body: &mut [u8], found: Range<usize>| {
            if plaintext.is_empty() {
                plaintext = found;
            } else {
                body.copy_within(found.clone(), plaintext.end);
                plaintext.end += found.len();
            }
        };
        for n in 0..piece.regular {
            let at = n * stride;
            let found = self.frames.open_regular(sequence(n)?, &mut body[at..at + stride])?;
            append(body, at + found.start..at + found.end);
        }
        if piece.last {
            let at = piece.regular * stride;
            let end = self.final_end(body, piece)?;
            let found = self.frames.open_final(sequence(piece.regular)?, &mut body[at..end])?;
            append(body, at + found.start..at + found.end);
        } else if piece.regular < self.in_batch {
            return Err(DecryptError::Truncated { part: "body" });
        }
        Ok(plaintext)
    }
}
