//! How fast frames of different lengths go from file to file: `cargo bench -p sealkit-envelope --bench frame_length
//! --features aws-lc`. The measurement behind the default frame length.
//!
//! Files are made in `SEALKIT_BENCH_DIR`, `/dev/shm` by default, so that the disk is not what is measured;
//! `SEALKIT_BENCH_MIB` sets their size, 512 by default. Lengths take turns, medians are compared.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use sealkit_envelope::cmm::DefaultCmm;
use sealkit_envelope::keyring::raw_aes::RawAesKeyring;
use sealkit_envelope::{
    DataKey, DecryptPolicy, Decryptor, EncryptionContext, Encryptor, FrameLength, Limits, ReadAt, UnverifiedHeader,
    WriteAt,
};

const TURNS: usize = 7;
const KIB: [u32; 8] = [4, 16, 64, 128, 256, 512, 1024, 4096];

struct Disk(File);

impl ReadAt for Disk {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(buffer, offset)
    }
}

impl WriteAt for Disk {
    fn write_all_at(&self, buffer: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(buffer, offset)
    }
}

struct Files {
    plain: PathBuf,
    sealed: PathBuf,
    back: PathBuf,
}

fn cmm() -> DefaultCmm {
    let key = DataKey::from_slice(&[7; 32]).unwrap();
    DefaultCmm::new(Arc::new(RawAesKeyring::new("sealkit", "bench", &key).unwrap()))
}

fn create(path: &Path) -> Disk {
    // A file that stands already has its pages: writing it again is faster than writing it anew.
    let _ = std::fs::remove_file(path);
    Disk(File::create(path).unwrap())
}

fn seal(files: &Files, frame: u32) -> f64 {
    let (input, output) = (File::open(&files.plain).unwrap(), create(&files.sealed));
    let length = input.metadata().unwrap().len();
    let start = Instant::now();
    let encryptor = Encryptor::new(cmm()).with_frame_length(FrameLength::new(frame).unwrap());
    let sealing = pollster::block_on(encryptor.begin(&EncryptionContext::new(), Some(length))).unwrap();
    let sealed = sealing.run_at(&Disk(input), length, &output).unwrap();
    assert_eq!(sealed.plaintext_bytes, length);
    start.elapsed().as_secs_f64()
}

fn open(files: &Files, length: u64) -> f64 {
    let (input, output) = (File::open(&files.sealed).unwrap(), create(&files.back));
    let start = Instant::now();
    let decryptor = Decryptor::new(cmm(), DecryptPolicy::new());
    let header = UnverifiedHeader::read_from(io::BufReader::new(&input), &Limits::default()).unwrap();
    let at = header.len() as u64;
    let opening = pollster::block_on(decryptor.unwrap(header, &EncryptionContext::new())).unwrap();
    assert_eq!(opening.run_at(&Disk(input), at, &output).unwrap().plaintext_bytes, length);
    start.elapsed().as_secs_f64()
}

fn median(times: &[f64]) -> f64 {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn main() {
    let place = std::env::var_os("SEALKIT_BENCH_DIR").map_or_else(|| PathBuf::from("/dev/shm"), PathBuf::from);
    // `cargo bench -- --test` asks for a run that shows that it works.
    let (turns, mib) = if std::env::args().any(|argument| argument == "--test") { (1, 8) } else { (TURNS, 512) };
    let mib: u64 = std::env::var("SEALKIT_BENCH_MIB").map_or(mib, |text| text.parse().unwrap());
    let name = |kind| place.join(format!("sealkit-bench-{}-{kind}", std::process::id()));
    let files = Files { plain: name("plain"), sealed: name("sealed"), back: name("back") };
    let mut plain = File::create(&files.plain).unwrap();
    for n in 0..mib {
        plain.write_all(&[u8::try_from(n % 251).unwrap(); 1 << 20]).unwrap();
    }

    let mut times = KIB.map(|_| (Vec::new(), Vec::new()));
    for turn in 0..=turns {
        for (kib, (sealing, opening)) in KIB.iter().zip(&mut times) {
            let (sealed, opened) = (seal(&files, kib * 1024), open(&files, mib << 20));
            if turn > 0 {
                sealing.push(sealed);
                opening.push(opened);
            }
        }
    }
    for path in [&files.plain, &files.sealed, &files.back] {
        std::fs::remove_file(path).unwrap();
    }

    println!("{mib} MiB, file to file, medians of {turns} turns; ratio to the default frame length");
    let default = KIB.iter().position(|kib| kib * 1024 == FrameLength::default().bytes()).unwrap();
    let (seal_default, open_default) = (median(&times[default].0), median(&times[default].1));
    for (kib, (sealing, opening)) in KIB.iter().zip(&times) {
        let (sealing, opening) = (median(sealing), median(opening));
        println!(
            "{kib:5} KiB  encrypt {sealing:.3} s ({:.2})  decrypt {opening:.3} s ({:.2})",
            sealing / seal_default,
            opening / open_default
        );
    }
}
