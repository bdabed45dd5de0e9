//! Any bytes as a header: no panic, nothing beyond the limits, and the same by both ways in.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealkit_envelope::{Limits, UnverifiedHeader};

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    let parsed = UnverifiedHeader::parse(bytes, &limits);
    let read = UnverifiedHeader::read_from(bytes, &limits);
    assert_eq!(parsed.is_ok(), read.is_ok(), "parse and read_from disagree");

    let Ok(header) = parsed else { return };
    assert!(header.len() <= bytes.len() && header.len() <= limits.max_header_bytes);
    assert!((1..=limits.max_encrypted_data_keys).contains(&header.encrypted_data_keys().len()));
    assert!((1..=limits.max_frame_length).contains(&header.frame_length()));
    for key in header.encrypted_data_keys() {
        let _ = format!("{:?}", key.key());
    }
    let again = UnverifiedHeader::parse(&bytes[..header.len()], &limits).expect("the header alone parses too");
    assert_eq!(again.context(), header.context());
    assert_eq!(again.message_id(), header.message_id());
});
