//! The part of a value that is wanted.

use sealkit_envelope::Plaintext;

use super::jmes::{self, Names};
use super::refusal::Refusal;
use super::{decode, json};
use crate::spec::{Decode, Form, Select};

/// Takes one part of a value and decodes it where that was asked for.
///
/// # Errors
///
/// If the value has no such part, or its text is not of that encoding.
pub(crate) fn part(
    form: Form,
    names: &Names<'_>,
    select: &Select,
    how: Option<Decode>,
    value: &[u8],
) -> Result<Plaintext, Refusal> {
    let text;
    let bytes = match select {
        Select::Whole => value,
        Select::Key(key) => {
            text = member(value, key)?;
            text.as_bytes()
        }
        Select::JmesPath(path) => {
            text = jmes::search(form, names, path, value)?;
            text.as_bytes()
        }
        Select::AllKeys => {
            return Err(Refusal::new("all keys are no single value", "give a directory or a prefix for their names"));
        }
    };
    decoded(how, bytes)
}

/// Takes every member of a JSON object, in the order of the document.
///
/// # Errors
///
/// As for [`part`].
pub(crate) fn members(how: Option<Decode>, value: &[u8]) -> Result<Vec<(String, Plaintext)>, Refusal> {
    json::Members::read(value)?
        .into_iter()
        .map(|(name, value)| {
            let bytes = json::text(value).and_then(|text| decoded(how, text.as_bytes()));
            // The names become names of files, so they are no secret.
            bytes.map_err(|refusal| refusal.of(&format!("key {name:?}"))).map(|bytes| (name, bytes))
        })
        .collect()
}

fn member(value: &[u8], key: &str) -> Result<String, Refusal> {
    let members = json::Members::read(value)?;
    let Some(value) = members.find(key) else {
        return Err(Refusal::new(
            format!("there is no key {key:?} in it"),
            "correct the key, or add it to the secret; keys are case-sensitive",
        ));
    };
    json::text(value).map_err(|refusal| refusal.of(&format!("key {key:?}")))
}

fn decoded(how: Option<Decode>, bytes: &[u8]) -> Result<Plaintext, Refusal> {
    how.map_or_else(|| Ok(Plaintext::from_slice(bytes)), |how| decode::decode(how, bytes))
}
