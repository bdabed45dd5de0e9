//! A small message with a cached data key beside its primitives alone: `cargo bench -p sealkit-envelope --bench
//! one_shot`, with `--features aws-lc` for that backend.
//!
//! The two are timed in turns and their medians compared, so that a noisy machine disturbs both alike. The target
//! is a ratio of at most 2.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

#[cfg(feature = "aws-lc")]
use sealkit_envelope::backends::AwsLc as Linked;
use sealkit_envelope::backends::Backend;
#[cfg(not(feature = "aws-lc"))]
use sealkit_envelope::backends::RustCrypto as Linked;
use sealkit_envelope::cmm::{CacheLimits, CachingCmm};
use sealkit_envelope::keyring::raw_aes::RawAesKeyring;
use sealkit_envelope::{DataKey, DecryptPolicy, Decryptor, EncryptionContext, Encryptor, UnverifiedHeader};

const TURNS: usize = 101;
const ROUNDS: u32 = 200;

/// What a message costs at least: random id, HKDF extract and two expands, key schedule, two GCMs.
fn primitives(header: &[u8], text: &mut [u8]) {
    let mut id = [0; 32];
    Linked::random(&mut id);
    let (mut derived, mut commitment) = ([0; 32], [0; 32]);
    let info: &[&[u8]] = &[&[4, 0x78], b"DERIVEKEY"];
    Linked::hkdf_sha512_twice(&id, &[7; 32], (info, &mut derived), (&[b"COMMITKEY"], &mut commitment));
    black_box(commitment);
    let key = Linked::gcm_key(&derived);
    black_box(Linked::seal(&key, &[0; 12], header, &mut []));
    black_box(Linked::seal(&key, &[1; 12], &[2; 77], text));
}

fn nanoseconds(mut work: impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..ROUNDS {
        work();
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(ROUNDS)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn main() {
    let cmm = || {
        let key = DataKey::from_slice(&[7; 32]).unwrap();
        let keyring = Arc::new(RawAesKeyring::new("sealkit", "bench", &key).unwrap());
        CachingCmm::new(keyring, CacheLimits::for_five_minutes())
    };
    let context = EncryptionContext::try_from_pairs([("app", "demo")]).unwrap();
    let encryptor = Encryptor::new(cmm());
    let decryptor = Decryptor::new(cmm(), DecryptPolicy::new());
    let plaintext = [3; 1024];
    let message = pollster::block_on(encryptor.encrypt(&plaintext, &context)).unwrap();
    let limits = decryptor.policy().limits;
    let header = message[..UnverifiedHeader::parse(&message, &limits).unwrap().len() - 16].to_vec();
    let mut text = plaintext;

    // `cargo bench -- --test` asks for a run that shows that it works.
    let turns = if std::env::args().any(|argument| argument == "--test") { 1 } else { TURNS };
    let (mut alone, mut encrypting, mut decrypting) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..turns {
        alone.push(nanoseconds(|| primitives(black_box(&header), &mut text)));
        encrypting.push(nanoseconds(|| {
            black_box(pollster::block_on(encryptor.encrypt(black_box(&plaintext), &context)).unwrap());
        }));
        decrypting.push(nanoseconds(|| {
            black_box(pollster::block_on(decryptor.decrypt(black_box(&message), &context)).unwrap());
        }));
    }
    let alone = median(alone);
    println!("one-shot 1 KiB, cached data key, backend {}, medians of {turns} turns", Linked::NAME);
    println!("primitives alone  {alone:8.0} ns");
    for (name, times) in [("encrypt", encrypting), ("decrypt", decrypting)] {
        let time = median(times);
        println!("{name:16}  {time:8.0} ns  {:.2} x the primitives", time / alone);
    }
}
