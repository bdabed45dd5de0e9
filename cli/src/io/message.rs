//! A message, opened as far as its header: binary or armored, file or stream.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};

use sealkit_envelope::armor::{self, ArmorReader};
use sealkit_envelope::{DecryptError, Limits, UnverifiedHeader};

use super::input::{Input, RegularFile};
use super::metered::{Meter, MeteredReader};

/// What is read at once while a header is read field by field.
const HEADER_BUFFER: usize = 8 * 1024;

/// White space that may precede an armored message, and its beginning.
const PEEK: usize = 64;

type Peeked<'a> = io::Chain<Cursor<Vec<u8>>, MeteredReader<'a, &'a File>>;

/// What follows a header.
pub(crate) enum Body<'a> {
    /// In a file: threads read it where they like, from the header's length on.
    File(&'a RegularFile),
    /// In a stream, in order.
    Binary(BufReader<Peeked<'a>>),
    /// The same in base64.
    Armored(BufReader<ArmorReader<Peeked<'a>>>),
}

/// Reads the header of a message.
///
/// # Errors
/// [`DecryptError`] for what is no message, or one beyond the limits.
pub(crate) fn open<'a>(
    input: &'a Input,
    meter: Meter<'a>,
    limits: &Limits,
) -> Result<(UnverifiedHeader, Body<'a>), DecryptError> {
    let file = match input {
        Input::File(regular) => &regular.file,
        Input::Stream(file) => file,
    };
    let mut reader = MeteredReader::new(file, meter);
    let mut beginning = Vec::with_capacity(PEEK);
    reader.by_ref().take(PEEK as u64).read_to_end(&mut beginning).map_err(DecryptError::Read)?;
    let armored = armor::detect(&beginning);
    let peeked = Cursor::new(beginning).chain(reader);
    if armored {
        let mut text = BufReader::with_capacity(HEADER_BUFFER, ArmorReader::new(peeked));
        return Ok((UnverifiedHeader::read_from(&mut text, limits)?, Body::Armored(text)));
    }
    let mut bytes = BufReader::with_capacity(HEADER_BUFFER, peeked);
    let header = UnverifiedHeader::read_from(&mut bytes, limits)?;
    let body = match input {
        Input::File(regular) => Body::File(regular),
        Input::Stream(_) => Body::Binary(bytes),
    };
    Ok((header, body))
}

impl Read for Body<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(_) => Ok(0),
            Self::Binary(reader) => reader.read(buf),
            Self::Armored(reader) => reader.read(buf),
        }
    }
}
