//! How fast the primitives are, beside the crates they stand on: `cargo bench -p sealkit-envelope --bench primitives`,
//! with `--features aws-lc` for both backends.
//!
//! Every result is used: a loop that drops its tag lets the compiler delete GHASH, and shows a speed four times too high.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
#[cfg(feature = "aws-lc")]
use sealkit_envelope::backends::AwsLc;
use sealkit_envelope::backends::{Backend, RustCrypto};

/// Frame lengths, in bytes.
const LENGTHS: [usize; 3] = [64 << 10, 256 << 10, 1 << 20];
const NONCE: [u8; 12] = [1; 12];
/// As long as a frame's associated data.
const AAD: [u8; 73] = [2; 73];

macro_rules! by_each_backend {
    ($bench:ident, $criterion:ident) => {
        $bench::<RustCrypto>($criterion);
        #[cfg(feature = "aws-lc")]
        $bench::<AwsLc>($criterion);
    };
}

fn seal(criterion: &mut Criterion) {
    for length in LENGTHS {
        let mut group = criterion.benchmark_group(format!("seal {} KiB", length >> 10));
        group.throughput(Throughput::Bytes(length as u64));
        let mut buffer = vec![0; length];

        let raw = raw_aes_gcm();
        group.bench_function("aes-gcm", |bencher| {
            use aes_gcm::aead::AeadInOut;
            let mut seal = || raw.encrypt_inout_detached(&NONCE.into(), &AAD, buffer.as_mut_slice().into()).unwrap();
            bencher.iter(|| black_box(seal()));
        });
        #[cfg(feature = "aws-lc")]
        let raw = raw_aws_lc();
        #[cfg(feature = "aws-lc")]
        group.bench_function("aws-lc-rs", |bencher| {
            use aws_lc_rs::aead::{Aad, Nonce};
            let mut seal = || {
                raw.seal_in_place_separate_tag(Nonce::from(&NONCE), Aad::from(&AAD), black_box(&mut buffer)).unwrap()
            };
            bencher.iter(|| black_box(seal()));
        });

        let mut ours = |name: &str, seal: &dyn Fn(&mut [u8]) -> [u8; 16]| {
            group.bench_function(format!("FrameKey on {name}"), |bencher| {
                bencher.iter(|| black_box(seal(black_box(&mut buffer))));
            });
        };
        let key = RustCrypto::gcm_key(&[7; 32]);
        ours(RustCrypto::NAME, &|buffer| RustCrypto::seal(&key, &NONCE, &AAD, buffer));
        #[cfg(feature = "aws-lc")]
        let key = AwsLc::gcm_key(&[7; 32]);
        #[cfg(feature = "aws-lc")]
        ours(AwsLc::NAME, &|buffer| AwsLc::seal(&key, &NONCE, &AAD, buffer));
        group.finish();
    }
}

/// Opening destroys its input, so each round seals and opens; the time of sealing alone is above.
fn seal_and_open(criterion: &mut Criterion) {
    fn bench<B: Backend>(criterion: &mut Criterion) {
        let mut group = criterion.benchmark_group("seal and open");
        for length in LENGTHS {
            group.throughput(Throughput::Bytes(length as u64));
            let key = B::gcm_key(&[7; 32]);
            let mut buffer = vec![0; length];
            group.bench_function(BenchmarkId::new(B::NAME, format!("{} KiB", length >> 10)), |bencher| {
                bencher.iter(|| {
                    let tag = B::seal(&key, &NONCE, &AAD, &mut buffer);
                    assert!(black_box(B::open(&key, &NONCE, &AAD, black_box(&mut buffer), &tag)));
                });
            });
        }
    }
    by_each_backend!(bench, criterion);
}

fn hash(criterion: &mut Criterion) {
    fn bench<B: Backend>(criterion: &mut Criterion) {
        let mut group = criterion.benchmark_group("SHA-384");
        let data = vec![0; 64 << 10];
        group.throughput(Throughput::Bytes(data.len() as u64));
        group.bench_function(B::NAME, |bencher| bencher.iter(|| B::sha384(black_box(&[&data]))));
    }
    by_each_backend!(bench, criterion);
}

fn sign(criterion: &mut Criterion) {
    fn bench<B: Backend>(criterion: &mut Criterion) {
        let mut group = criterion.benchmark_group("ECDSA P-384");
        let (key, digest) = (B::signing_key(), B::sha384(&[b"message"]));
        let (point, signature) = (B::public_key(&key), B::sign(&key, &digest));
        group.bench_function(BenchmarkId::new("generate", B::NAME), |bencher| bencher.iter(B::signing_key));
        group.bench_function(BenchmarkId::new("sign", B::NAME), |bencher| bencher.iter(|| B::sign(&key, &digest)));
        group.bench_function(BenchmarkId::new("verify", B::NAME), |bencher| {
            bencher.iter(|| black_box(B::verify(&point, &digest, &signature)));
        });
    }
    by_each_backend!(bench, criterion);
}

/// All that a message of 1 KiB under a cached data key has to compute: the floor for the one-shot form.
fn small_message(criterion: &mut Criterion) {
    fn bench<B: Backend>(criterion: &mut Criterion) {
        let mut group = criterion.benchmark_group("primitives of a 1 KiB message");
        group.bench_function(B::NAME, |bencher| {
            bencher.iter_batched_ref(
                || [0_u8; 1024],
                |content| {
                    let (mut id, mut derived, mut commitment) = ([0; 32], [0; 32], [0; 32]);
                    B::random(&mut id);
                    B::hkdf_sha512_twice(
                        &id,
                        &[7; 32],
                        (&[b"\x04\x78DERIVEKEY"], &mut derived),
                        (&[b"COMMITKEY"], &mut commitment),
                    );
                    let key = B::gcm_key(&derived);
                    let header_tag = B::seal(&key, &[0; 12], &[3; 200], &mut []);
                    let frame_tag = B::seal(&key, &NONCE, &AAD, content);
                    (commitment, header_tag, frame_tag)
                },
                BatchSize::SmallInput,
            );
        });
    }
    by_each_backend!(bench, criterion);
}

fn raw_aes_gcm() -> aes_gcm::Aes256Gcm {
    aes_gcm::KeyInit::new(&[7; 32].into())
}

#[cfg(feature = "aws-lc")]
fn raw_aws_lc() -> aws_lc_rs::aead::LessSafeKey {
    use aws_lc_rs::aead::{AES_256_GCM, LessSafeKey, UnboundKey};
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32]).unwrap())
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    targets = seal, seal_and_open, hash, sign, small_message
}
criterion_main!(benches);
