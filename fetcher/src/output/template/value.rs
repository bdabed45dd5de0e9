//! What entries are in a template.
//!
//! A text is a string. A text that is a JSON object prints as it stands too, and has its members: strings, booleans,
//! numbers, null, lists and objects, each of which but a string prints as its JSON text stands in the document.

use std::error::Error as _;
use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr, ValueKind};
use minijinja::{Error, ErrorKind, Output, State, Value};
use serde_json::value::RawValue;

use crate::output::composite::{self, structured};
use crate::output::found;
use crate::output::json::{self, Members};
use crate::output::refusal::Refusal;
use crate::output::values;
use crate::source::{Answer, Item};
use crate::spec::Select;

/// What an answer is, and the items in it.
///
/// # Errors
///
/// If one of them is no text.
pub(super) fn of_answer<'a>(value: values::Value<'a>, answer: &'a Answer) -> Result<(Value, Vec<&'a Item>), Refusal> {
    if let Answer::One(item) = answer {
        return of_text(composite::text(item.value.expose_secret())?).map(|value| (value, vec![item]));
    }
    // Any number of objects are one, of their names and texts.
    let mut members = Vec::new();
    let mut items = Vec::new();
    for found in found::all(value, answer, &Select::Whole, None, None)? {
        let name = found.name()?;
        let text = composite::text(found.bytes.expose_secret()).map_err(|refusal| refusal.of(&found.item.name))?;
        members.push((name, text));
        items.push(found.item);
    }
    let text = structured::compact(&members)?;
    let values = members.into_iter().map(|(name, text)| Ok((name, of_text(text)?)));
    let members = values.collect::<Result<Vec<(String, Value)>, Refusal>>()?;
    Ok((Value::from_object(Json { text, parts: Parts::Object(members) }), items))
}

/// A whole text.
fn of_text(text: String) -> Result<Value, Refusal> {
    if !text.trim_start().starts_with('{') {
        return Ok(Value::from(text));
    }
    let parts = match Members::read(text.as_bytes()) {
        Ok(members) => Parts::Object(of_members(members)?),
        // Its text can still be had.
        Err(refusal) => Parts::Unreadable(refusal),
    };
    Ok(Value::from_object(Json { text, parts }))
}

fn of_members(members: Members<'_>) -> Result<Vec<(String, Value)>, Refusal> {
    members.into_iter().map(|(name, value)| Ok((name, of_json(value)?))).collect()
}

/// A part of a document.
fn of_json(value: &RawValue) -> Result<Value, Refusal> {
    let text = value.get();
    let parts = match text.as_bytes().first() {
        Some(b'"') => return json::text(value).map(Value::from),
        Some(b't') => return Ok(Value::from(true)),
        Some(b'f') => return Ok(Value::from(false)),
        Some(b'n') => return Ok(Value::from(())),
        Some(b'{') => Parts::Object(of_members(Members::read(text.as_bytes())?)?),
        Some(b'[') => {
            let items = json::items(value)?;
            Parts::List(items.into_iter().map(of_json).collect::<Result<_, _>>()?)
        }
        _ => {
            // One that would print as other digits stays text, and can't be calculated with.
            let number = text
                .parse()
                .map(|whole: i64| Value::from(whole))
                .or_else(|_| text.parse().map(|number: f64| Value::from(number)));
            match number {
                Ok(number) if number.to_string() == text => return Ok(number),
                _ => Parts::Number,
            }
        }
    };
    Ok(Value::from_object(Json { text: text.to_owned(), parts }))
}

/// A JSON value that is no string, with its text.
struct Json {
    text: String,
    parts: Parts,
}

enum Parts {
    Object(Vec<(String, Value)>),
    List(Vec<Value>),
    Number,
    Unreadable(Refusal),
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Json").field("length", &self.text.len()).finish_non_exhaustive()
    }
}

impl Object for Json {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        match self.parts {
            Parts::Object(_) | Parts::Unreadable(_) => ObjectRepr::Map,
            Parts::List(_) => ObjectRepr::Seq,
            Parts::Number => ObjectRepr::Plain,
        }
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match &self.parts {
            Parts::Object(members) => {
                let key = key.as_str()?;
                members.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone())
            }
            Parts::List(items) => items.get(key.as_usize()?).cloned(),
            Parts::Number => None,
            Parts::Unreadable(refusal) => Some(told(refusal.clone()).into()),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        match &self.parts {
            Parts::Object(members) => {
                Enumerator::Values(members.iter().map(|(name, _)| Value::from(name.as_str())).collect())
            }
            Parts::List(items) => Enumerator::Seq(items.len()),
            Parts::Number | Parts::Unreadable(_) => Enumerator::NonEnumerable,
        }
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A value as JSON text; that of a document as it stands there.
pub(super) fn to_json(value: &Value) -> Result<String, Error> {
    match value.downcast_object_ref::<Json>() {
        Some(json) => Ok(json.text.clone()),
        None => serde_json::to_string(value).map_err(|_| Error::from(ErrorKind::BadSerialization)),
    }
}

/// Prints a value where it stands in a template; what has a word in JSON by that.
pub(super) fn format(output: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    let word = match value.kind() {
        ValueKind::None => "null",
        ValueKind::Bool if value.is_true() => "true",
        ValueKind::Bool => "false",
        _ => return minijinja::escape_formatter(output, state, value),
    };
    output.write_str(word).map_err(Error::from)
}

/// The engine's error for a refusal.
pub(super) fn told(refusal: Refusal) -> Error {
    Error::new(ErrorKind::BadSerialization, "").with_source(Told(refusal))
}

/// Why a part of a value could not be had, if that is what made a template fail.
pub(super) fn refusal(error: &Error) -> Option<Refusal> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(Told(refusal)) = error.downcast_ref() {
            return Some(refusal.clone());
        }
        cause = error.source();
    }
    None
}

/// A refusal on its way through the engine.
#[derive(Debug)]
struct Told(Refusal);

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Told {}
