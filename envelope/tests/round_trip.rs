//! Every way to seal and every way to open, against each other, over the lengths at which frames begin and end.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::num::NonZeroUsize;

use sealkit_envelope::{AlgorithmSuite, EncryptionContext, FrameLength};
use support::{Disk, Pieces, context, decryptor, encryptor, noise};

/// How a message comes to be, or is read.
#[derive(Clone, Copy, Debug)]
enum Way {
    AtOnce,
    Stream,
    Positional,
}

const WAYS: [Way; 3] = [Way::AtOnce, Way::Stream, Way::Positional];

fn seal(way: Way, suite: AlgorithmSuite, frame: u32, threads: usize, plaintext: &[u8]) -> Vec<u8> {
    let encryptor = encryptor()
        .with_suite(suite)
        .with_frame_length(FrameLength::new(frame).unwrap())
        .with_threads(NonZeroUsize::new(threads).unwrap());
    let length = plaintext.len() as u64;
    let sealing = pollster::block_on(encryptor.begin(&context(), Some(length))).unwrap();
    match way {
        Way::AtOnce => sealing.seal(plaintext).unwrap(),
        Way::Stream => {
            let mut message = Vec::new();
            let sealed = sealing.run(Pieces::new(plaintext, 1000), &mut message).unwrap();
            assert_eq!((sealed.plaintext_bytes, sealed.message_bytes), (length, message.len() as u64));
            message
        }
        Way::Positional => {
            let output = Disk::default();
            let sealed = sealing.run_at(&Disk::new(plaintext), length, &output).unwrap();
            let message = output.into_bytes();
            assert_eq!((sealed.plaintext_bytes, sealed.message_bytes), (length, message.len() as u64));
            message
        }
    }
}

fn open(way: Way, threads: usize, message: &[u8]) -> Vec<u8> {
    let decryptor = decryptor().with_threads(NonZeroUsize::new(threads).unwrap());
    let header = support::header(message).unwrap();
    let at = header.len();
    let opening = pollster::block_on(decryptor.unwrap(header, &EncryptionContext::new())).unwrap();
    match way {
        Way::AtOnce => opening.open(&message[at..]).unwrap().0.expose_secret().to_vec(),
        Way::Stream => {
            let mut plaintext = Vec::new();
            let opened = opening.run(Pieces::new(&message[at..], 777), &mut plaintext).unwrap();
            assert_eq!(opened.plaintext_bytes, plaintext.len() as u64);
            plaintext
        }
        Way::Positional => {
            let output = Disk::default();
            let opened = opening.run_at(&Disk::new(message), at as u64, &output).unwrap();
            let plaintext = output.into_bytes();
            assert_eq!(opened.plaintext_bytes, plaintext.len() as u64);
            plaintext
        }
    }
}

#[test]
fn every_way_to_seal_is_read_by_every_way_to_open() {
    for suite in AlgorithmSuite::ALL {
        for frame in [1, 7, 128, 4096, 300_000] {
            let n = usize::try_from(frame).unwrap();
            for length in [0, 1, n - 1, n, n + 1, 2 * n, 5 * n + 3] {
                let plaintext = noise(length);
                for way in WAYS {
                    let message = seal(way, suite, frame, 3, &plaintext);
                    for back in WAYS {
                        assert!(open(back, 3, &message) == plaintext, "{suite} {frame} {length} {way:?} {back:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn many_batches_on_many_threads_arrive_in_order() {
    let plaintext = noise(4 * 1024 * 1024 + 5);
    for suite in AlgorithmSuite::ALL {
        for (frame, threads) in [(8192, 4), (65_536, 1), (65_536, 8), (262_144, 2), (1 << 20, 5)] {
            for way in [Way::Stream, Way::Positional] {
                let message = seal(way, suite, frame, threads, &plaintext);
                for back in WAYS {
                    assert!(open(back, threads, &message) == plaintext, "{suite} {frame} {threads} {way:?} {back:?}");
                }
            }
        }
    }
}

#[test]
fn what_the_official_sdks_expect_is_what_is_written() {
    let n = 128;
    let message = seal(Way::AtOnce, AlgorithmSuite::default(), 128, 1, &noise(2 * n));
    let header = support::header(&message).unwrap().len();
    let frames = &message[header..];
    // An exact multiple ends in an empty final frame: Python SDK 3.3 refuses a full one.
    assert_eq!(frames.len(), 2 * (n + 32) + 40);
    assert_eq!(frames[2 * (n + 32)..][..24], hex::decode("ffffffff0000000300000000000000000000000300000000").unwrap());
    assert_eq!(message[..3], [2, 0x04, 0x78]);
}
