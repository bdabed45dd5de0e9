#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::secret::DataKey;

fn frames() -> Frames {
    Frames::new(key(), [3; MESSAGE_ID], 10)
}

fn key() -> FrameKey {
    FrameKey::new(&DataKey::from_slice(&[5; 32]).unwrap())
}

fn regular(sequence: u32) -> Vec<u8> {
    let mut frame = [&[0; 16][..], b"0123456789", &[0; 16]].concat();
    frames().seal_regular(sequence, &mut frame);
    frame
}

fn last(sequence: u32, text: &[u8]) -> Vec<u8> {
    let mut frame = [&[0; 24][..], text, &[0; 16]].concat();
    frames().seal_final(sequence, &mut frame);
    frame
}

#[test]
fn frames_open_where_they_were_sealed() {
    let mut frame = regular(7);
    let found = frames().open_regular(7, &mut frame).unwrap();
    assert_eq!(&frame[found], b"0123456789");
    for text in [&b""[..], b"abc", b"0123456789"] {
        let mut frame = last(8, text);
        assert!(is_final(&frame));
        let found = frames().open_final(8, &mut frame).unwrap();
        assert_eq!(&frame[found], text);
    }
}

#[test]
fn the_iv_on_the_wire_is_used() {
    // Other SDKs need not write the sequence number: sealed by hand under an IV of its own.
    let (aad, used) = frames().aad(REGULAR_LABEL, 1, 10);
    let mut text = *b"0123456789";
    let tag = key().seal_in_place(&[0xab; IV], &aad[..used], &mut text);
    let mut frame = [&1_u32.to_be_bytes()[..], &[0xab; IV], &text, &tag].concat();
    let found = frames().open_regular(1, &mut frame).unwrap();
    assert_eq!(&frame[found], b"0123456789");
}

#[test]
fn a_regular_frame_is_no_final_frame_under_another_label() {
    let full = last(1, b"0123456789");
    let mut as_regular = [&1_u32.to_be_bytes()[..], &full[8..20], &full[24..]].concat();
    assert_eq!(frames().open_regular(1, &mut as_regular), Err(FrameError::NotAuthentic));
}

#[test]
fn what_does_not_fit_is_refused() {
    assert_eq!(frames().open_regular(2, &mut regular(1)), Err(FrameError::OutOfSequence { expected: 2, found: 1 }));
    assert_eq!(frames().open_regular(1, &mut regular(1)[..41]), Err(FrameError::Truncated));
    assert_eq!(frames().open_final(2, &mut last(1, b"x")), Err(FrameError::OutOfSequence { expected: 2, found: 1 }));
    let mut long = last(1, b"x");
    long[20..24].copy_from_slice(&11_u32.to_be_bytes());
    assert_eq!(frames().open_final(1, &mut long), Err(FrameError::TooLong { length: 11 }));
    assert_eq!(frames().final_len(&long[..23]), Err(FrameError::Truncated));
}

#[test]
fn nothing_is_left_of_a_frame_that_fails() {
    let mut frame = regular(1);
    frame[20] ^= 1;
    assert_eq!(frames().open_regular(1, &mut frame), Err(FrameError::NotAuthentic));
    assert_eq!(frame[16..26], [0; 10]);
}
