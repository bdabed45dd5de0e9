#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;

use super::*;
use crate::cmm::DefaultCmm;
use crate::keyring::raw_aes::RawAesKeyring;
use crate::policy::PolicyError;
use crate::secret::DataKey;

fn encryptor() -> Encryptor {
    let key = DataKey::from_slice(&[7; 32]).unwrap();
    Encryptor::new(DefaultCmm::new(Arc::new(RawAesKeyring::new("sealkit", "k", &key).unwrap())))
}

#[test]
fn what_could_not_be_read_back_is_not_written() {
    let limits = Limits { max_frame_length: 1024, ..Limits::default() };
    let encryptor = encryptor().with_limits(limits).with_frame_length(FrameLength::new(1025).unwrap());
    let error = pollster::block_on(encryptor.encrypt(b"", &EncryptionContext::new())).unwrap_err();
    assert!(matches!(error, EncryptError::Policy(PolicyError::FrameTooLong { length: 1025, max: 1024 })));
}

#[test]
fn more_plaintext_than_stated_is_an_error() {
    let sealing = pollster::block_on(encryptor().begin(&EncryptionContext::new(), Some(3))).unwrap();
    let error = sealing.run(&b"four"[..], Vec::new()).unwrap_err();
    assert!(matches!(error, EncryptError::InputChanged { expected: 3 }));
}

#[test]
fn a_file_that_shrinks_is_an_error() {
    struct Short;
    impl ReadAt for Short {
        fn read_at(&self, buffer: &mut [u8], offset: u64) -> std::io::Result<usize> {
            Ok(buffer.len().min(usize::try_from(10_u64.saturating_sub(offset)).unwrap()))
        }
    }
    struct Sink;
    impl WriteAt for Sink {
        fn write_all_at(&self, _: &[u8], _: u64) -> std::io::Result<()> {
            Ok(())
        }
    }
    let sealing = pollster::block_on(encryptor().begin(&EncryptionContext::new(), Some(11))).unwrap();
    let error = sealing.run_at(&Short, 11, &Sink).unwrap_err();
    assert!(matches!(error, EncryptError::InputChanged { expected: 11 }));
}

#[test]
fn errors_and_panics_of_readers_and_writers_end_the_stream() {
    struct Breaks(usize);
    impl Read for Breaks {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.0 = self.0.checked_sub(1).ok_or(std::io::ErrorKind::BrokenPipe)?;
            Ok(buffer.len())
        }
    }
    struct Panics(usize);
    impl Write for Panics {
        fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
            self.0 -= 1;
            assert!(self.0 > 0, "as asked");
            Ok(buffer.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let encryptor = encryptor().with_threads(NonZeroUsize::new(4).unwrap());
    let begin = || pollster::block_on(encryptor.begin(&EncryptionContext::new(), None)).unwrap();
    assert!(matches!(begin().run(Breaks(20), std::io::sink()), Err(EncryptError::Read(_))));
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| begin().run(Breaks(50), Panics(9))));
    assert!(outcome.is_err(), "the panic comes through, and nobody waits for ever");
}
