//! From TOML to a tree.

use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::mistakes::Notes;
use super::tree::{Entry, Lines, Node, Value};

/// Parses it, and notes what is wrong: all syntax errors, or what no value can be made of.
pub(super) fn parse(text: &str, notes: &Notes) -> Option<Vec<Entry>> {
    let lines = Lines::new(text);
    let (root, errors) = DeTable::parse_recoverable(text);
    let is_read = errors.is_empty();
    for error in errors {
        let offset = error.span().map_or(0, |span| span.start);
        notes.add(lines.position(offset), error.message().replace('\n', ", "));
    }
    let entries = entries(root.into_inner(), &lines, notes);
    is_read.then_some(entries)
}

fn entries(table: DeTable<'_>, lines: &Lines<'_>, notes: &Notes) -> Vec<Entry> {
    let mut entries: Vec<_> = table
        .into_iter()
        .map(|(key, value)| Entry {
            at: lines.position(key.span().start),
            key: key.into_inner().into_owned(),
            node: node(value, lines, notes),
        })
        .collect();
    // The parser sorts by key; `at` restores the order of the file.
    entries.sort_by_key(|entry| entry.at);
    entries
}

fn node(value: Spanned<DeValue<'_>>, lines: &Lines<'_>, notes: &Notes) -> Node {
    let at = lines.position(value.span().start);
    let value = match value.into_inner() {
        DeValue::String(string) => Value::String(string.into_owned()),
        DeValue::Integer(integer) => number(&integer).map_or_else(
            || {
                notes.add(at, "integer out of range");
                Value::Refused
            },
            Value::Integer,
        ),
        DeValue::Float(_) => Value::Float,
        DeValue::Boolean(boolean) => Value::Boolean(boolean),
        DeValue::Datetime(_) => Value::Datetime,
        DeValue::Array(array) => Value::List(array.into_iter().map(|item| node(item, lines, notes)).collect()),
        DeValue::Table(table) => Value::Table(entries(table, lines, notes)),
    };
    Node { at, value }
}

fn number(integer: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}
