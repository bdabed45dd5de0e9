#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io::Read;

use super::*;
use crate::error::DecryptError;
use crate::policy::{FrameLength, Limits, PolicyError};
use crate::secret::DataKey;

const UNSIGNED: AlgorithmSuite = AlgorithmSuite::Aes256GcmHkdfSha512CommitKey;

fn edk(info: &[u8]) -> EncryptedDataKey {
    EncryptedDataKey { provider_id: "sealkit".into(), provider_info: info.to_vec(), ciphertext: vec![9; 48] }
}

fn keys() -> MessageKeys {
    MessageKeys::derive(UNSIGNED, &DataKey::from_slice(&[1; 32]).unwrap(), &[2; 32])
}

fn write(suite: AlgorithmSuite, context: &EncryptionContext, edks: &[EncryptedDataKey], frame: u32) -> Vec<u8> {
    let body = HeaderBody {
        suite,
        message_id: &[2; 32],
        context,
        encrypted_data_keys: edks,
        frame_length: FrameLength::new(frame).unwrap(),
    };
    let mut out = Vec::new();
    body.write(&keys(), &mut out).unwrap();
    assert_eq!(out.len(), body.len());
    out
}

fn sample() -> Vec<u8> {
    let context = EncryptionContext::try_from_pairs([("b", "2"), ("a", "1")]).unwrap();
    write(UNSIGNED, &context, &[edk(b"one"), edk(b"two")], 4096)
}

fn parse(bytes: &[u8]) -> Result<UnverifiedHeader, DecryptError> {
    UnverifiedHeader::parse(bytes, &Limits::default())
}

fn refused(bytes: &[u8]) -> HeaderError {
    match parse(bytes) {
        Err(DecryptError::Header(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_written_reads_back_and_not_a_byte_more() {
    let bytes = sample();
    let mut reader = [&bytes[..], b"body"].concat();
    let mut rest = &reader[..];
    let header = UnverifiedHeader::read_from(&mut rest, &Limits::default()).unwrap();
    assert_eq!(rest, b"body");
    assert_eq!((header.len(), header.frame_length(), header.suite()), (bytes.len(), 4096, UNSIGNED));
    assert_eq!(header.encrypted_data_keys(), [edk(b"one"), edk(b"two")]);
    assert_eq!(header.context().get("b"), Some("2"));
    assert!(header.verify(&keys(), &EncryptionContext::new()).is_ok());
    reader.clear();
}

#[test]
fn other_kinds_are_refused_by_name() {
    let mut bytes = sample();
    assert_eq!(refused(&[1, 0x80]), HeaderError::Version1);
    assert_eq!(refused(b"hello"), HeaderError::NotAMessage { first: b'h' });
    bytes[1..3].copy_from_slice(&[0x03, 0x78]);
    assert!(matches!(refused(&bytes), HeaderError::UnknownSuite { id: 0x0378, known_as: Some(_) }));
    let mut bytes = sample();
    let content_type = bytes.len() - 16 - 32 - 4 - 1;
    bytes[content_type] = 1;
    assert_eq!(refused(&bytes), HeaderError::Unframed);
    bytes[content_type] = 3;
    assert_eq!(refused(&bytes), HeaderError::UnknownContentType { content_type: 3 });
    bytes[content_type] = 2;
    bytes[content_type + 1..content_type + 5].fill(0);
    assert_eq!(refused(&bytes), HeaderError::ZeroFrameLength);
}

#[test]
fn a_signed_suite_and_a_public_key_go_together() {
    let signed = AlgorithmSuite::Aes256GcmHkdfSha512CommitKeyEcdsaP384;
    let mut context = EncryptionContext::new();
    assert_eq!(refused(&write(signed, &context, &[edk(b"k")], 1)), HeaderError::PublicKeyMissing);
    context.insert_public_key("point".into());
    assert_eq!(refused(&write(UNSIGNED, &context, &[edk(b"k")], 1)), HeaderError::PublicKeyUnexpected);
}

/// A header whose context field holds these bytes.
fn with_context(context: &[u8]) -> Vec<u8> {
    let plain = write(UNSIGNED, &EncryptionContext::new(), &[edk(b"k")], 1);
    let length = u16::try_from(context.len()).unwrap().to_be_bytes();
    [&plain[..35], &length, context, &plain[37..]].concat()
}

#[test]
fn contexts_are_read_in_any_order_and_in_both_empty_forms() {
    assert_eq!(parse(&with_context(b"\0\0")).unwrap().context().len(), 0);
    let unsorted = with_context(b"\0\x02\0\x01z\0\x011\0\x01a\0\x012");
    assert_eq!(parse(&unsorted).unwrap().context().len(), 2);
}

#[test]
fn malformed_contexts_are_refused() {
    for context in [
        &b"\0"[..],
        b"\0\x01",
        b"\0\x01\0\x01",
        b"\0\x01\0\x01a\0\x02x",
        b"\0\x01\0\x01a\0\x01bX",
        b"\0\x02\0\x01a\0\x01b\0\x01a\0\x01b",
        b"\xff\xff",
    ] {
        assert!(matches!(refused(&with_context(context)), HeaderError::MalformedContext { .. }), "{context:?}");
    }
    assert!(matches!(refused(&with_context(b"\0\x01\0\x01\xff\0\0")), HeaderError::NotUtf8 { .. }));
}

#[test]
fn limits_hold_before_anything_is_read() {
    let mut many = sample();
    many[35 + 2 + 12 + 2..][..2].copy_from_slice(&u16::MAX.to_be_bytes());
    let limits = Limits::default();
    let error = UnverifiedHeader::parse(&sample(), &Limits { max_encrypted_data_keys: 1, ..limits }).unwrap_err();
    assert!(matches!(error, DecryptError::Policy(PolicyError::TooManyEncryptedDataKeys { count: 2, max: 1 })));
    for max in 0..sample().len() {
        let error = UnverifiedHeader::parse(&sample(), &Limits { max_header_bytes: max, ..limits }).unwrap_err();
        assert!(matches!(error, DecryptError::Policy(PolicyError::HeaderTooLong { .. })), "{max}: {error:?}");
    }
    let error = UnverifiedHeader::parse(&sample(), &Limits { max_frame_length: 4095, ..limits }).unwrap_err();
    assert!(matches!(error, DecryptError::Policy(PolicyError::FrameTooLong { length: 4096, max: 4095 })));
}

#[test]
fn a_header_without_keys_is_refused() {
    let bytes = sample();
    let at = 35 + 2 + 14;
    let empty = [&bytes[..at], &[0, 0], &bytes[at + 2..]].concat();
    assert_eq!(refused(&empty), HeaderError::NoEncryptedDataKeys);
}

/// Gives zeros for ever and counts them.
struct Endless(u64);

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        buffer.fill(0xff);
        self.0 += buffer.len() as u64;
        Ok(buffer.len())
    }
}

#[test]
fn memory_is_bounded_whatever_the_header_claims() {
    let start = &sample()[..35 + 2 + 12];
    let mut endless = Endless(0);
    let claims = [start, &[0, 16]].concat();
    let error = UnverifiedHeader::read_from((&claims[..]).chain(&mut endless), &Limits::default()).unwrap_err();
    assert!(endless.0 <= 1024 * 1024, "{error:?} after {} bytes", endless.0);
}
