//! An input, opened: a file that threads read where they like, or a stream.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use sealkit_host::exit::Exit;

use super::collect::Source;
use super::naming;
use crate::error::CliError;

/// An opened input.
#[derive(Debug)]
pub(crate) enum Input {
    /// A regular file.
    File(RegularFile),
    /// Standard input, a FIFO or a device.
    Stream(File),
}

/// A regular file and what it was when it was opened.
#[derive(Debug)]
pub(crate) struct RegularFile {
    /// For reading at positions.
    pub(crate) file: File,
    /// Its length in bytes.
    pub(crate) length: u64,
    path: PathBuf,
    stamp: Stamp,
    is_link: bool,
}

/// What changes when a file does.
#[derive(Debug, Clone, Copy)]
struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    /// Nobody can set this one back, as `touch -r` and `rsync --times` do with the other.
    changed: (i64, i64),
    names: u64,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            names: metadata.nlink(),
        }
    }

    /// Whether the file is still what it was. A change of its hard links is a change too, but not one of what it holds:
    /// `--rm` of another name of it is no reason to fail.
    fn is_still(&self, now: &Self) -> bool {
        let is_same = |stamp: &Self| (stamp.device, stamp.inode, stamp.length, stamp.modified);
        is_same(self) == is_same(now) && (self.changed == now.changed || self.names != now.names)
    }
}

impl Input {
    /// Opens a source. A FIFO waits for its writer, as it does for `cat`.
    ///
    /// # Errors
    /// If it can't be opened, or is not any more what the walk found.
    pub(crate) fn open(source: &Source) -> Result<Self, CliError> {
        let (path, found) = match source {
            Source::Stdin => return standard_input(),
            Source::Named(path) => (path, false),
            Source::Found(path) => (path, true),
        };
        let failed = |error: io::Error| CliError::reading(path, &error);
        let mut flags = OFlags::NOCTTY;
        if found {
            // Not what somebody put there since: neither a link to elsewhere nor a FIFO to wait at.
            flags |= OFlags::NOFOLLOW | OFlags::NONBLOCK;
        }
        let flags = i32::try_from(flags.bits()).map_err(|_| failed(io::ErrorKind::InvalidInput.into()))?;
        let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if metadata.is_file() {
            let is_link = !found && path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
            let stamp = Stamp::of(&metadata);
            return Ok(Self::File(RegularFile { file, length: metadata.len(), path: path.clone(), stamp, is_link }));
        }
        if found || metadata.is_dir() {
            return Err(CliError::new(Exit::Io, naming::shown(path), "it is no regular file any more"));
        }
        Ok(Self::Stream(file))
    }

    /// Its length in bytes, if that is known.
    pub(crate) fn length(&self) -> Option<u64> {
        match self {
            Self::File(file) => Some(file.length),
            Self::Stream(_) => None,
        }
    }
}

impl RegularFile {
    /// Checks that the file is what it was when it was opened.
    ///
    /// # Errors
    /// If it was written to meanwhile: what was read may never have been its content.
    pub(crate) fn unchanged(&self) -> Result<(), CliError> {
        let now = self.file.metadata().map_err(|error| CliError::reading(&self.path, &error))?;
        if self.stamp.is_still(&Stamp::of(&now)) {
            return Ok(());
        }
        Err(CliError::new(Exit::Io, naming::shown(&self.path), "it changed while it was read")
            .hint("run it again when nobody writes to it"))
    }

    /// Whether removing the path removes the file: it is no symbolic link.
    ///
    /// # Errors
    /// If it is one.
    pub(crate) fn removable(&self) -> Result<(), CliError> {
        if self.is_link {
            return Err(CliError::usage(
                naming::shown(&self.path),
                "--rm would remove the symbolic link and keep the file",
            )
            .hint("name the file itself"));
        }
        Ok(())
    }

    /// Removes the file, if the path still leads to the one that was read.
    ///
    /// # Errors
    /// If it does not, or can't be removed. The encrypted file is in place by then.
    pub(crate) fn remove(&self) -> Result<(), CliError> {
        let shown = naming::shown(&self.path);
        let failed = |message: String| {
            CliError::new(Exit::Io, shown.clone(), message)
                .hint("its encrypted file is complete; remove the original yourself")
        };
        let now = self.path.symlink_metadata().map_err(|error| failed(crate::error::cause(&error)))?;
        if !self.stamp.is_still(&Stamp::of(&now)) {
            return Err(failed("not removed: it is not the file that was encrypted any more".to_owned()));
        }
        std::fs::remove_file(&self.path)
            .map_err(|error| failed(format!("not removed: {}", crate::error::cause(&error))))
    }

    /// How many names the file has.
    pub(crate) fn names(&self) -> u64 {
        self.file.metadata().map_or(1, |metadata| metadata.nlink())
    }

    /// The path it was opened by.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Checks that a source is there without opening it, for that may wait.
///
/// # Errors
/// If it is not.
pub(crate) fn exists(source: &Source) -> Result<(), CliError> {
    let Some(path) = source.path() else { return Ok(()) };
    path.metadata().map(drop).map_err(|error| CliError::reading(path, &error))
}

/// Unbuffered: what reads from it brings buffers of its own.
fn standard_input() -> Result<Input, CliError> {
    let stdin = io::stdin().as_fd().try_clone_to_owned();
    let stdin = stdin.map_err(|error| CliError::new(Exit::Io, "standard input", crate::error::cause(&error)))?;
    Ok(Input::Stream(stdin.into()))
}
