//! The adapter judged by an HPACK decoder that knows nothing of it: what the client meant against what the server is
//! given. Property tests and the fuzz target share it.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use fluke_hpack::Decoder;
use http::uri::Authority;
use tokio::io::{AsyncRead, ReadBuf};

use super::{Adapted, huffman};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
/// What the adapter holds at most of a block in its frames.
const LONGEST_BLOCK: usize = 9 + 16 * 1024;
const MOST_FRAMES: usize = 32;
const FIRST_DYNAMIC: usize = 62;
/// Names that the adapter may put in the place of an empty `:authority`.
const RENAMED: [&[u8]; 2] = [b"set-cookie", b"xauthority"];

/// Bytes that come in pieces of the given sizes, over and over.
struct Drip<'a> {
    bytes: &'a [u8],
    sizes: &'a [usize],
    turn: usize,
}

impl AsyncRead for Drip<'_> {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let wanted = self.sizes.get(self.turn % self.sizes.len().max(1)).copied().unwrap_or(usize::MAX).max(1);
        self.turn += 1;
        let (piece, rest) = self.bytes.split_at(wanted.min(self.bytes.len()).min(buf.remaining()));
        buf.put_slice(piece);
        self.bytes = rest;
        Poll::Ready(Ok(()))
    }
}

/// What comes out of the adapter for `wire`, read in pieces of the given sizes.
pub(crate) fn adapted(wire: &[u8], sizes: &[usize]) -> Vec<u8> {
    let mut stream = Adapted::new(Drip { bytes: wire, sizes, turn: 0 });
    let mut context = Context::from_waker(Waker::noop());
    let mut out = Vec::new();
    let mut octets = [0; 1000];
    loop {
        let mut buf = ReadBuf::new(&mut octets);
        match Pin::new(&mut stream).poll_read(&mut context, &mut buf) {
            Poll::Ready(Ok(())) if buf.filled().is_empty() => return out,
            Poll::Ready(Ok(())) => out.extend_from_slice(buf.filled()),
            other => panic!("a drip is always ready: {other:?}"),
        }
    }
}

/// Checks all that is promised of `wire`, the bytes of a client.
pub(crate) fn check(wire: &[u8]) {
    let out = adapted(wire, &[]);
    for sizes in [&[1][..], &[2, 7, 1, 30]] {
        assert_eq!(adapted(wire, sizes), out, "how it is cut into reads must not matter");
    }
    assert_eq!(out.len(), wire.len(), "the length stays");

    let (Some(mut meant), Some(mut given)) = (wire.strip_prefix(PREFACE), out.strip_prefix(PREFACE)) else {
        assert_eq!(out, wire, "this is not HTTP/2");
        return;
    };
    let mut judge = Judge { client: decoder(), server: decoder(), strict: true };
    while let Some(next) = next_block(meant) {
        let (others, block) = next;
        let same = |range: std::ops::Range<usize>| assert_eq!(meant[range.clone()], given[range], "what is no block");
        same(0..others);
        let Some(block) = block else { return };
        let mut last = others;
        for piece in &block.pieces {
            same(last..piece.start);
            last = piece.end;
        }
        same(last..block.end);
        let gather =
            |from: &[u8]| block.pieces.iter().flat_map(|piece| from[piece.clone()].to_vec()).collect::<Vec<_>>();
        let is_too_long = block.end - block.start > LONGEST_BLOCK || block.pieces.len() > MOST_FRAMES;
        if !judge.compare(&gather(meant), &gather(given), is_too_long) {
            return;
        }
        (meant, given) = (&meant[block.end..], &given[block.end..]);
    }
    assert_eq!(meant, given, "what is no whole block");
}

fn decoder() -> Decoder<'static> {
    let mut decoder = Decoder::new();
    decoder.set_max_allowed_table_size(4096);
    decoder
}

struct Block {
    start: usize,
    end: usize,
    pieces: Vec<std::ops::Range<usize>>,
}

/// The end of the frames before the next header block, and that; none of it if the frames end or break before one does.
fn next_block(bytes: &[u8]) -> Option<(usize, Option<Block>)> {
    let mut at = 0;
    let mut block: Option<Block> = None;
    loop {
        let header = bytes.get(at..at + 9)?;
        let length = usize::from(header[0]) << 16 | usize::from(header[1]) << 8 | usize::from(header[2]);
        let (kind, flags) = (header[3], header[4]);
        let stream = u32::from_be_bytes([header[5] & 0x7f, header[6], header[7], header[8]]);
        let (start, end) = (at + 9, at + 9 + length);
        if bytes.len() < end {
            return None;
        }
        match &mut block {
            None if kind == HEADERS => {
                let mut piece = start..end;
                if flags & 0x8 != 0 {
                    let pad = usize::from(*bytes.get(start).filter(|_| length > 0)?);
                    piece = start + 1..end.checked_sub(pad)?;
                }
                if flags & 0x20 != 0 {
                    piece.start += 5;
                }
                if piece.start > piece.end {
                    return None;
                }
                block = Some(Block { start: at, end, pieces: vec![piece] });
            }
            None => {
                at = end;
                continue;
            }
            Some(block) => {
                let first = &bytes[block.start..];
                if kind != CONTINUATION || stream != u32::from_be_bytes([first[5] & 0x7f, first[6], first[7], first[8]])
                {
                    return None;
                }
                block.pieces.push(start..end);
                block.end = end;
            }
        }
        at = end;
        if flags & 0x4 != 0 {
            let start = block.as_ref()?.start;
            return Some((start, block));
        }
    }
}

type Fields = Vec<(Vec<u8>, Vec<u8>)>;

struct Judge {
    client: Decoder<'static>,
    server: Decoder<'static>,
    /// Cleared when a block was too long to be followed.
    strict: bool,
}

impl Judge {
    /// Whether the connection goes on after this block.
    fn compare(&mut self, meant: &[u8], given: &[u8], is_too_long: bool) -> bool {
        let Some(names) = names(meant) else {
            assert_eq!(meant, given, "what cannot be parsed passes");
            return false;
        };
        let Ok(client) = self.client.decode(meant) else { return false };
        let server = self.server.decode(given).expect("what can be decoded still can be");
        if is_too_long {
            assert_eq!(meant, given, "a block that is too long passes");
            self.strict = false;
        }
        // Of several, h2 refuses the call, and only their texts are changed.
        let is_only_one = client.iter().filter(|(name, _)| name == b":authority").count() == 1;
        let strict = self.strict && is_only_one;
        if is_taken_out(&client, &server) {
            return true;
        }
        let server = if is_only_one { put_back(&client, server) } else { server };
        assert_eq!(client.len(), server.len(), "{client:?} became {server:?}");
        for (place, (sent, got)) in client.iter().zip(&server).enumerate() {
            if sent.0 != b":authority" {
                assert_eq!(sent, got);
                continue;
            }
            assert!(got.0 == sent.0 || RENAMED.contains(&got.0.as_slice()), "{sent:?} became {got:?}");
            assert_eq!(sent.1.len(), got.1.len());
            if parses(&sent.1) {
                assert_eq!(sent.1, got.1, "a good authority stays");
            }
            let is_last = !client[place + 1..].iter().any(|(name, _)| name.starts_with(b":"));
            // An empty one cannot be renamed where its name is in the dynamic table.
            let is_named_here = names.iter().all(|name| *name < FIRST_DYNAMIC);
            let can_be_changed =
                if sent.1.is_empty() { is_last && is_named_here } else { sent.1.iter().all(|byte| is_short(*byte)) };
            if strict && can_be_changed && got.0 == sent.0 {
                assert!(parses(&got.1), "{:?} became {:?}", text(&sent.1), text(&got.1));
            }
        }
        true
    }
}

/// The server's fields with the one that took the place of an empty authority where that was.
fn put_back(client: &Fields, mut server: Fields) -> Fields {
    let is_empty = |field: &(Vec<u8>, Vec<u8>)| field.1.is_empty();
    let was = client.iter().position(|field| field.0 == b":authority" && is_empty(field));
    let moved = server.iter().position(|field| RENAMED.contains(&field.0.as_slice()) && is_empty(field));
    if let (Some(was), Some(moved)) = (was, moved)
        && client.get(moved) != server.get(moved)
        && was < moved
    {
        let field = server.remove(moved);
        server.insert(was, field);
    }
    server
}

/// The name indices of a block's literals; none if a number or string does not end in it, at which the decoder panics.
fn names(block: &[u8]) -> Option<Vec<usize>> {
    fn number(rest: &mut &[u8], prefix: u32) -> Option<usize> {
        let mask = (1 << prefix) - 1;
        let (first, octets) = rest.split_first()?;
        *rest = octets;
        let mut number = usize::from(first & mask);
        if number < usize::from(mask) {
            return Some(number);
        }
        for shift in [0, 7, 14, 21] {
            let (octet, octets) = rest.split_first()?;
            *rest = octets;
            number += usize::from(octet & 0x7f) << shift;
            if octet & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }
    fn skip_string(rest: &mut &[u8]) -> Option<()> {
        let length = number(rest, 7)?;
        *rest = rest.get(length..)?;
        Some(())
    }
    let mut names = Vec::new();
    let mut rest = block;
    while let Some(first) = rest.first() {
        let (prefix, is_literal) = match first {
            0x80.. => (7, false),
            0x40.. => (6, true),
            0x20.. => (5, false),
            _ => (4, true),
        };
        let index = number(&mut rest, prefix)?;
        if is_literal {
            names.push(index);
            if index == 0 {
                skip_string(&mut rest)?;
            }
            skip_string(&mut rest)?;
        }
    }
    Some(names)
}

/// Whether the server was given what the client sent, less its one empty authority, and `accept: ""` at the end.
fn is_taken_out(client: &Fields, server: &Fields) -> bool {
    let is_empty_authority = |field: &&(Vec<u8>, Vec<u8>)| field.0 == b":authority" && field.1.is_empty();
    if client.iter().filter(is_empty_authority).count() != 1 {
        return false;
    }
    let left: Vec<_> = client.iter().filter(|field| !is_empty_authority(field)).collect();
    let more = server.iter().skip(left.len());
    server.len() > left.len()
        && server.iter().zip(&left).all(|(got, sent)| got == *sent)
        && more.into_iter().all(|(name, value)| name == b"accept" && value.is_empty())
}

fn parses(value: &[u8]) -> bool {
    Authority::try_from(value).is_ok()
}

/// Whether the Huffman code of a byte is short enough for a stand-in, whatever stands beside it.
fn is_short(byte: u8) -> bool {
    huffman::code(byte).1 <= 13
}

fn text(value: &[u8]) -> String {
    value.escape_ascii().to_string()
}
