//! Any bytes as armor, and armor around any bytes.
#![no_main]

use std::io::{Read, Write};

use libfuzzer_sys::fuzz_target;
use sealkit_envelope::armor::{ArmorReader, ArmorWriter, detect};
use sealkit_envelope_fuzz::Drip;

fn read(text: &[u8], most: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    ArmorReader::new(Drip { bytes: text, most }).read_to_end(&mut bytes).ok().map(|_| bytes)
}

fuzz_target!(|input: &[u8]| {
    let [most, bytes @ ..] = input else { return };
    let most = usize::from(*most).max(1);
    let _ = detect(bytes);

    // How the text is cut into reads must not matter.
    assert_eq!(read(bytes, most), read(bytes, usize::MAX));

    let mut writer = ArmorWriter::new(Vec::new());
    bytes.chunks(most).for_each(|piece| writer.write_all(piece).expect("a vector takes all"));
    let text = writer.finish().expect("a vector takes all");
    assert_eq!(read(&text, most).as_deref(), Some(bytes), "what was armored comes back");
});
