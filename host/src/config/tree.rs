//! A document, whatever format it was written in.

use std::fmt;

/// A place in a file: both count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// What a document is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Toml,
    Yaml,
}

impl Format {
    /// What its readers know a table as, with its article.
    pub(super) fn table(self) -> &'static str {
        match self {
            Self::Toml => "a table",
            Self::Yaml => "a mapping",
        }
    }
}

/// A value and where it begins.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) at: Position,
    pub(super) value: Value,
}

#[derive(Debug)]
pub(super) enum Value {
    String(String),
    Integer(i64),
    /// A float, which no configuration of ours has.
    Float,
    Boolean(bool),
    /// What stands behind a YAML key that is given no value.
    Null,
    /// A date or time, which no configuration of ours has.
    Datetime,
    /// What could not be taken for a value, and was noted when it was parsed.
    Refused,
    List(Vec<Node>),
    Table(Vec<Entry>),
}

/// A key, where it stands, and its value. Entries keep the order of the file.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) at: Position,
    pub(super) node: Node,
}

impl Value {
    /// With its article, for `must be …, not …`.
    pub(super) fn kind(&self, format: Format) -> &'static str {
        match self {
            Self::String(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Float => "a float",
            Self::Boolean(_) => "a boolean",
            Self::Null => "nothing",
            Self::Datetime => "a date or time",
            Self::Refused => "what is refused",
            Self::List(_) => "a list",
            Self::Table(_) => format.table(),
        }
    }
}

/// From byte offsets to positions.
pub(super) struct Lines<'a> {
    text: &'a str,
    /// Offset of the first byte of each line.
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    pub(super) fn position(&self, offset: usize) -> Position {
        let offset = self.text.floor_char_boundary(offset);
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts[line - 1];
        Position { line, column: self.text[start..offset].chars().count() + 1 }
    }
}
