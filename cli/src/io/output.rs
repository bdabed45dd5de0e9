//! An output: decided before anything is read, opened before anything is encrypted, and there only when complete.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{DirBuilder, File};
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use sealkit_host::atomic::{self, AtomicError, NewFile, Overwrite};
use sealkit_host::exit::Exit;
use sealkit_host::text::error_chain;

use super::naming;
use super::target::Target;
use crate::error::{CliError, cause};

/// What is going to be written, for the rule about terminals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// A message: never to a terminal.
    Binary,
    /// An armored message.
    Base64,
    /// Whatever was encrypted: to a terminal as long as it is text.
    Plaintext,
}

/// Where one result will go; nothing is made yet.
#[derive(Debug)]
pub(crate) enum Planned {
    /// A new file.
    File(atomic::Place),
    /// A device, FIFO or socket.
    Device {
        /// The device.
        stream: atomic::Stream,
        /// What goes to it, for it may be a terminal.
        content: Content,
    },
    /// Standard output; checked for text if it is a terminal.
    Stdout {
        /// Whether what is written must be checked.
        text_only: bool,
    },
    /// A file in a directory that is yet to be made.
    InNewDirectory,
    /// Nowhere.
    Nothing,
}

/// An output ready to be written to.
#[derive(Debug)]
pub(crate) enum Output {
    /// A file without a name.
    File(NewFile),
    /// Bytes go out at once.
    Stream {
        /// Unbuffered.
        file: File,
        /// Whether it stops at what is not text.
        text_only: bool,
    },
    /// Nothing is written.
    Nothing,
}

/// Looks at a target and changes nothing.
///
/// # Errors
/// Binary to a terminal, a target that exists although `force` is not given, and directories.
pub(crate) fn plan(
    target: &Target,
    content: Content,
    force: bool,
    may_make_directories: bool,
) -> Result<Planned, CliError> {
    match target {
        Target::Nothing => Ok(Planned::Nothing),
        Target::Stdout => {
            let is_terminal = io::stdout().is_terminal();
            if is_terminal && content == Content::Binary {
                return Err(binary_to_terminal("standard output"));
            }
            Ok(Planned::Stdout { text_only: is_terminal && content == Content::Plaintext })
        }
        Target::Path(path) => {
            let parent_is_missing =
                path.parent().is_some_and(|parent| !parent.as_os_str().is_empty() && !parent.exists());
            if may_make_directories && parent_is_missing {
                return Ok(Planned::InNewDirectory);
            }
            match atomic::Target::classify(path).map_err(|error| refused(&naming::shown(path), &error))? {
                atomic::Target::Stream(stream) => Ok(Planned::Device { stream, content }),
                atomic::Target::File(place) if place.is_taken() && !force => Err(exists(&naming::shown(path))),
                atomic::Target::File(place) => Ok(Planned::File(place)),
            }
        }
    }
}

impl Planned {
    /// Opens it for writing. A file has no name yet.
    ///
    /// # Errors
    /// What the operating system refuses.
    pub(crate) fn open(self, target: &Target) -> Result<Output, CliError> {
        let shown = target.shown().unwrap_or_default();
        let failed = |error: AtomicError| refused(&shown, &error);
        Ok(match self {
            Self::Nothing => Output::Nothing,
            Self::Stdout { text_only } => {
                let stdout = io::stdout().as_fd().try_clone_to_owned();
                let stdout = stdout.map_err(|error| CliError::writing("standard output", &error))?;
                Output::Stream { file: stdout.into(), text_only }
            }
            Self::Device { stream, content } => {
                let file = stream.open().map_err(failed)?;
                let is_terminal = file.is_terminal();
                if is_terminal && content == Content::Binary {
                    return Err(binary_to_terminal(&shown));
                }
                Output::Stream { file, text_only: is_terminal && content == Content::Plaintext }
            }
            Self::File(place) => Output::File(NewFile::create(place).map_err(failed)?),
            Self::InNewDirectory => {
                make_parent(target)?;
                // Whatever stands there was made a moment ago by somebody else; `commit` does not replace it.
                return plan(target, Content::Binary, true, false)?.open(target);
            }
        })
    }
}

/// Where a run has written already. Paths tell most of that before anything is read, but not where links among the
/// targets' directories lead.
#[derive(Debug, Default)]
pub(crate) struct Written(Mutex<HashSet<(u64, u64, OsString)>>);

impl Written {
    /// Notes a place.
    ///
    /// # Errors
    /// If another input was written there: even `--force` must not replace what this run made.
    fn claim(&self, place: &atomic::Place, target: &Target) -> Result<(), CliError> {
        let shown = target.shown().unwrap_or_default();
        let identity = place.identity().map_err(|error| CliError::writing(&*shown, &error))?;
        if self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(identity) {
            return Ok(());
        }
        Err(CliError::new(Exit::Io, shown, "another input of this run was written there, by another path")
            .hint("run them apart, or into different directories"))
    }
}

impl Output {
    /// Gives a complete file its name. A stream has had everything by now.
    ///
    /// # Errors
    /// A target that appeared meanwhile or was written by this run, and what the operating system refuses.
    pub(crate) fn commit(self, target: &Target, force: bool, written: &Written) -> Result<(), CliError> {
        let Self::File(file) = self else { return Ok(()) };
        written.claim(file.place(), target)?;
        let overwrite = if force { Overwrite::Replace } else { Overwrite::Refuse };
        file.commit(overwrite).map_err(|error| refused(&target.shown().unwrap_or_default(), &error))
    }
}

fn binary_to_terminal(shown: &str) -> CliError {
    CliError::usage(shown, "it is a terminal, and encrypted data is binary")
        .hint("write to a file with -o FILE, or print base64 with --armor")
}

fn make_parent(target: &Target) -> Result<(), CliError> {
    let Target::Path(path) = target else { return Ok(()) };
    let Some(parent) = path.parent() else { return Ok(()) };
    DirBuilder::new().recursive(true).mode(0o700).create(parent).map_err(|error| {
        CliError::new(Exit::Io, naming::shown(parent), format!("cannot make this directory: {}", cause(&error)))
    })
}

fn refused(shown: &str, error: &AtomicError) -> CliError {
    match error {
        AtomicError::Exists { .. } => exists(shown),
        AtomicError::IsADirectory { .. } => CliError::usage(shown, "it is a directory").hint("name a file with -o"),
        AtomicError::Failed { action, source, path } => {
            let mut this = CliError::writing(shown, source);
            this.message = match Path::new(shown) == path {
                true => format!("cannot {action} it: {}", cause(source)),
                false => format!("cannot {action} {}: {}", naming::shown(path), cause(source)),
            };
            match source.kind() {
                io::ErrorKind::NotFound => this.hint("make the directory first"),
                _ => this,
            }
        }
        error => CliError::new(Exit::Io, shown, error_chain(error)),
    }
}

fn exists(shown: &str) -> CliError {
    CliError::new(Exit::Io, shown, "it exists already").hint("give --force to replace it, or another name with -o")
}
