//! What is wrong with a specification: all of it, in one error.

use std::fmt;

use sealkit_host::config::{ConfigErrors, Position};
use sealkit_host::text::{Escaped, without_controls};

use super::Spec;

/// As many mistakes as are told one by one.
const MOST: usize = 100;

/// One mistake. The message is one printable line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecMistake {
    /// Where it is; absent for what has no lines, such as variables of the environment.
    pub at: Option<Position>,
    /// What is wrong, and what would be right.
    pub message: String,
}

/// All mistakes of a specification, in the order of its lines; shown as `origin:line:column: message`, one a line.
#[derive(Debug)]
pub struct SpecErrors {
    origin: String,
    mistakes: Vec<SpecMistake>,
    more: usize,
    /// What could be read of it.
    readable: Option<Box<Spec>>,
}

impl SpecErrors {
    /// These mistakes of what is called `origin`.
    #[must_use]
    pub fn new(origin: impl Into<String>, mistakes: impl IntoIterator<Item = SpecMistake>) -> Self {
        Self { origin: origin.into(), mistakes: Vec::new(), more: 0, readable: None }.and(mistakes)
    }

    /// The same of a document of which `spec` could be read nevertheless.
    #[must_use]
    pub fn of_what_was_read(self, spec: Option<Spec>) -> Self {
        Self { readable: spec.map(Box::new), ..self }
    }

    /// What could be read of the document: whole entries and files only. It is not to be carried out, but has mistakes
    /// of its own to tell.
    #[must_use]
    pub fn readable(&self) -> Option<&Spec> {
        self.readable.as_deref()
    }

    /// These, and more mistakes of the same document.
    #[must_use]
    pub fn and(mut self, mistakes: impl IntoIterator<Item = SpecMistake>) -> Self {
        let mistakes = mistakes.into_iter();
        self.mistakes.extend(mistakes.map(|it| SpecMistake { message: without_controls(&it.message), ..it }));
        self.mistakes.sort_by_key(|mistake| mistake.at);
        self.more += self.mistakes.len().saturating_sub(MOST);
        self.mistakes.truncate(MOST);
        self
    }

    /// The one mistake of what is called `origin`.
    #[must_use]
    pub fn one(origin: impl Into<String>, at: Option<Position>, message: impl Into<String>) -> Self {
        Self::new(origin, [SpecMistake { at, message: message.into() }])
    }

    /// What the specification is called.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The mistakes, the first hundred of them.
    #[must_use]
    pub fn mistakes(&self) -> &[SpecMistake] {
        &self.mistakes
    }
}

impl From<ConfigErrors> for SpecErrors {
    fn from(errors: ConfigErrors) -> Self {
        let mistakes = errors.mistakes().iter();
        let mistakes = mistakes.map(|it| SpecMistake { at: Some(it.at), message: it.message.clone() }).collect();
        Self { origin: errors.path().display().to_string(), mistakes, more: errors.more(), readable: None }
    }
}

impl fmt::Display for SpecErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = Escaped::new(&self.origin);
        for (index, SpecMistake { at, message }) in self.mistakes.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "\n" })?;
            match at {
                Some(at) => write!(f, "{origin}:{at}: {message}")?,
                None => write!(f, "{origin}: {message}")?,
            }
        }
        if self.more > 0 {
            write!(f, "\n{origin}: {} more mistakes", self.more)?;
        }
        Ok(())
    }
}

impl std::error::Error for SpecErrors {}
