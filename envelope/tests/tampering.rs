//! Whatever is not exactly the message that was sealed is an error, and only verified plaintext is ever written.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::num::NonZeroUsize;

use proptest::prelude::*;
use sealkit_envelope::{AlgorithmSuite, DecryptError, DecryptPolicy, Decryptor, EncryptionContext, FrameLength};
use support::{Disk, Pieces, cmm, context, encryptor, header, noise};

const FRAME: usize = 16;
const STRIDE: usize = FRAME + 32;

fn seal(suite: AlgorithmSuite, plaintext: &[u8]) -> Vec<u8> {
    let encryptor = encryptor().with_suite(suite).with_frame_length(FrameLength::new(16).unwrap());
    pollster::block_on(encryptor.encrypt(plaintext, &context())).unwrap()
}

/// Opens in all three ways, checks that what was written is verified plaintext, and gives the stream's result.
fn open(message: &[u8], plaintext: &[u8], context: &EncryptionContext) -> Result<(), DecryptError> {
    let decryptor = Decryptor::new(cmm(), DecryptPolicy::new()).with_threads(NonZeroUsize::new(2).unwrap());
    let begin = || pollster::block_on(decryptor.unwrap(header(message)?, context));
    let at = match header(message) {
        Ok(header) => header.len(),
        Err(error) => return Err(error),
    };
    let at_once = begin()?.open(&message[at..]).map(|_| ());
    let output = Disk::default();
    let positional = begin()?.run_at(&Disk::new(message), at as u64, &output).map(|_| ());
    let mut written = Vec::new();
    let stream = begin()?.run(Pieces::new(&message[at..], 19), &mut written).map(|_| ());
    assert_eq!(at_once.is_ok(), stream.is_ok());
    assert_eq!(positional.is_ok(), stream.is_ok());
    assert!(plaintext.starts_with(&written), "a stream writes verified plaintext only");
    for (n, byte) in output.into_bytes().into_iter().enumerate() {
        assert!(byte == 0 || byte == plaintext[n], "a file gets verified plaintext only");
    }
    stream
}

fn none() -> EncryptionContext {
    EncryptionContext::new()
}

#[test]
fn every_truncation_is_refused() {
    let plaintext = noise(5 * FRAME + 3);
    for suite in AlgorithmSuite::ALL {
        let message = seal(suite, &plaintext);
        for length in 0..message.len() {
            assert!(open(&message[..length], &plaintext, &none()).is_err(), "{suite} cut to {length}");
        }
        open(&message, &plaintext, &none()).unwrap();
    }
}

#[test]
fn every_changed_byte_is_refused() {
    let plaintext = noise(3 * FRAME + 3);
    for suite in AlgorithmSuite::ALL {
        let message = seal(suite, &plaintext);
        for at in 0..message.len() {
            for change in [1, 0x80, 0xff] {
                let mut changed = message.clone();
                changed[at] ^= change;
                assert!(open(&changed, &plaintext, &none()).is_err(), "{suite} byte {at} ^ {change:#x}");
            }
        }
    }
}

#[test]
fn an_appended_byte_is_trailing_and_says_so() {
    let plaintext = noise(2 * FRAME);
    for suite in AlgorithmSuite::ALL {
        for extra in [1, 200, 100_000] {
            let message = [seal(suite, &plaintext), vec![0; extra]].concat();
            let error = open(&message, &plaintext, &none()).unwrap_err();
            assert!(matches!(error, DecryptError::TrailingBytes), "{suite} {extra}: {error:?}");
        }
    }
}

#[test]
fn frames_swapped_repeated_dropped_or_spliced_are_refused() {
    let plaintext = noise(4 * FRAME + 3);
    let message = seal(AlgorithmSuite::default(), &plaintext);
    let other = seal(AlgorithmSuite::default(), &plaintext);
    let body = header(&message).unwrap().len();
    let frame = |message: &[u8], n: usize| message[body + n * STRIDE..body + (n + 1) * STRIDE].to_vec();
    let build = |frames: &[Vec<u8>]| {
        [message[..body].to_vec(), frames.concat(), message[body + 4 * STRIDE..].to_vec()].concat()
    };
    let f = |n| frame(&message, n);
    open(&build(&[f(0), f(1), f(2), f(3)]), &plaintext, &none()).unwrap();
    let swapped = open(&build(&[f(0), f(2), f(1), f(3)]), &plaintext, &none()).unwrap_err();
    assert!(matches!(swapped, DecryptError::FrameOutOfSequence { expected: 2, found: 3 }), "{swapped:?}");
    let repeated = open(&build(&[f(0), f(0), f(1), f(2), f(3)]), &plaintext, &none()).unwrap_err();
    assert!(matches!(repeated, DecryptError::FrameOutOfSequence { expected: 2, found: 1 }), "{repeated:?}");
    let dropped = open(&build(&[f(0), f(1), f(2)]), &plaintext, &none()).unwrap_err();
    assert!(matches!(dropped, DecryptError::FrameOutOfSequence { expected: 4, found: 5 }), "{dropped:?}");
    let spliced = open(&build(&[f(0), frame(&other, 1), f(2), f(3)]), &plaintext, &none()).unwrap_err();
    assert!(matches!(spliced, DecryptError::NotAuthentic), "{spliced:?}");
}

#[test]
fn a_signature_of_another_message_is_refused_and_its_last_frame_not_released() {
    let plaintext = noise(FRAME + 3);
    let signed = AlgorithmSuite::Aes256GcmHkdfSha512CommitKeyEcdsaP384;
    let (message, other) = (seal(signed, &plaintext), seal(signed, &plaintext));
    let footer = 2 + 103;
    let crossed = [&message[..message.len() - footer], &other[other.len() - footer..]].concat();
    assert!(matches!(open(&crossed, &plaintext, &none()), Err(DecryptError::SignatureInvalid)));
    let body = header(&crossed).unwrap();
    let at = body.len();
    let decryptor = Decryptor::new(cmm(), DecryptPolicy::new());
    let mut written = Vec::new();
    pollster::block_on(decryptor.unwrap(body, &none())).unwrap().run(&crossed[at..], &mut written).unwrap_err();
    assert!(written.len() <= FRAME, "the final frame waits for the signature");
}

#[test]
fn the_callers_context_must_be_stored_or_authenticated() {
    let plaintext = noise(10);
    let message = seal(AlgorithmSuite::default(), &plaintext);
    open(&message, &plaintext, &context()).unwrap();
    let given = |key: &str, value: &str| EncryptionContext::try_from_pairs([(key, value)]).unwrap();
    let conflict = open(&message, &plaintext, &given("app", "other")).unwrap_err();
    assert!(matches!(conflict, DecryptError::ContextConflict { key } if key == "app"));
    // A pair that is not stored joins what the wrapped key is authenticated with, and was not there.
    assert!(matches!(open(&message, &plaintext, &given("extra", "x")), Err(DecryptError::Keyring(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
        let _ = open(&bytes, &[], &none());
    }

    #[test]
    fn several_changes_at_once_are_refused(
        length in 0..100_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), 1..=255_u8), 1..8),
        signed: bool,
    ) {
        let plaintext = noise(length);
        let message = seal(AlgorithmSuite::ALL[usize::from(signed)], &plaintext);
        let mut changed = message.clone();
        for (at, change) in changes {
            let at = at.index(changed.len());
            changed[at] ^= change;
        }
        prop_assume!(changed != message);
        prop_assert!(open(&changed, &plaintext, &none()).is_err());
    }
}
