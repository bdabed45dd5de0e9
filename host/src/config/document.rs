//! A configuration file as a whole.

use std::path::{Path, PathBuf};

use super::mistakes::Notes;
use super::tree::{Format, Node, Position, Value};
use super::{ConfigErrors, Field, Mistake, Table, toml, yaml};
use crate::private_file::{PrivateFile, PrivateFileError};

/// Longest configuration file that is read, in bytes.
pub const MAX_BYTES: u64 = 1 << 20;

/// Why a configuration file is not used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// It can't be read, is too long or is not to be trusted.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// It was read, and says something wrong.
    #[error(transparent)]
    Mistakes(#[from] ConfigErrors),
}

/// A parsed file that has not been given meaning yet.
#[derive(Debug)]
pub struct Document {
    path: PathBuf,
    format: Format,
    root: Node,
    /// What is wrong in it, whatever it means.
    refused: Vec<Mistake>,
}

impl Document {
    /// Reads and parses a TOML file that only its owner can have written.
    ///
    /// # Errors
    /// If it can't be read, is longer than [`MAX_BYTES`], or is not TOML.
    pub fn read_toml(file: PrivateFile) -> Result<Self, ConfigError> {
        let path = file.path().to_owned();
        let text = file.read_text(MAX_BYTES)?;
        Ok(Self::parse_toml(&path, &text)?)
    }

    /// Parses TOML; `path` only names it in errors.
    ///
    /// # Errors
    /// All syntax errors, duplicate keys among them.
    pub fn parse_toml(path: &Path, text: &str) -> Result<Self, ConfigErrors> {
        let format = Format::Toml;
        let notes = Notes::new(format);
        let root = toml::parse(text, &notes);
        let root = root.map(|entries| Node { at: Position { line: 1, column: 1 }, value: Value::Table(entries) });
        Self::parsed(path, format, root, notes)
    }

    /// Reads and parses a YAML file that only its owner can have written.
    ///
    /// # Errors
    /// If it can't be read, is longer than [`MAX_BYTES`], or is not YAML.
    pub fn read_yaml(file: PrivateFile) -> Result<Self, ConfigError> {
        let path = file.path().to_owned();
        let text = file.read_text(MAX_BYTES)?;
        Ok(Self::parse_yaml(&path, &text)?)
    }

    /// Parses YAML 1.2, core schema, without aliases and tags; `path` only names it in errors.
    ///
    /// # Errors
    /// The first syntax error, and all that is refused before it. What is refused in a text without one (duplicate
    /// keys, aliases, numbers with a leading zero) is told by [`read`](Self::read), with everything else.
    pub fn parse_yaml(path: &Path, text: &str) -> Result<Self, ConfigErrors> {
        let format = Format::Yaml;
        let notes = Notes::new(format);
        let root = yaml::parse(text, &notes);
        Self::parsed(path, format, root, notes)
    }

    /// A root that was given is read on with, whatever was noted: so its fields are told of in the same breath.
    fn parsed(path: &Path, format: Format, root: Option<Node>, notes: Notes) -> Result<Self, ConfigErrors> {
        match root {
            Some(root) => Ok(Self { path: path.to_owned(), format, root, refused: notes.into_mistakes() }),
            None => Err(notes.finish(path, ()).expect_err("a parser notes why it gives nothing")),
        }
    }

    /// Reads the meaning of a document that is a table. `read` returns `None` where something that it needs is missing or wrong, which is noted
    /// already by the table or field that said so.
    ///
    /// # Errors
    /// Everything that was noted, when it was parsed or now.
    ///
    /// # Panics
    /// If `read` returns `None` and nothing was noted: a reader must not refuse without saying why.
    pub fn read<T>(&self, read: impl FnOnce(&mut Table<'_>) -> Option<T>) -> Result<T, ConfigErrors> {
        self.read_root(|root| root.table(read))
    }

    /// As [`read`](Self::read), for a document that may be something else than a table.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    ///
    /// # Panics
    /// As [`read`](Self::read).
    pub fn read_root<T>(&self, read: impl FnOnce(Field<'_>) -> Option<T>) -> Result<T, ConfigErrors> {
        let notes = Notes::after(self.format, self.refused.clone());
        let value = read(Field::root(&self.root, &notes));
        notes.finish(&self.path, value).map(|value| value.expect("a reader notes why it gives nothing"))
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}
