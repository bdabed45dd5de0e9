//! Small files of the user's own: read with their permissions checked, written completely or not at all.

use std::fs::{DirBuilder, Metadata};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::Path;

use sealkit_envelope::Plaintext;
use sealkit_host::atomic::{AtomicError, NewFile, Overwrite, Target};
use sealkit_host::exit::Exit;
use sealkit_host::private_file::{PrivateFile, PrivateFileError, Readers, shell_word};
use sealkit_host::text::Escaped;

use crate::error::{CliError, cause};

/// The longest record that is read, in bytes.
const LONGEST_RECORD: u64 = 1024 * 1024;

/// The text of a file that no one else can change, or nothing if there is no such file.
///
/// # Errors
///
/// A file that belongs to others or that they can change, that is too long, or that cannot be read.
pub(crate) fn read_if_exists(path: &Path) -> Result<Option<String>, CliError> {
    match PrivateFile::open(path, Readers::Anyone).and_then(|file| file.read_text(LONGEST_RECORD)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(refused(path, &error)),
    }
}

/// The content of a file that only its owner can read, straight into memory that is wiped; nothing if there is no
/// such file. Of a file longer than `longest` bytes one byte more is returned.
///
/// # Errors
///
/// A file that others can read or change, or that cannot be read.
pub(crate) fn read_secret_if_exists(path: &Path, longest: usize) -> Result<Option<Plaintext>, CliError> {
    let file = match PrivateFile::open(path, Readers::OwnerOnly) {
        Ok(file) => file,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(refused(path, &error)),
    };
    let mut content = Plaintext::zeroed(longest + 1);
    let mut filled = 0;
    while filled < content.len() {
        match file.file().read(&mut content.expose_secret_mut()[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(CliError::reading(path, &error)),
        }
    }
    content.truncate(filled);
    Ok(Some(content))
}

/// Makes a directory, and those above it, for the user alone; one that exists must be the user's and closed to others'
/// writing.
///
/// # Errors
///
/// When it cannot be made, or others could put files into it.
pub(crate) fn ensure_directory(path: &Path) -> Result<(), CliError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| CliError::writing(shown(path), &error))?;
    let metadata = path.metadata().map_err(|error| CliError::reading(path, &error))?;
    check_directory(path, &metadata)
}

fn check_directory(path: &Path, metadata: &Metadata) -> Result<(), CliError> {
    let (owner, user) = (metadata.uid(), rustix::process::geteuid().as_raw());
    if owner != user && owner != 0 {
        let message = format!("the directory belongs to user {owner}, not to user {user} or root");
        return Err(CliError::new(Exit::Config, shown(path), message).hint("is HOME set to somebody else's directory?"));
    }
    if metadata.mode() & 0o022 != 0 {
        let message = format!("the directory can be written by others (mode {:04o})", metadata.mode() & 0o7777);
        return Err(CliError::new(Exit::Config, shown(path), message).hint(format!("chmod go-w {}", shown(path))));
    }
    Ok(())
}

/// Writes a file that must not exist yet, mode 0600; `false` if another was there first, which is left alone.
///
/// # Errors
///
/// When it cannot be written; then nothing is left.
pub(crate) fn create(path: &Path, content: &[u8]) -> Result<bool, CliError> {
    match write(path, content, Overwrite::Refuse) {
        Err(AtomicError::Exists { .. }) => Ok(false),
        written => written.map(|()| true).map_err(|error| unwritten(path, &error)),
    }
}

/// Writes a file, mode 0600, in place of an earlier one.
///
/// # Errors
///
/// When it cannot be written; then the earlier one is as it was.
pub(crate) fn replace(path: &Path, content: &[u8]) -> Result<(), CliError> {
    write(path, content, Overwrite::Replace).map_err(|error| unwritten(path, &error))
}

fn write(path: &Path, content: &[u8], overwrite: Overwrite) -> Result<(), AtomicError> {
    let failed = |source| AtomicError::Failed { action: "write", path: path.to_owned(), source };
    match Target::classify(path)? {
        Target::File(place) => {
            let new = NewFile::create(place)?;
            new.file().write_all(content).map_err(failed)?;
            new.commit(overwrite)
        }
        Target::Stream(_) => Err(failed(io::Error::from(io::ErrorKind::AlreadyExists))),
    }
}

/// The error for a file that is not taken as configuration or key, with the command that mends it.
pub(crate) fn refused(path: &Path, error: &PrivateFileError) -> CliError {
    let (exit, message) = match error {
        PrivateFileError::Open { source, .. } if source.kind() == io::ErrorKind::NotFound => {
            (Exit::NotFound, cause(source))
        }
        PrivateFileError::Open { source, .. } | PrivateFileError::Read { source, .. } => (Exit::Io, cause(source)),
        PrivateFileError::NotRegular { .. } => (Exit::Config, "is not a regular file".to_owned()),
        PrivateFileError::ForeignOwner { owner, user, .. } => (
            Exit::Config,
            format!("belongs to user {owner}, who can change it at any time, not to user {user} or root"),
        ),
        PrivateFileError::WritableByOthers { mode, .. } => {
            (Exit::Config, format!("can be written by others (mode {mode:04o})"))
        }
        PrivateFileError::ReadableByOthers { mode, .. } => {
            (Exit::Config, format!("can be read by others (mode {mode:04o})"))
        }
        PrivateFileError::TooLong { max, .. } => (Exit::Config, format!("is longer than {max} bytes")),
        other => (Exit::Io, other.to_string()),
    };
    let refused = CliError::new(exit, shown(path), message);
    match (error.remedy(), error) {
        (Some(remedy), _) => refused.hint(remedy),
        (None, PrivateFileError::ForeignOwner { .. }) => {
            refused.hint("run it as that user, or take the file over by chown once you have read it")
        }
        _ => refused,
    }
}

fn unwritten(path: &Path, error: &AtomicError) -> CliError {
    match error {
        AtomicError::Failed { source, .. } | AtomicError::NotDurable { source, .. } => {
            CliError::writing(shown(path), source)
        }
        other => CliError::new(Exit::Io, shown(path), other.to_string()),
    }
}

/// Whether the error is that there is no such file.
pub(crate) fn is_absent(error: &PrivateFileError) -> bool {
    matches!(error, PrivateFileError::Open { source, .. } if source.kind() == io::ErrorKind::NotFound)
}

/// A path as an argument of a command that a hint prints.
pub(crate) fn shell_path(path: &Path) -> String {
    shell_word(path).unwrap_or_else(|| shown(path))
}

/// A path as errors show it.
pub(crate) fn shown(path: &Path) -> String {
    Escaped::new(path).to_string()
}
