//! Files that nobody but their owner can change, and for keys: can read.
//!
//! What is checked is the open file, never its name, so nothing can be swapped between check and use. The
//! directory is not checked: whoever can write there can place only files of their own, which are refused for
//! their owner; and the sticky bit of `/tmp` changes nothing about that. Symbolic links are followed, for the
//! same reason.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use crate::text::Escaped;

/// Who may read a private file. Writing is its owner's alone in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Configuration: no secret is in it.
    Anyone,
    /// Keys: neither group nor others.
    OwnerOnly,
}

/// A regular file, open for reading, that belongs to us or to root and that nobody else can change.
#[derive(Debug)]
pub struct PrivateFile {
    path: PathBuf,
    file: File,
}

/// Why a file is not taken for configuration or a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrivateFileError {
    /// It can't be opened.
    #[error("can't open {}", Escaped::new(path))]
    Open {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// It is a directory, a device or a FIFO.
    #[error("{} is not a regular file", Escaped::new(path))]
    NotRegular {
        /// The file.
        path: PathBuf,
    },
    /// It belongs to somebody else, who can change it at any time.
    #[error("{} belongs to user {owner}, not to user {user} or root", Escaped::new(path))]
    ForeignOwner {
        /// The file.
        path: PathBuf,
        /// Its owner.
        owner: u32,
        /// Our effective user.
        user: u32,
    },
    /// Group or others can write to it.
    #[error("{} can be written by others (mode {mode:04o})", Escaped::new(path))]
    WritableByOthers {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Group or others can read it.
    #[error("{} can be read by others (mode {mode:04o})", Escaped::new(path))]
    ReadableByOthers {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is longer than such a file ever is.
    #[error("{} is longer than {max} bytes", Escaped::new(path))]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The limit, in bytes.
        max: u64,
    },
    /// It can't be read, or is not UTF-8.
    #[error("can't read {}", Escaped::new(path))]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl PrivateFileError {
    /// The command that mends the permissions, where they are what is wrong.
    #[must_use]
    pub fn remedy(&self) -> Option<String> {
        match self {
            Self::WritableByOthers { path, .. } => Some(format!("chmod go-w {}", shell_word(path)?)),
            Self::ReadableByOthers { path, .. } => Some(format!("chmod 600 {}", shell_word(path)?)),
            _ => None,
        }
    }
}

impl PrivateFile {
    /// Opens `path` for reading.
    ///
    /// # Errors
    /// If it can't be opened, is not a regular file, belongs to anyone but us and root, can be written by group or
    /// others, or, with [`Readers::OwnerOnly`], can be read by them.
    pub fn open(path: &Path, readers: Readers) -> Result<Self, PrivateFileError> {
        let failed = |source: io::Error| PrivateFileError::Open { path: path.to_owned(), source };
        // Non-blocking, so that a FIFO put in the place of a file can't hang us; regular files don't care.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = rustix::fs::open(path, flags, Mode::empty()).map_err(|errno| failed(errno.into()))?;
        let file = File::from(file);
        check(path, &file.metadata().map_err(failed)?, readers)?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// The name it was opened by.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The open file: for keys, which are read into memory that erases itself.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Reads all of it as UTF-8.
    ///
    /// # Errors
    /// If it is longer than `max` bytes (nothing beyond is read), can't be read, or is not UTF-8.
    pub fn read_text(self, max: u64) -> Result<String, PrivateFileError> {
        let mut text = String::new();
        match (&self.file).take(max.saturating_add(1)).read_to_string(&mut text) {
            Err(source) => Err(PrivateFileError::Read { path: self.path, source }),
            Ok(length) if length as u64 > max => Err(PrivateFileError::TooLong { path: self.path, max }),
            Ok(_) => Ok(text),
        }
    }
}

/// Whether an open file with this `metadata` is private; `path` only names it in the error.
pub(crate) fn check(path: &Path, metadata: &Metadata, readers: Readers) -> Result<(), PrivateFileError> {
    let path = path.to_owned();
    if !metadata.is_file() {
        return Err(PrivateFileError::NotRegular { path });
    }
    let (owner, user) = (metadata.uid(), rustix::process::geteuid().as_raw());
    if owner != user && owner != 0 {
        return Err(PrivateFileError::ForeignOwner { path, owner, user });
    }
    // With a POSIX ACL the group bits are its mask, so this covers named users and groups too.
    let mode = metadata.mode() & 0o7777;
    if mode & 0o022 != 0 {
        return Err(PrivateFileError::WritableByOthers { path, mode });
    }
    if readers == Readers::OwnerOnly && mode & 0o077 != 0 {
        return Err(PrivateFileError::ReadableByOthers { path, mode });
    }
    Ok(())
}

/// `path` as one word of a shell command; nothing where it would need more than quotes.
#[must_use]
pub fn shell_word(path: &Path) -> Option<String> {
    let text = path.to_str()?;
    if Escaped::new(text).to_string() != text || text.starts_with('-') {
        return None;
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%:,".contains(c);
    Some(if text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) })
}

#[cfg(test)]
mod tests;
