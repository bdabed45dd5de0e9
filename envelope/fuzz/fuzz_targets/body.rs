//! Any bytes behind a header that verifies: nothing but the sealed plaintext ever comes out, streaming
//! or at once, and whatever comes out of a damaged body is where the plaintext begins.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sealkit_envelope::{Decryptor, Limits, Opening, UnverifiedHeader};
use sealkit_envelope_fuzz::{Drip, PLAINTEXT, SIGNED, UNSIGNED, context, decryptor};

static DECRYPTOR: LazyLock<Decryptor> = LazyLock::new(decryptor);

fn open(message: &[u8]) -> Opening {
    let header = UnverifiedHeader::parse(message, &Limits::default()).expect("the fixture's header parses");
    pollster::block_on(DECRYPTOR.unwrap(header, &context())).expect("the fixture's header verifies")
}

fuzz_target!(|input: &[u8]| {
    let [choice, most, body @ ..] = input else { return };
    let message = if choice & 1 == 0 { UNSIGNED } else { SIGNED };

    let at_once = open(message).open(body);
    if let Ok((plaintext, _)) = &at_once {
        assert_eq!(plaintext.expose_secret(), PLAINTEXT);
    }

    let mut written = Vec::new();
    let most = usize::from(*most).max(1);
    let streamed = open(message).run(Drip { bytes: body, most }, &mut written);
    assert_eq!(at_once.is_ok(), streamed.is_ok(), "open and run disagree");
    assert!(PLAINTEXT.starts_with(&written), "released what was never sealed");
    if streamed.is_ok() {
        assert_eq!(written, PLAINTEXT);
    }
});
