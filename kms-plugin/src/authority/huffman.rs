//! HPACK's Huffman code (RFC 7541, appendix B), symbol by symbol and in place.

/// Symbols by the length of their code in bits. The code is canonical: codes ascend in this order, from 0, so their
/// lengths say all. The last code of 30 bits is the end of the string, which must not be sent.
const LENGTHS: [(u32, &[u8]); 21] = [
    (5, b"012aceiost"),
    (6, b" %-./3456789=A_bdfghlmnpru"),
    (7, b":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz"),
    (8, b"&*,;XZ"),
    (10, b"!\"()?"),
    (11, b"'+|"),
    (12, b"#>"),
    (13, b"\x00$@[]~"),
    (14, b"^}"),
    (15, b"<`{"),
    (19, b"\\\xc3\xd0"),
    (20, b"\x80\x82\x83\xa2\xb8\xc2\xe0\xe2"),
    (21, b"\x99\xa1\xa7\xac\xb0\xb1\xb3\xd1\xd8\xd9\xe3\xe5\xe6"),
    (
        22,
        b"\x81\x84\x85\x86\x88\x92\x9a\x9c\xa0\xa3\xa4\xa9\xaa\xad\xb2\xb5\xb9\xba\xbb\xbd\xbe\xc4\xc6\xe4\xe8\xe9",
    ),
    (
        23,
        b"\x01\x87\x89\x8a\x8b\x8c\x8d\x8f\x93\x95\x96\x97\x98\x9b\x9d\x9e\xa5\xa6\xa8\xae\xaf\xb4\xb6\xb7\xbc\xbf\xc5\xe7\xef",
    ),
    (24, b"\x09\x8e\x90\x91\x94\x9f\xab\xce\xd7\xe1\xec\xed"),
    (25, b"\xc7\xcf\xea\xeb"),
    (26, b"\xc0\xc1\xc8\xc9\xca\xcd\xd2\xd5\xda\xdb\xee\xf0\xf2\xf3\xff"),
    (27, b"\xcb\xcc\xd3\xd4\xd6\xdd\xde\xdf\xf1\xf4\xf5\xf6\xf7\xf8\xfa\xfb\xfc\xfd\xfe"),
    (28, b"\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x0f\x10\x11\x12\x13\x14\x15\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f\xdc\xf9"),
    (30, b"\x0a\x0d\x16"),
];

/// A symbol in encoded text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Symbol {
    /// What it stands for.
    pub(super) byte: u8,
    /// Its first bit, counted from the start of the text.
    pub(super) at: usize,
    /// The length of its code.
    pub(super) bits: u32,
}

/// Text that is not in this code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Invalid;

/// The symbols of encoded text, and [`Invalid`] where it is no longer in the code or its padding is wrong.
pub(super) fn symbols(text: &[u8]) -> impl Iterator<Item = Result<Symbol, Invalid>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.len() * 8 - at;
        let window = window(text, at);
        // Padding is the beginning of the end-of-string code, all ones, and shorter than an octet.
        if rest < 8 && window == u32::MAX {
            return None;
        }
        let symbol = first(window).filter(|(_, bits)| *bits as usize <= rest);
        let Some((byte, bits)) = symbol else {
            at = text.len() * 8;
            return Some(Err(Invalid));
        };
        let symbol = Symbol { byte, at, bits };
        at += bits as usize;
        Some(Ok(symbol))
    })
}

/// How many bytes encoded text stands for.
pub(super) fn decoded_length(text: &[u8]) -> Result<usize, Invalid> {
    symbols(text).try_fold(0, |length, symbol| symbol.map(|_| length + 1))
}

/// Writes the code of `byte` over the bits from `at`.
pub(super) fn put(text: &mut [u8], at: usize, byte: u8) {
    let (code, bits) = code(byte);
    write_bits(text, at, code, bits);
}

/// Writes padding over the bits from `at` to the end.
pub(super) fn pad(text: &mut [u8], at: usize) {
    for bit in at..text.len() * 8 {
        write_bits(text, bit, 1, 1);
    }
}

/// The code of `byte`, in the low bits, and its length.
pub(super) fn code(byte: u8) -> (u32, u32) {
    let mut code = 0;
    let mut length = 0;
    for (bits, symbols) in LENGTHS {
        code <<= bits - length;
        length = bits;
        for symbol in symbols {
            if *symbol == byte {
                return (code, bits);
            }
            code += 1;
        }
    }
    unreachable!("every byte has a code")
}

/// The symbol whose code `window` begins with, and the length of that.
fn first(window: u32) -> Option<(u8, u32)> {
    let mut code = 0;
    let mut length = 0;
    for (bits, symbols) in LENGTHS {
        code <<= bits - length;
        length = bits;
        let place = (window >> (32 - bits)) - code;
        if let Some(byte) = symbols.get(place as usize) {
            return Some((*byte, bits));
        }
        code += u32::try_from(symbols.len()).expect("at most 256 symbols");
    }
    None
}

/// 32 bits of `text` from the bit `at`, followed by ones.
fn window(text: &[u8], at: usize) -> u32 {
    let octets = (0..5).map(|offset| text.get(at / 8 + offset).copied().unwrap_or(0xff));
    let wide = octets.fold(0_u64, |wide, octet| wide << 8 | u64::from(octet));
    // Of the 40 bits, those before `at` go off at the left of the low 32, the rest at the right.
    let wanted = (wide >> (8 - at % 8)) & u64::from(u32::MAX);
    u32::try_from(wanted).expect("masked")
}

fn write_bits(text: &mut [u8], at: usize, code: u32, bits: u32) {
    for bit in 0..bits as usize {
        let place = at + bit;
        let mask = 0x80 >> (place % 8);
        if code >> (bits as usize - 1 - bit) & 1 == 1 {
            text[place / 8] |= mask;
        } else {
            text[place / 8] &= !mask;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &[u8]) -> Result<Vec<u8>, Invalid> {
        symbols(text).map(|symbol| symbol.map(|symbol| symbol.byte)).collect()
    }

    fn encode(plain: &[u8]) -> Vec<u8> {
        let bits: usize = plain.iter().map(|byte| code(*byte).1 as usize).sum();
        let mut text = vec![0; bits.div_ceil(8)];
        let mut at = 0;
        for byte in plain {
            put(&mut text, at, *byte);
            at += code(*byte).1 as usize;
        }
        pad(&mut text, at);
        text
    }

    #[test]
    fn the_examples_of_the_rfc_are_read() {
        // RFC 7541, C.4.1, C.4.2, C.4.3 and C.6.1.
        let examples: [(&[u8], &[u8]); 4] = [
            (b"www.example.com", &[0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff]),
            (b"no-cache", &[0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf]),
            (b"custom-value", &[0x25, 0xa8, 0x49, 0xe9, 0x5b, 0xb8, 0xe8, 0xb4, 0xbf]),
            (b"private", &[0xae, 0xc3, 0x77, 0x1a, 0x4b]),
        ];
        for (plain, text) in examples {
            assert_eq!(decode(text).as_deref(), Ok(plain));
            assert_eq!(encode(plain), text);
        }
    }

    #[test]
    fn all_bytes_come_back_at_every_offset() {
        for byte in 0..=u8::MAX {
            for lead in [&b""[..], b"a", b"aa", b"aaa", b"-", b"~", b"<a", b"X"] {
                let plain = [lead, &[byte], lead].concat();
                assert_eq!(decode(&encode(&plain)), Ok(plain));
            }
        }
        let all: Vec<u8> = (0..=u8::MAX).collect();
        assert_eq!(decode(&encode(&all)), Ok(all));
    }

    #[test]
    fn end_of_string_and_wrong_padding_are_invalid() {
        assert_eq!(decode(&[0xff]), Err(Invalid), "an octet of padding");
        assert_eq!(decode(&[0xff, 0xff, 0xff, 0xff]), Err(Invalid), "end of string");
        assert_eq!(decode(&[0x1f]), Ok(b"a".to_vec()), "00011 and three ones");
        assert_eq!(decode(&[0x18]), Err(Invalid), "padding of zeros");
        assert_eq!(decode(&[]), Ok(Vec::new()));
    }
}
