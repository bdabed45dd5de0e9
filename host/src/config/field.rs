//! A value and the ways to read it.

use std::collections::HashMap;
use std::fmt::Display;
use std::hash::Hash;
use std::ops::RangeInclusive;
use std::str::FromStr;

use super::Table;
use super::mistakes::{Notes, quoted};
use super::tree::{Node, Position, Value};

/// The value of a field or an item of a list. Each way to read it notes what is wrong and then gives `None`.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    /// The name of the field; that of its list for an item; none for the document itself.
    name: Option<&'a str>,
    node: &'a Node,
    notes: &'a Notes,
}

impl<'a> Field<'a> {
    pub(super) fn new(name: &'a str, node: &'a Node, notes: &'a Notes) -> Self {
        Self { name: Some(name), node, notes }
    }

    /// The document itself.
    pub(super) fn root(node: &'a Node, notes: &'a Notes) -> Self {
        Self { name: None, node, notes }
    }

    /// The name of the field, that of its list for an item, nothing for the document itself.
    #[must_use]
    pub fn name(self) -> &'a str {
        self.name.unwrap_or_default()
    }

    /// A string, as it stands.
    #[must_use]
    pub fn string(self) -> Option<String> {
        self.text("a string").map(str::to_owned)
    }

    /// `true` or `false`.
    #[must_use]
    pub fn boolean(self) -> Option<bool> {
        match self.node.value {
            Value::Boolean(boolean) => Some(boolean),
            _ => self.wrong_kind("a boolean"),
        }
    }

    /// An integer within `range`.
    #[must_use]
    pub fn integer<T: TryFrom<i64> + PartialOrd + Display>(self, range: RangeInclusive<T>) -> Option<T> {
        let Value::Integer(integer) = self.node.value else { return self.wrong_kind("an integer") };
        match T::try_from(integer) {
            Ok(number) if range.contains(&number) => Some(number),
            _ => self.mistake(format!(
                "{} must be from {} to {}, not {integer}",
                self.title(),
                range.start(),
                range.end()
            )),
        }
    }

    /// A string or an integer that `T` can be parsed from, with the parser's own error.
    #[must_use]
    pub fn parse<T: FromStr<Err: Display>>(self) -> Option<T> {
        self.parse_with(T::from_str)
    }

    /// As [`parse`](Self::parse), with this function.
    pub fn parse_with<T, E: Display>(self, parse: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        let number;
        let text = match &self.node.value {
            Value::Integer(integer) => {
                number = integer.to_string();
                &number
            }
            _ => self.text("a string")?,
        };
        match parse(text) {
            Ok(value) => Some(value),
            Err(error) => self.mistake(format!("{}: invalid value {}: {error}", self.title(), quoted(text))),
        }
    }

    /// One of these words.
    #[must_use]
    pub fn choice<T: Clone>(self, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text("a string")?;
        if let Some((_, value)) = choices.iter().find(|(word, _)| *word == text) {
            return Some(value.clone());
        }
        let words: Vec<_> = choices.iter().map(|(word, _)| format!("`{word}`")).collect();
        self.mistake(format!("{} must be {}, not {}", self.title(), words.join(" or "), quoted(text)))
    }

    /// A list. All items are read; the list is given if each of them was.
    pub fn list<T>(self, read: impl FnMut(Field<'a>) -> Option<T>) -> Option<Vec<T>> {
        let items = self.items(read)?;
        items.into_iter().map(|(item, _)| item).collect()
    }

    /// A list in which nothing is twice.
    pub fn distinct_list<T: Eq + Hash>(self, read: impl FnMut(Field<'a>) -> Option<T>) -> Option<Vec<T>> {
        let items = self.items(read)?;
        let mut seen = HashMap::new();
        for (item, at) in &items {
            let Some(item) = item else { continue };
            if let Some(first) = seen.get(item) {
                self.notes.add(*at, format!("{}: duplicate of the item at {first}", self.title()));
            } else {
                seen.insert(item, *at);
            }
        }
        items.into_iter().map(|(item, _)| item).collect()
    }

    /// Whether it is a table, for a value that may be either that or something simpler.
    #[must_use]
    pub fn is_table(self) -> bool {
        matches!(self.node.value, Value::Table(_))
    }

    /// Whether it is a list, for a value that may be either that or something simpler.
    #[must_use]
    pub fn is_list(self) -> bool {
        matches!(self.node.value, Value::List(_))
    }

    /// Whether it is there in name only: `null`, or a YAML key without a value.
    #[must_use]
    pub fn is_null(self) -> bool {
        matches!(self.node.value, Value::Null)
    }

    /// A table with known fields.
    pub fn table<T>(self, read: impl FnOnce(&mut Table<'a>) -> Option<T>) -> Option<T> {
        match &self.node.value {
            Value::Table(entries) => Table::read(entries, self.node.at, self.notes, read),
            _ => self.wrong_kind(self.notes.format().table()),
        }
    }

    /// A table whose keys are names of the user's own, in the order of the file.
    pub fn map<T>(self, mut read: impl FnMut(Field<'a>) -> Option<T>) -> Option<Vec<(String, T)>> {
        let Value::Table(entries) = &self.node.value else { return self.wrong_kind(self.notes.format().table()) };
        let read: Vec<_> = entries
            .iter()
            .map(|entry| Some((entry.key.clone(), read(Field::new(&entry.key, &entry.node, self.notes))?)))
            .collect();
        read.into_iter().collect()
    }

    /// Notes what is wrong with this value, and gives nothing.
    pub fn mistake<T>(self, message: impl AsRef<str>) -> Option<T> {
        self.notes.add(self.node.at, message);
        None
    }

    /// Where it begins.
    #[must_use]
    pub fn position(self) -> Position {
        self.node.at
    }

    /// Every item, read or not, and where it is.
    fn items<T>(self, mut read: impl FnMut(Field<'a>) -> Option<T>) -> Option<Vec<(Option<T>, Position)>> {
        match &self.node.value {
            Value::List(items) => Some(items.iter().map(|node| (read(Field { node, ..self }), node.at)).collect()),
            _ => self.wrong_kind("a list"),
        }
    }

    fn text(self, expected: &str) -> Option<&'a str> {
        match &self.node.value {
            Value::String(text) => Some(text),
            _ => self.wrong_kind(expected),
        }
    }

    fn wrong_kind<T>(self, expected: &str) -> Option<T> {
        if matches!(self.node.value, Value::Refused) {
            // Noted already.
            return None;
        }
        self.mistake(format!("{} must be {expected}, not {}", self.title(), self.node.value.kind(self.notes.format())))
    }

    /// What mistakes call it.
    fn title(self) -> String {
        self.name.map_or_else(|| "the file".to_owned(), quoted)
    }
}
