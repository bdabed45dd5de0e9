//! Messages as text: plain base64 in lines, without markers, so that every base64 decoder reads it.
//!
//! A message is recognised by its beginning: the version and the algorithm suite make it `AgR4` or `AgV4`, which no
//! binary message begins with. Lines are 76 characters long when written; any white space is skipped when read.

use std::io::{self, Read, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Bytes in a written line of 76 characters.
const LINE: usize = 57;

/// Text read at once.
const CHUNK: usize = 32 * 1024;

/// Bytes that [`detect`] needs at most to decide, if no white space precedes the message.
pub const DETECT: usize = 4;

/// Whether a message that begins with these bytes is armored. White space before it is skipped.
///
/// Version 1 is recognised too, for its refusal by name.
#[must_use]
pub fn detect(beginning: &[u8]) -> bool {
    let text = beginning.trim_ascii_start();
    [&b"AgR4"[..], b"AgV4", b"AYA"].iter().any(|prefix| text.starts_with(prefix))
}

/// Why text is not base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the armor is damaged: it is not base64")]
pub struct ArmorError;

/// Writes what it is given as base64. [`finish`](Self::finish) it.
#[derive(Debug)]
pub struct ArmorWriter<W> {
    inner: W,
    /// The beginning of a line that is not full.
    rest: Vec<u8>,
    text: String,
}

impl<W: Write> ArmorWriter<W> {
    /// A writer of lines to `inner`.
    pub fn new(inner: W) -> Self {
        Self { inner, rest: Vec::with_capacity(LINE), text: String::new() }
    }

    /// Writes the last line and gives the inner writer back, flushed.
    ///
    /// # Errors
    ///
    /// The inner writer's.
    pub fn finish(mut self) -> io::Result<W> {
        if !self.rest.is_empty() {
            let rest = std::mem::take(&mut self.rest);
            self.lines(&rest)?;
        }
        self.inner.flush()?;
        Ok(self.inner)
    }

    fn lines(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.text.clear();
        for line in bytes.chunks(LINE) {
            STANDARD.encode_string(line, &mut self.text);
            self.text.push('\n');
        }
        self.inner.write_all(self.text.as_bytes())
    }
}

impl<W: Write> Write for ArmorWriter<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let bytes = &buf[..buf.len().min(CHUNK)];
        let (fill, bytes_left) = bytes.split_at(bytes.len().min(LINE - self.rest.len()));
        self.rest.extend_from_slice(fill);
        if self.rest.len() == LINE {
            let line = std::mem::take(&mut self.rest);
            self.lines(&line)?;
            let (whole, rest) = bytes_left.split_at(bytes_left.len() - bytes_left.len() % LINE);
            self.lines(whole)?;
            self.rest = rest.to_vec();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Reads the bytes that base64 text stands for.
///
/// Strict but for white space: padding is required, and nothing but white space follows it. What is wrong comes as
/// an [`io::Error`] of the kind `InvalidData` whose source is [`ArmorError`].
#[derive(Debug)]
pub struct ArmorReader<R> {
    inner: R,
    chunk: Vec<u8>,
    /// Text without white space, not yet decoded: fewer than four characters.
    text: Vec<u8>,
    bytes: Vec<u8>,
    given: usize,
    ended: bool,
    padded: bool,
}

impl<R: Read> ArmorReader<R> {
    /// A reader of the text that `inner` gives.
    pub fn new(inner: R) -> Self {
        let (chunk, text, bytes) = (vec![0; CHUNK], Vec::new(), Vec::new());
        Self { inner, chunk, text, bytes, given: 0, ended: false, padded: false }
    }

    /// Reads and decodes some more text.
    fn advance(&mut self) -> io::Result<()> {
        let read = self.inner.read(&mut self.chunk)?;
        self.text.extend(self.chunk[..read].iter().filter(|byte| !byte.is_ascii_whitespace()));
        self.ended = read == 0;
        if self.padded && !self.text.is_empty() {
            return Err(damaged());
        }
        let whole = if self.ended { self.text.len() } else { self.text.len() - self.text.len() % 4 };
        let rest = self.text.split_off(whole);
        self.padded |= self.text.contains(&b'=');
        self.bytes.clear();
        self.given = 0;
        STANDARD.decode_vec(&self.text, &mut self.bytes).map_err(|_| damaged())?;
        self.text = rest;
        Ok(())
    }
}

impl<R: Read> Read for ArmorReader<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.given == self.bytes.len() && !self.ended {
            self.advance()?;
        }
        let count = buf.len().min(self.bytes.len() - self.given);
        buf[..count].copy_from_slice(&self.bytes[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, ArmorError)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail by a panic")]
mod tests {
    use super::*;

    fn armored(bytes: &[u8], piece: usize) -> Vec<u8> {
        let mut writer = ArmorWriter::new(Vec::new());
        bytes.chunks(piece).for_each(|piece| writer.write_all(piece).unwrap());
        writer.finish().unwrap()
    }

    fn opened(text: &[u8]) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        ArmorReader::new(text).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    #[test]
    fn every_length_comes_back_however_it_is_cut() {
        for length in (0..200).chain([CHUNK - 1, CHUNK, CHUNK + 58, 3 * CHUNK]) {
            let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(length).collect();
            for piece in [1, 56, 57, 58, 100_000] {
                let text = armored(&bytes, piece);
                assert!(text.split(|byte| *byte == b'\n').all(|line| line.len() <= 76));
                assert_eq!(opened(&text).unwrap(), bytes);
            }
        }
    }

    #[test]
    fn white_space_is_skipped_wherever_it_stands() {
        assert_eq!(opened(b" \r\nAg R4\r\n\tAA\n==\n\n").unwrap(), [2, 4, 0x78, 0]);
        assert!(detect(b"\r\n AgR4"));
        assert!(detect(b"AgV4"));
        assert!(!detect(&[2, 4, 0x78, 0]));
        assert!(!detect(b"AgR"));
    }

    #[test]
    fn damage_is_an_error() {
        for text in [&b"AgR4AA"[..], b"AgR4AA==AgR4", b"AgR4*A==", b"AgR4AA=", b"Ag==R4AA", b"AgR4AB=="] {
            let error = opened(text).unwrap_err();
            assert!(error.get_ref().is_some_and(|source| source.is::<ArmorError>()), "{text:?}");
        }
    }

    #[test]
    fn padding_at_the_end_of_a_chunk_ends_the_text() {
        let mut text = vec![b'A'; CHUNK - 4];
        text.extend_from_slice(b"AA==");
        assert!(opened(&text).is_ok());
        text.extend_from_slice(b"AgR4");
        assert!(opened(&text).is_err());
    }
}
