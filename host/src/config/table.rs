//! A table: fields asked for by name, and what nobody asked for.

use super::Field;
use super::mistakes::{Notes, quoted};
use super::tree::{Entry, Position};

/// A table being read. A field that is never asked for is unknown, and a mistake.
#[derive(Debug)]
pub struct Table<'a> {
    entries: &'a [Entry],
    at: Position,
    known: Vec<&'static str>,
    /// Whether fields that nobody asks for are somebody else's.
    is_open: bool,
    notes: &'a Notes,
}

impl<'a> Table<'a> {
    /// Has `read` take what it knows, then notes what is left.
    pub(super) fn read<T>(
        entries: &'a [Entry],
        at: Position,
        notes: &'a Notes,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let mut table = Self { entries, at, known: Vec::new(), is_open: false, notes };
        let value = read(&mut table);
        table.note_unknown();
        value
    }

    /// The value of `key`; noted as missing if it is not there.
    pub fn required<T>(&mut self, key: &'static str, read: impl FnOnce(Field<'a>) -> Option<T>) -> Option<T> {
        if let Some(field) = self.field(key) {
            return read(field);
        }
        self.notes.add(self.at, format!("missing field `{key}`"));
        None
    }

    /// The value of `key`, or `None`. That it is wrong looks like its absence, but is noted.
    pub fn optional<T>(&mut self, key: &'static str, read: impl FnOnce(Field<'a>) -> Option<T>) -> Option<T> {
        self.field(key).and_then(read)
    }

    /// Notes what is wrong with this table as a whole, for example fields that exclude each other.
    pub fn mistake<T>(&self, message: impl AsRef<str>) -> Option<T> {
        self.notes.add(self.at, message);
        None
    }

    /// Lets fields be that nobody asks for: the table is in a format of somebody else's, of which we read a part.
    pub fn allow_unknown(&mut self) {
        self.is_open = true;
    }

    /// Whether it has this field, whatever its value.
    pub fn has(&mut self, key: &'static str) -> bool {
        self.field(key).is_some()
    }

    /// Where it begins.
    #[must_use]
    pub fn position(&self) -> Position {
        self.at
    }

    fn field(&mut self, key: &'static str) -> Option<Field<'a>> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        Some(Field::new(key, &entry.node, self.notes))
    }

    fn note_unknown(&self) {
        if self.is_open {
            return;
        }
        for entry in self.entries.iter().filter(|entry| !self.known.contains(&entry.key.as_str())) {
            let key = quoted(&entry.key);
            let help = match nearest(&entry.key, &self.known) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None if self.known.is_empty() => "none is known here".to_owned(),
                None => format!("known here: {}", self.known.join(", ")),
            };
            self.notes.add(entry.at, format!("unknown field {key}, {help}"));
        }
    }
}

/// The known name that `key` is most likely a misspelling of.
#[must_use]
pub fn nearest<'k>(key: &str, known: &[&'k str]) -> Option<&'k str> {
    // The comparison is quadratic, and no name of ours is nearly this long.
    const LONGEST: usize = 64;
    if key.len() > LONGEST {
        return None;
    }
    // Whether words are joined by a hyphen, an underscore or a capital is the commonest slip.
    let plain = |text: &str| text.to_lowercase().replace(['-', '_'], "");
    let key = plain(key);
    let distance = |name: &str| strsim::osa_distance(&key, &plain(name));
    let (best, name) = known.iter().map(|name| (distance(name), *name)).min()?;
    (best <= name.len().div_ceil(3)).then_some(name)
}
