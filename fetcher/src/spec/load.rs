//! From what `--spec` names to a specification.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use sealkit_host::exit::Exit;
use sealkit_host::text::Escaped;
use tokio::time::Instant;

use super::by_name::{self, ByNameError};
use super::read::{Choice, MAX_BYTES, read};
use super::{Spec, SpecErrors, ecs};
use crate::args::{SpecArgs, SpecSource};

/// How long an outage of the Kubernetes API is waited out: rather longer than its replicas take to elect a leader.
const MOST_PATIENCE: Duration = Duration::from_secs(30);

/// Why there is no specification.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// There is none where it should be.
    #[error("{origin}: there is no such file; --spec names a file, `-`, env:PREFIX or kube:NAME")]
    NotFound {
        /// What is not there.
        origin: String,
    },
    /// It is no file.
    #[error("{origin}: this is a directory; --spec names the file in it")]
    Directory {
        /// What is one.
        origin: String,
    },
    /// It can't be read.
    #[error("can't read {origin}")]
    Read {
        /// What can't be read.
        origin: String,
        /// What the system said.
        source: io::Error,
    },
    /// It is too long, or no text.
    #[error("{origin}: {flaw}")]
    Text {
        /// What it is called.
        origin: String,
        /// What is wrong with it.
        flaw: String,
    },
    /// The Kubernetes API did not give it.
    #[error(transparent)]
    ByName(ByNameError),
    /// It is wrong.
    #[error(transparent)]
    Spec(#[from] SpecErrors),
}

impl LoadError {
    /// The exit code of a run that it ends.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::NotFound { .. } => Exit::NotFound,
            Self::Read { .. } | Self::Directory { .. } => Exit::Io,
            Self::ByName(error) => error.exit(),
            Self::Text { .. } | Self::Spec(_) => Exit::Config,
        }
    }
}

/// Reads what was named.
///
/// # Errors
/// Why there is none.
pub async fn load(args: &SpecArgs) -> Result<Spec, LoadError> {
    let choice = Choice { name: args.name.clone(), container: args.container.clone() };
    match &args.spec {
        SpecSource::File(path) => {
            let origin = path.display().to_string();
            let text = if path.metadata().is_ok_and(|found| !found.is_file()) {
                let (origin, path) = (origin.clone(), path.clone());
                waiting(move || text(&origin, open(&path))).await?
            } else {
                text(&origin, open(path))?
            };
            Ok(read(&origin, &text, &choice)?)
        }
        SpecSource::Stdin => {
            let text = waiting(|| text("standard input", Ok(io::stdin().lock()))).await?;
            Ok(read("standard input", &text, &choice)?)
        }
        SpecSource::Environment(prefix) => Ok(ecs::environment(prefix, std::env::vars_os())?),
        SpecSource::Kubernetes { namespace, name } => {
            let deadline = Instant::now() + MOST_PATIENCE;
            by_name::read(namespace.as_deref(), name, deadline).await.map_err(|error| match error {
                ByNameError::Spec(errors) => LoadError::Spec(errors),
                error => LoadError::ByName(error),
            })
        }
    }
}

/// Reads what is no file on a thread of its own, which has ended when there is an answer: a FIFO may have no writer, and a
/// signal must end us all the same.
async fn waiting(read: impl FnOnce() -> Result<String, LoadError> + Send + 'static) -> Result<String, LoadError> {
    let (answer, answered) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().spawn(move || {
        // Nobody waits any more where a signal came.
        let _ = answer.send(read());
    });
    let thread = thread.map_err(|source| LoadError::Read { origin: "--spec".to_owned(), source })?;
    let read = answered.await.unwrap_or_else(|_| {
        let source = io::Error::other("the thread that reads it ended");
        Err(LoadError::Read { origin: "--spec".to_owned(), source })
    });
    // It has nothing more to do than to end.
    let _ = thread.join();
    read
}

/// Opens a file that is none of those on which a read waits for ever.
fn open(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(file)
}

/// All of it, if that is a text of bearable length.
fn text<R: Read>(origin: &str, source: io::Result<R>) -> Result<String, LoadError> {
    let shown = || Escaped::new(origin).to_string();
    let mut bytes = Vec::new();
    let done = source.and_then(|source| source.take(MAX_BYTES + 1).read_to_end(&mut bytes));
    if let Err(source) = done {
        return Err(match source.kind() {
            io::ErrorKind::NotFound => LoadError::NotFound { origin: shown() },
            io::ErrorKind::IsADirectory => LoadError::Directory { origin: shown() },
            _ => LoadError::Read { origin: shown(), source },
        });
    }
    let flaw = |flaw: String| LoadError::Text { origin: shown(), flaw };
    if bytes.len() as u64 > MAX_BYTES {
        return Err(flaw(format!("it has more than {MAX_BYTES} bytes")));
    }
    String::from_utf8(bytes).map_err(|error| flaw(format!("byte {} is not UTF-8", error.utf8_error().valid_up_to())))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

    use super::*;

    fn exit(file: &str, content: Option<&[u8]>) -> (Exit, String) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(file);
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        let args = SpecArgs { spec: SpecSource::File(path), name: None, container: None };
        let error = pollster(load(&args)).unwrap_err();
        (error.exit(), error.to_string())
    }

    fn pollster<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        assert_eq!(exit("none.yaml", None).0, Exit::NotFound);
        assert_eq!(exit("", None).0, Exit::Io);
        let (code, told) = exit("a.yaml", Some(b"secrets:\n  a: \xff"));
        assert!(code == Exit::Config && told.ends_with("byte 14 is not UTF-8"), "{told}");
        let long = vec![b' '; usize::try_from(MAX_BYTES).unwrap() + 1];
        assert!(exit("a.yaml", Some(&long)).1.contains("more than"));
        assert_eq!(exit("a.yaml", Some(b"hello: world")).0, Exit::Config);
    }
}
