//! Any bytes of a client through the authority adapter: an HPACK decoder understands of what comes out what it
//! understands of what went in, but for an `:authority` that does not parse, and however it is cut into reads.
#![no_main]
#![allow(dead_code, reason = "the modules are the plugin's own, and this target uses a part of them")]

use libfuzzer_sys::fuzz_target;

#[path = "../../src/authority"]
mod authority {
    mod block;
    pub(crate) mod differential;
    mod frames;
    mod hpack;
    mod huffman;
    mod rewrite;
    pub(crate) mod script;
    mod stream;
    mod table;

    use stream::Adapted;
}

use authority::differential::check;
use authority::script::{frame, perform};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

fuzz_target!(|input: &[u8]| {
    let [form, bytes @ ..] = input else { return };
    match form % 4 {
        // A client that knows HPACK, and does with it what the bytes say.
        0 => check(&perform(bytes)),
        // One header block.
        1 => {
            let mut wire = PREFACE.to_vec();
            frame(&mut wire, 1, 0x4, 1, bytes);
            check(&wire);
        }
        // Frames of any kind.
        2 => check(&[PREFACE, bytes].concat()),
        _ => check(bytes),
    }
});
