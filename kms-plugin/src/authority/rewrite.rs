//! Another text for an `:authority` that does not parse: of the same length, encoded and decoded.

use http::uri::Authority;

use super::huffman::{self, Invalid, Symbol};

/// For each code length of 5 to 13 bits that has one, a character that may stand anywhere in an authority.
const STAND_INS: [(u32, u8); 7] = [(5, b'a'), (6, b'-'), (7, b'x'), (8, b'X'), (10, b'!'), (11, b'+'), (13, b'~')];
/// The least that a symbol takes.
const SHORTEST: usize = 5;

/// Whether `http`, and so h2, takes this for an authority.
fn parses(plain: &[u8]) -> bool {
    Authority::try_from(plain).is_ok()
}

/// Characters that are fine anywhere in an authority, in any order: what RFC 3986 calls unreserved and sub-delims.
fn is_safe(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte)
}

/// Changes raw text that does not parse, so that it does.
pub(super) fn raw(text: &mut [u8]) {
    if parses(text) {
        return;
    }
    for byte in text {
        if !is_safe(*byte) {
            *byte = b'-';
        }
    }
}

/// Changes Huffman-coded text that does not parse, so that it does: each character that may be wrong becomes one whose
/// code has the same length.
///
/// # Errors
///
/// When the text is not in the code; then it is unchanged.
pub(super) fn coded(text: &mut [u8]) -> Result<(), Invalid> {
    let symbols = huffman::symbols(text).collect::<Result<Vec<Symbol>, _>>()?;
    let plain: Vec<u8> = symbols.iter().map(|symbol| symbol.byte).collect();
    if parses(&plain) {
        return Ok(());
    }
    let wrong = || symbols.iter().filter(|symbol| !is_safe(symbol.byte));
    if wrong().all(|symbol| stand_in(symbol.bits).is_some()) {
        for symbol in wrong() {
            if let Some(byte) = stand_in(symbol.bits) {
                huffman::put(text, symbol.at, byte);
            }
        }
    } else {
        fill(text, symbols.len());
    }
    Ok(())
}

fn stand_in(bits: u32) -> Option<u8> {
    STAND_INS.iter().find(|(length, _)| *length == bits).map(|(_, byte)| *byte)
}

/// Writes `count` stand-ins that take exactly the octets of `text`, which is possible while a symbol has 13 bits at
/// most on average. Needed for `#` and a few others, whose code lengths no harmless character has.
fn fill(text: &mut [u8], count: usize) {
    let bits = text.len() * 8;
    let mut at = 0;
    let mut chosen = Vec::with_capacity(count);
    for left in (0..count).rev() {
        // What this one may take if each after it takes the least.
        let most = bits - at - left * SHORTEST;
        let Some((length, byte)) = STAND_INS.iter().rev().find(|(length, _)| *length as usize <= most) else { return };
        chosen.push((at, *byte));
        at += *length as usize;
    }
    // More than padding is left: longer codes than any stand-in's.
    if bits - at >= 8 {
        return;
    }
    for (at, byte) in chosen {
        huffman::put(text, at, byte);
    }
    huffman::pad(text, at);
}
