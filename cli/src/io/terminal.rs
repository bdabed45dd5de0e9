//! Binary never goes to a terminal: it is unreadable there, and its escape sequences are commands.

use std::io::{self, Write};

/// Why a write to a terminal was refused; found as the source of the `io::Error`.
#[derive(Debug, thiserror::Error)]
#[error("it is not text, and standard output is a terminal")]
pub(crate) struct BinaryToTerminal;

/// Lets text through to a terminal and stops at the first byte that is not.
///
/// Text is UTF-8 without control characters other than tab, newline and carriage return.
#[derive(Debug)]
pub(crate) struct TextOnly<W> {
    inner: W,
    /// The beginning of a character whose end has not arrived.
    partial: Vec<u8>,
}

impl<W: Write> TextOnly<W> {
    pub(crate) fn new(inner: W) -> Self {
        Self { inner, partial: Vec::with_capacity(4) }
    }

    /// Ends the output: a character that was begun must have been finished.
    ///
    /// # Errors
    /// [`BinaryToTerminal`] if it was not; errors of the terminal.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        if !self.partial.is_empty() {
            return Err(refused());
        }
        self.inner.flush()
    }

    /// Writes what precedes the first incomplete character of `bytes`, and keeps that.
    fn pass(&mut self, bytes: &[u8]) -> io::Result<()> {
        let (text, rest) = match std::str::from_utf8(bytes) {
            Ok(text) => (text, &[][..]),
            Err(error) if error.error_len().is_some() => return Err(refused()),
            Err(error) => {
                let (text, rest) = bytes.split_at(error.valid_up_to());
                (std::str::from_utf8(text).map_err(|_| refused())?, rest)
            }
        };
        if text.chars().any(|character| character.is_control() && !matches!(character, '\t' | '\n' | '\r')) {
            return Err(refused());
        }
        self.inner.write_all(text.as_bytes())?;
        self.partial = rest.to_vec();
        Ok(())
    }
}

impl<W: Write> Write for TextOnly<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if self.partial.is_empty() {
            self.pass(buf)?;
            return Ok(buf.len());
        }
        // At most three bytes wait: one more completes or breaks the character.
        let Some(&next) = buf.first() else { return Ok(0) };
        let mut bytes = std::mem::take(&mut self.partial);
        bytes.push(next);
        self.pass(&bytes)?;
        Ok(1)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn refused() -> io::Error {
    io::Error::other(BinaryToTerminal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(pieces: &[&[u8]]) -> (Vec<u8>, bool) {
        let mut out = Vec::new();
        let mut writer = TextOnly::new(&mut out);
        let fine = pieces.iter().all(|piece| writer.write_all(piece).is_ok()) && writer.finish().is_ok();
        (out, fine)
    }

    #[test]
    fn text_passes_however_it_is_cut() {
        assert_eq!(written(&["Grü\tß\r\n".as_bytes()]), ("Grü\tß\r\n".into(), true));
        let bytes = "日本€".as_bytes();
        for at in 0..bytes.len() {
            assert_eq!(written(&[&bytes[..at], &bytes[at..]]), (bytes.to_vec(), true));
        }
    }

    #[test]
    fn escapes_and_broken_characters_stop_it() {
        assert_eq!(written(&[b"ok\n", b"\x1b[2J"]), (b"ok\n".to_vec(), false));
        assert!(!written(&[b"\xff"]).1);
        assert!(!written(&[b"\xe6\x97"]).1);
        assert!(!written(&[b"\xe6", b"a"]).1);
        assert!(!written(&[b"a\0b"]).1);
    }
}
