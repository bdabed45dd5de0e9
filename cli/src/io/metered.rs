//! Readers that count for the progress bar and stop when the process was told to end.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

use sealkit_envelope::{ReadAt, WriteAt};
use sealkit_host::exit::Exit;
use sealkit_host::signal::Termination;

use crate::progress::Progress;

/// A signal came: found as the source of the `io::Error` of the next read.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
pub(crate) struct Terminated(pub(crate) Exit);

/// What every byte read is told to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meter<'a> {
    /// Counts.
    pub(crate) progress: &'a Progress,
    /// Ends the work between two reads.
    pub(crate) termination: &'a Termination,
}

impl Meter<'_> {
    fn check(&self) -> io::Result<()> {
        self.termination.requested().map_or(Ok(()), |exit| Err(io::Error::other(Terminated(exit))))
    }

    fn count(&self, read: usize) -> usize {
        self.progress.add(read as u64);
        read
    }
}

/// A metered reader.
#[derive(Debug)]
pub(crate) struct MeteredReader<'a, R> {
    inner: R,
    meter: Meter<'a>,
}

impl<'a, R> MeteredReader<'a, R> {
    pub(crate) fn new(inner: R, meter: Meter<'a>) -> Self {
        Self { inner, meter }
    }
}

impl<R: Read> Read for MeteredReader<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.meter.check()?;
        let read = self.inner.read(buf)?;
        Ok(self.meter.count(read))
    }
}

/// A metered file that several threads read at once.
#[derive(Debug)]
pub(crate) struct MeteredFile<'a> {
    file: &'a File,
    meter: Meter<'a>,
}

impl<'a> MeteredFile<'a> {
    pub(crate) fn new(file: &'a File, meter: Meter<'a>) -> Self {
        Self { file, meter }
    }
}

impl ReadAt for MeteredFile<'_> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.meter.check()?;
        let read = FileExt::read_at(self.file, buffer, offset)?;
        Ok(self.meter.count(read))
    }
}

/// A file that several threads write at once.
#[derive(Debug)]
pub(crate) struct FileAt<'a>(pub(crate) &'a File);

impl WriteAt for FileAt<'_> {
    fn write_all_at(&self, buffer: &[u8], offset: u64) -> io::Result<()> {
        FileExt::write_all_at(self.0, buffer, offset)
    }
}
