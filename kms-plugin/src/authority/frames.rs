//! The frames that a client sends (RFC 9113, section 4), as far as it takes to have each header block in one piece.

use std::ops::Range;

use super::block;
use super::table::Table;

/// What a client says first.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Length, type, flags and stream of a frame.
const HEADER: usize = 9;
/// The longest header block that is held, with the headers of its frames: one frame of the size that a server grants
/// unless it says otherwise. It is also more than our server takes.
pub(super) const LONGEST_BLOCK: usize = HEADER + 16 * 1024;

/// The most frames of a block that are held. h2 ends the connection after six; this bounds what it costs to go over
/// them again with each read.
const MOST_FRAMES: usize = 32;

const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// So many octets of the preface were seen.
    Preface(usize),
    /// A frame begins.
    Frame,
    /// So many octets of a frame pass as they are.
    Payload(usize),
    /// This is not HTTP/2, or breaks it: all passes.
    Raw,
}

/// Follows one client's frames and adapts the header blocks among them.
#[derive(Debug)]
pub(super) struct Frames {
    state: State,
    table: Table,
    greeted: bool,
    /// The pieces of a block that comes in several frames, put together.
    pieces: Vec<u8>,
}

/// A header block in its frames.
enum Block {
    /// All there: where its pieces are, and where its last frame ends.
    Whole(Vec<Range<usize>>, usize),
    /// More must be read.
    Partial,
    /// It would not fit into [`LONGEST_BLOCK`], or has more than [`MOST_FRAMES`].
    TooLong,
    /// Frames that h2 ends the connection over.
    Broken,
}

impl Frames {
    pub(super) fn new() -> Self {
        Self { state: State::Preface(0), table: Table::new(), greeted: false, pieces: Vec::new() }
    }

    /// Whether the client's preface was seen in full.
    pub(super) fn greeted(&self) -> bool {
        self.greeted
    }

    /// Goes through what was read, changes it where needed, and says how much of it may pass. The rest, less than
    /// [`LONGEST_BLOCK`], must be at the beginning next time, with more behind it.
    pub(super) fn follow(&mut self, read: &mut [u8]) -> usize {
        let mut at = 0;
        loop {
            let rest = &mut read[at..];
            match self.state {
                State::Raw => return at + rest.len(),
                _ if rest.is_empty() => return at,
                State::Preface(seen) => {
                    let expected = &PREFACE[seen..];
                    let length = expected.len().min(rest.len());
                    if rest[..length] != expected[..length] {
                        self.state = State::Raw;
                        continue;
                    }
                    at += length;
                    self.greeted = seen + length == PREFACE.len();
                    self.state = if self.greeted { State::Frame } else { State::Preface(seen + length) };
                }
                State::Payload(left) => {
                    let length = left.min(rest.len());
                    at += length;
                    self.state = if length == left { State::Frame } else { State::Payload(left - length) };
                }
                State::Frame => {
                    let Some(header) = Header::of(rest) else { return at };
                    if header.kind != HEADERS {
                        at += HEADER;
                        self.state = State::Payload(header.length);
                        continue;
                    }
                    match find_block(rest, header) {
                        Block::Whole(pieces, end) => {
                            self.adapt(&mut rest[..end], &pieces);
                            at += end;
                        }
                        Block::Partial => return at,
                        Block::TooLong => {
                            self.table.lose();
                            at += HEADER;
                            self.state = State::Payload(header.length);
                        }
                        Block::Broken => self.state = State::Raw,
                    }
                }
            }
        }
    }

    fn adapt(&mut self, frames: &mut [u8], pieces: &[Range<usize>]) {
        if let [piece] = pieces {
            return block::adapt(&mut frames[piece.clone()], &mut self.table);
        }
        self.pieces.clear();
        for piece in pieces {
            self.pieces.extend_from_slice(&frames[piece.clone()]);
        }
        block::adapt(&mut self.pieces, &mut self.table);
        let mut rest = self.pieces.as_slice();
        for piece in pieces {
            let (own, others) = rest.split_at(piece.len());
            frames[piece.clone()].copy_from_slice(own);
            rest = others;
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Header {
    length: usize,
    kind: u8,
    flags: u8,
    stream: u32,
}

impl Header {
    fn of(octets: &[u8]) -> Option<Self> {
        let [l0, l1, l2, kind, flags, s0, s1, s2, s3] = *octets.first_chunk::<HEADER>()?;
        let length = usize::from(l0) << 16 | usize::from(l1) << 8 | usize::from(l2);
        // The highest bit is reserved, and ignored.
        let stream = u32::from_be_bytes([s0 & 0x7f, s1, s2, s3]);
        Some(Self { length, kind, flags, stream })
    }
}

/// The block that the HEADERS frame at the beginning of `frames` begins.
fn find_block(frames: &[u8], first: Header) -> Block {
    let mut pieces = Vec::with_capacity(1);
    let mut header = first;
    let mut at = 0;
    loop {
        let end = at + HEADER + header.length;
        if end > LONGEST_BLOCK || pieces.len() == MOST_FRAMES {
            return Block::TooLong;
        }
        let Some(payload) = frames.get(at + HEADER..end) else { return Block::Partial };
        let piece = if pieces.is_empty() { fragment(payload, header.flags) } else { Some(0..payload.len()) };
        let Some(piece) = piece else { return Block::Broken };
        pieces.push(at + HEADER + piece.start..at + HEADER + piece.end);
        if header.flags & END_HEADERS != 0 {
            return Block::Whole(pieces, end);
        }
        at = end;
        // Room for another frame's header is needed, and nothing but the block's next frame may come.
        if at + HEADER > LONGEST_BLOCK {
            return Block::TooLong;
        }
        let Some(next) = Header::of(&frames[at..]) else { return Block::Partial };
        if next.kind != CONTINUATION || next.stream != first.stream {
            return Block::Broken;
        }
        header = next;
    }
}

/// Where the field block fragment of a HEADERS payload is: behind pad length and priority, before the padding.
fn fragment(payload: &[u8], flags: u8) -> Option<Range<usize>> {
    let mut start = 0;
    let mut end = payload.len();
    if flags & PADDED != 0 {
        end = end.checked_sub(usize::from(*payload.first()?))?;
        start += 1;
    }
    if flags & PRIORITY != 0 {
        start += 5;
    }
    (start <= end).then_some(start..end)
}
