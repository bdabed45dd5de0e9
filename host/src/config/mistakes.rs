//! Mistakes: noted while a document is read, told together.

use std::cell::RefCell;
use std::fmt;
use std::path::{Path, PathBuf};

use super::Position;
use super::tree::Format;
use crate::text::{self, Escaped};

/// One mistake. The message is one printable line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where it is.
    pub at: Position,
    /// What is wrong, and what would be right.
    pub message: String,
}

/// All mistakes of a file, in the order of its lines; shown as `file:line:column: message`, one a line.
#[derive(Debug)]
pub struct ConfigErrors {
    path: PathBuf,
    mistakes: Vec<Mistake>,
    /// How many there are beyond those kept.
    more: usize,
}

impl ConfigErrors {
    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The mistakes, the first hundred of them.
    #[must_use]
    pub fn mistakes(&self) -> &[Mistake] {
        &self.mistakes
    }

    /// How many there are beyond these.
    #[must_use]
    pub fn more(&self) -> usize {
        self.more
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = Escaped::new(&self.path);
        for (index, Mistake { at, message }) in self.mistakes.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{file}:{at}: {message}")?;
        }
        if self.more > 0 {
            write!(f, "\n{file}: {} more mistakes", self.more)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// Where readers note mistakes; shared by all of one document.
#[derive(Debug)]
pub(super) struct Notes {
    format: Format,
    mistakes: RefCell<Vec<Mistake>>,
}

impl Notes {
    pub(super) fn new(format: Format) -> Self {
        Self::after(format, Vec::new())
    }

    /// With what was noted already.
    pub(super) fn after(format: Format, mistakes: Vec<Mistake>) -> Self {
        Self { format, mistakes: RefCell::new(mistakes) }
    }

    /// What the document is written in, and so the words that its reader knows.
    pub(super) fn format(&self) -> Format {
        self.format
    }

    /// Notes a mistake. What a parser's error echoes is made printable here, whatever it was.
    pub(super) fn add(&self, at: Position, message: impl AsRef<str>) {
        let message = text::without_controls(message.as_ref());
        self.mistakes.borrow_mut().push(Mistake { at, message });
    }

    /// What was noted.
    pub(super) fn into_mistakes(self) -> Vec<Mistake> {
        self.mistakes.into_inner()
    }

    /// `value` if nothing was noted, otherwise what was.
    pub(super) fn finish<T>(self, path: &Path, value: T) -> Result<T, ConfigErrors> {
        const MOST: usize = 100;
        let mut mistakes = self.mistakes.into_inner();
        if mistakes.is_empty() {
            return Ok(value);
        }
        mistakes.sort_by_key(|mistake| mistake.at);
        let more = mistakes.len().saturating_sub(MOST);
        mistakes.truncate(MOST);
        Err(ConfigErrors { path: path.to_owned(), mistakes, more })
    }
}

/// Text of the file as a message may show it: printable, on one line, and short.
pub(super) fn quoted(text: &str) -> String {
    const MOST: usize = 60;
    let cut = text.char_indices().nth(MOST).map_or(text.len(), |(at, _)| at);
    let ellipsis = if cut < text.len() { "…" } else { "" };
    format!("`{}{ellipsis}`", Escaped::new(&text[..cut]))
}
