//! A client for the differential tests, which writes header blocks in every way there is.

use super::huffman;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;

/// Authorities of the field, and others that `http` does not take.
pub(crate) const AUTHORITIES: [&str; 16] = [
    "localhost",
    "/var/run/kmsplugin/socket.sock",
    "%2Fvar%2Frun%2Fkmsplugin%2Fsocket.sock",
    "",
    "@abstract",
    "@a/b",
    "/",
    "a:b:c",
    "[::1]:443",
    "[/x",
    "/run/with space/a?b#c",
    "/run/caf\u{e9}.sock",
    "<^`{}\\>",
    "user@host:1",
    "/a|b\"c(d)",
    "###/",
];

/// Bytes of a client that speaks HPACK in every way there is, as `script` says; any bytes are a script.
pub(crate) fn perform(script: &[u8]) -> Vec<u8> {
    let mut script = script.iter().copied();
    let mut wire = PREFACE.to_vec();
    frame(&mut wire, 4, 0, 0, &[]);
    while let Some(fields) = script.next() {
        let mut block = Vec::new();
        for _ in 0..fields % 8 {
            write_field(&mut block, &mut script);
        }
        write_block(&mut wire, &block, &mut script);
    }
    wire
}

fn write_field(block: &mut Vec<u8>, script: &mut impl Iterator<Item = u8>) {
    let mut next = || script.next().unwrap_or_default();
    let (form, choice) = (next(), next());
    let coded = form & 0x10 != 0;
    // Indexed, or one of the three kinds of literals, under one of three kinds of names.
    let (first, prefix) = [(0x40, 6), (0x00, 4), (0x10, 4)][usize::from(form >> 5) % 3];
    match form & 0x0f {
        0 => return integer(block, 0x80, 7, 1 + usize::from(choice) % 61),
        1 | 2 => return integer(block, 0x80, 7, 62 + usize::from(choice) % 4),
        // Small tables more often: there entries go.
        3 => return integer(block, 0x20, 5, usize::from(choice) * if choice < 200 { 1 } else { 17 }),
        4..=7 => integer(block, first, prefix, 1),
        8 => integer(block, first, prefix, 1 + usize::from(choice) % 61),
        9 => integer(block, first, prefix, 62 + usize::from(choice) % 4),
        10 | 11 => {
            integer(block, first, prefix, 0);
            string(block, b":authority", choice & 1 == 1);
        }
        _ => {
            integer(block, first, prefix, 0);
            let names = [":path", ":scheme", "te", "x", "content-type", ":authorit", "authority", ":authority1"];
            string(block, names[usize::from(choice) % names.len()].as_bytes(), choice & 0x80 != 0);
        }
    }
    let value = next();
    match AUTHORITIES.get(usize::from(value)) {
        Some(known) => string(block, known.as_bytes(), coded),
        None => {
            let any: Vec<u8> = (0..value % 24).map(|_| next()).collect();
            string(block, &any, coded);
        }
    }
}

/// One HEADERS frame, with padding or priority or without, or several frames.
fn write_block(wire: &mut Vec<u8>, block: &[u8], script: &mut impl Iterator<Item = u8>) {
    let mut next = || script.next().unwrap_or_default();
    let shape = next();
    let (mut payload, mut padding, mut flags) = (Vec::new(), 0, 0);
    if shape & 1 != 0 {
        padding = usize::from(next() % 8);
        payload.push(u8::try_from(padding).expect("below 8"));
        flags |= 0x8;
    }
    if shape & 2 != 0 {
        payload.extend([0, 0, 0, 0, 16]);
        flags |= 0x20;
    }
    let cut = if shape & 4 != 0 { usize::from(next()).min(block.len()) } else { block.len() };
    let (own, mut rest) = block.split_at(cut);
    payload.extend(own);
    payload.resize(payload.len() + padding, 0);
    let ends = |is_last: bool| if is_last { 0x4 } else { 0 };
    let is_one = shape & 4 == 0;
    frame(wire, HEADERS, flags | ends(is_one), 1, &payload);
    let mut is_last = is_one;
    while !is_last {
        let cut = usize::from(next() % 16).max(1).min(rest.len());
        let (own, others) = rest.split_at(cut);
        rest = others;
        is_last = rest.is_empty();
        frame(wire, CONTINUATION, ends(is_last), 1, own);
    }
    if shape & 8 != 0 {
        frame(wire, 0, 0, 1, &[HEADERS; 12]);
    }
}

pub(crate) fn frame(wire: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let length = u32::try_from(payload.len()).expect("short");
    wire.extend(&length.to_be_bytes()[1..]);
    wire.extend([kind, flags]);
    wire.extend(stream.to_be_bytes());
    wire.extend(payload);
}

pub(crate) fn integer(block: &mut Vec<u8>, first: u8, prefix: u32, number: usize) {
    let mask = (1_usize << prefix) - 1;
    let octet = |number: usize| u8::try_from(number).expect("below 256");
    if number < mask {
        return block.push(first | octet(number));
    }
    block.push(first | octet(mask));
    let mut rest = number - mask;
    while rest >= 0x80 {
        block.push(octet(rest % 0x80) | 0x80);
        rest /= 0x80;
    }
    block.push(octet(rest));
}

pub(crate) fn string(block: &mut Vec<u8>, plain: &[u8], coded: bool) {
    if !coded {
        integer(block, 0, 7, plain.len());
        return block.extend(plain);
    }
    let bits: usize = plain.iter().map(|byte| huffman::code(*byte).1 as usize).sum();
    let mut text = vec![0; bits.div_ceil(8)];
    let mut at = 0;
    for byte in plain {
        huffman::put(&mut text, at, *byte);
        at += huffman::code(*byte).1 as usize;
    }
    huffman::pad(&mut text, at);
    integer(block, 0x80, 7, text.len());
    block.extend(text);
}
