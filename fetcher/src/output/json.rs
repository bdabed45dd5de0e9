//! JSON documents whose values keep their text: a number of twenty digits stays one.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::refusal::Refusal;

/// How deep objects and lists may be nested.
const MAX_DEPTH: usize = 100;

/// The members of a JSON object in the order of the document, each with its value's text as it stands there.
pub(crate) struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Members<'a> {
    /// Reads an object.
    ///
    /// # Errors
    ///
    /// If `bytes` are not one, or an object in them at any depth has a key twice.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let text = document(bytes)?;
        if !text.get().starts_with('{') {
            return Err(Refusal::new("it is not a JSON object", "take the whole value, or make it an object"));
        }
        serde_json::from_str(text.get()).map_err(|error| not_json(&error))
    }

    /// The text of the member `key`.
    pub(crate) fn find(&self, key: &str) -> Option<&'a RawValue> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| *value)
    }
}

impl<'a> IntoIterator for Members<'a> {
    type Item = (String, &'a RawValue);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Reads a whole document.
///
/// # Errors
///
/// If `bytes` are no JSON, are nested deeper than [`MAX_DEPTH`], or an object in them has a key twice.
pub(crate) fn document(bytes: &[u8]) -> Result<&RawValue, Refusal> {
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        return Err(Refusal::new("it is not JSON: it begins with a byte order mark", "store it without"));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Refusal::new("it is not JSON: it is not UTF-8", "take the whole value, or store it as JSON"))?;
    let document: &RawValue = serde_json::from_str(text).map_err(|error| not_json(&error))?;
    check(document, MAX_DEPTH)?;
    Ok(document)
}

/// The items of a list, each with its text.
///
/// # Errors
///
/// If it is no list.
pub(crate) fn items(list: &RawValue) -> Result<Vec<&RawValue>, Refusal> {
    serde_json::from_str(list.get()).map_err(|error| not_json(&error))
}

/// What a value is as text: a string's own, of any other its JSON text.
///
/// # Errors
///
/// If a string holds an escape that is no character.
pub(crate) fn text(value: &RawValue) -> Result<String, Refusal> {
    if value.get().starts_with('"') {
        serde_json::from_str(value.get())
            .map_err(|_| Refusal::new("it holds an escape that is no character", "store the character itself"))
    } else {
        Ok(value.get().to_owned())
    }
}

/// Looks into every object for keys that are there twice.
fn check(value: &RawValue, depth: usize) -> Result<(), Refusal> {
    let text = value.get();
    let is_object = text.starts_with('{');
    if !is_object && !text.starts_with('[') {
        return Ok(());
    }
    let Some(depth) = depth.checked_sub(1) else {
        return Err(Refusal::new(
            format!("it is nested deeper than {MAX_DEPTH} levels"),
            "take the whole value, or store it flatter",
        ));
    };
    if !is_object {
        return items(value)?.into_iter().try_for_each(|item| check(item, depth));
    }
    let members: Members<'_> = serde_json::from_str(text).map_err(|error| not_json(&error))?;
    let mut seen = BTreeSet::new();
    if !members.0.iter().all(|(name, _)| seen.insert(name.as_str())) {
        return Err(Refusal::new(
            "an object in it has a key twice",
            "store each key once: readers disagree on which counts",
        ));
    }
    members.0.iter().try_for_each(|(_, value)| check(value, depth))
}

/// The parser's own message would repeat what it found.
fn not_json(error: &serde_json::Error) -> Refusal {
    let what = match error.classify() {
        Category::Eof => "it ends too early",
        _ => "a mistake",
    };
    Refusal::new(
        format!("it is not JSON: {what} at line {}, column {}", error.line(), error.column()),
        "take the whole value, or store it as JSON",
    )
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Each)
    }
}
