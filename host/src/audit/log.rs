//! The file that lines are appended to.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use rustix::fs::{Mode, OFlags};
use serde::Serialize;

use super::event::{AuditEvent, SHORT, bounded, rfc3339};
use crate::private_file::{self, PrivateFileError, Readers};
use crate::text::Escaped;

/// The binary that writes, as each of its lines names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Program {
    /// `sealctl`, `seal-kms-plugin` or `seal-fetcher`.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
}

/// An audit file, open for appending; shared by all threads.
#[derive(Debug)]
pub struct AuditLog {
    path: PathBuf,
    program: Program,
    sink: Mutex<Sink>,
}

#[derive(Debug)]
struct Sink {
    file: File,
    /// The last line was written in part only, by a disk that became full.
    torn: bool,
}

/// Why an audit file can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The file can't be opened for appending.
    #[error("can't append to the audit file {}", Escaped::new(path))]
    Open {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Others could change what is in it.
    #[error("the audit file is not safe to append to")]
    Unsafe(#[source] PrivateFileError),
    /// A line could not be written: what it says happened has no record.
    #[error("can't write to the audit file {}", Escaped::new(path))]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl AuditLog {
    /// Opens `path` for appending, and makes it with mode 0600 if it does not exist.
    ///
    /// # Errors
    /// If it can't be opened, is a FIFO that nobody reads, or is a regular file that others own or can write.
    /// Then the audit that was asked for can't be kept: do no work.
    pub fn open(path: &Path, program: Program) -> Result<Self, AuditError> {
        let failed = |source: io::Error| AuditError::Open { path: path.to_owned(), source };
        // Non-blocking, so that a FIFO without a reader is ENXIO rather than a hang before the first input.
        let flags =
            OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR).map_err(|errno| failed(errno.into()))?;
        let file = File::from(file);
        let metadata = file.metadata().map_err(failed)?;
        let mut torn = false;
        if metadata.is_file() {
            private_file::check(path, &metadata, Readers::Anyone).map_err(AuditError::Unsafe)?;
            torn = is_torn(path, &file);
        } else if metadata.file_type().is_fifo() || metadata.file_type().is_char_device() {
            rustix::fs::fcntl_setfl(&file, OFlags::APPEND).map_err(|errno| failed(errno.into()))?;
        } else {
            return Err(failed(io::Error::from(io::ErrorKind::InvalidInput)));
        }
        Ok(Self { path: path.to_owned(), program, sink: Mutex::new(Sink { file, torn }) })
    }

    /// Appends one line, stamped with the present time, in one `write`.
    ///
    /// # Errors
    /// If the line could not be written, or only a part of it. What follows from that is the caller's to decide
    /// (`docs/audit.md`): commands begin no other object, servers count and go on.
    pub fn append(&self, event: &AuditEvent) -> Result<(), AuditError> {
        self.append_at(event, SystemTime::now())
    }

    /// [`append`](Self::append) of what ended at `time`: servers write behind a queue.
    ///
    /// # Errors
    /// As `append`.
    pub fn append_at(&self, event: &AuditEvent, time: SystemTime) -> Result<(), AuditError> {
        let line = self.line(event, time);
        let mut sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner);
        sink.write(&line).map_err(|source| AuditError::Write { path: self.path.clone(), source })
    }

    /// Where the lines go.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn line(&self, event: &AuditEvent, time: SystemTime) -> Vec<u8> {
        let line = Line {
            schema: 1,
            time: rfc3339(time),
            binary: self.program.name,
            version: bounded(self.program.version.as_ref(), SHORT).0,
            pid: std::process::id(),
            uid: rustix::process::geteuid().as_raw(),
            event,
        };
        let mut bytes = serde_json::to_vec(&line).expect("strings and numbers always have a JSON form");
        bytes.push(b'\n');
        bytes
    }
}

/// Whether the last line of a file is one without an end, of a program that met a full disk. A file that can't be read
/// is taken to be whole.
fn is_torn(path: &Path, file: &File) -> bool {
    use std::os::unix::fs::{FileExt as _, MetadataExt as _};
    let last_byte = || {
        // What has the name now may be a FIFO.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let read = File::from(rustix::fs::open(path, flags, Mode::empty())?);
        let (found, opened) = (read.metadata()?, file.metadata()?);
        let is_it = (found.dev(), found.ino()) == (opened.dev(), opened.ino());
        let Some(last) = found.len().checked_sub(1).filter(|_| is_it) else { return Ok(b'\n') };
        let mut byte = [0];
        read.read_exact_at(&mut byte, last)?;
        Ok::<_, io::Error>(byte[0])
    };
    last_byte().is_ok_and(|byte| byte != b'\n')
}

impl Sink {
    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        // A newline of its own closes the part that a full disk took of the line before.
        let closed;
        let bytes = if self.torn {
            closed = [b"\n", line].concat();
            &closed
        } else {
            line
        };
        let written = loop {
            match self.file.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.torn = written < bytes.len() && (written > 0 || self.torn);
        if written < bytes.len() { Err(io::ErrorKind::WriteZero.into()) } else { Ok(()) }
    }
}

/// A line as it lies in the file: who wrote it, then the event.
#[derive(Serialize)]
struct Line<'a> {
    schema: u8,
    time: String,
    binary: &'static str,
    version: String,
    pid: u32,
    uid: u32,
    #[serde(flatten)]
    event: &'a AuditEvent,
}
