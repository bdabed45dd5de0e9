//! The key schedule of AES-256 (FIPS 197, 5.2): ciphers keep it in memory, and it is as good as the key.

const ROUND_KEYS: usize = 15;

/// The round keys, in the byte order in which both backends keep them where AES instructions exist.
pub(super) fn expand(key: &[u8; 32]) -> [[u8; 16]; ROUND_KEYS] {
    let mut words = [[0_u8; 4]; 4 * ROUND_KEYS];
    for (word, bytes) in words.iter_mut().zip(key.chunks_exact(4)) {
        word.copy_from_slice(bytes);
    }
    let mut round_constant = 1;
    for i in 8..words.len() {
        let mut word = words[i - 1];
        if i % 8 == 0 {
            word.rotate_left(1);
            word = word.map(substitute);
            word[0] ^= round_constant;
            round_constant = double(round_constant);
        } else if i % 8 == 4 {
            word = word.map(substitute);
        }
        for (byte, earlier) in word.iter_mut().zip(words[i - 8]) {
            *byte ^= earlier;
        }
        words[i] = word;
    }
    let mut round_keys = [[0; 16]; ROUND_KEYS];
    for (bytes, word) in round_keys.as_flattened_mut().chunks_exact_mut(4).zip(words) {
        bytes.copy_from_slice(&word);
    }
    round_keys
}

/// The S-box (5.1.1): the inverse in GF(2⁸), then an affine map.
fn substitute(byte: u8) -> u8 {
    let inverse = (0..=u8::MAX).find(|&candidate| multiply(byte, candidate) == 1).unwrap_or(0);
    (0..5).fold(0x63, |sum, turn| sum ^ inverse.rotate_left(turn))
}

fn multiply(a: u8, b: u8) -> u8 {
    (0..8).rev().fold(0, |product, bit| double(product) ^ if b >> bit & 1 == 1 { a } else { 0 })
}

fn double(byte: u8) -> u8 {
    byte << 1 ^ if byte & 0x80 == 0 { 0 } else { 0x1b }
}

#[test]
fn the_schedule_is_that_of_fips_197_a_3() {
    let key = [
        0x60, 0x3d, 0xeb, 0x10, 0x15, 0xca, 0x71, 0xbe, 0x2b, 0x73, 0xae, 0xf0, 0x85, 0x7d, 0x77, 0x81, 0x1f, 0x35,
        0x2c, 0x07, 0x3b, 0x61, 0x08, 0xd7, 0x2d, 0x98, 0x10, 0xa3, 0x09, 0x14, 0xdf, 0xf4,
    ];
    let round_keys = expand(&key);
    assert_eq!(round_keys[2][..4], [0x9b, 0xa3, 0x54, 0x11]);
    assert_eq!(round_keys[14][12..], [0x70, 0x6c, 0x63, 0x1e]);
}
