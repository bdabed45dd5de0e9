//! Values whose names are in the answer: members of a JSON object, secrets of a filter, parameters of a path.

use sealkit_envelope::Plaintext;

use super::jmes::Names;
use super::refusal::Refusal;
use super::select;
use super::values::Value;
use crate::source::{Answer, Item};
use crate::spec::{Decode, Object, Select};

/// One value and what it is called.
pub(crate) struct Found<'a> {
    /// Its name: without the prefix, with `_` for each `/`. Not checked yet.
    pub(crate) name: String,
    /// Where it is from.
    pub(crate) item: &'a Item,
    /// The part that was asked for.
    pub(crate) bytes: Plaintext,
}

/// Takes a part of each item, or all members of each.
///
/// # Errors
///
/// If an item has no such part.
pub(crate) fn all<'a>(
    value: Value<'a>,
    answer: &'a Answer,
    select: &Select,
    decode: Option<Decode>,
    strip_prefix: Option<&str>,
) -> Result<Vec<Found<'a>>, Refusal> {
    let (items, is_many) = match answer {
        Answer::One(item) => (std::slice::from_ref(item), false),
        Answer::Many(items) => (items.as_slice(), true),
    };
    let mut all = Vec::new();
    for item in items {
        let bytes = item.value.expose_secret();
        let parts = match select {
            Select::AllKeys => select::members(decode, bytes),
            _ => select::part(value.form, &Names { object: value.object(), alias: &item.name }, select, decode, bytes)
                .map(|part| vec![(item.name.clone(), part)]),
        };
        let parts = parts.map_err(|refusal| if is_many { refusal.of(&item.name) } else { refusal })?;
        all.extend(parts.into_iter().map(|(name, bytes)| Found {
            name: stripped(&value.entry.object, &name, strip_prefix).replace('/', "_"),
            item,
            bytes,
        }));
    }
    Ok(all)
}

/// What is left of a name: less the given prefix, or less the path that parameters were asked by.
fn stripped<'a>(object: &Object, name: &'a str, prefix: Option<&str>) -> &'a str {
    if let Some(prefix) = prefix {
        return name.strip_prefix(prefix).unwrap_or(name);
    }
    let Object::Parameters(asked) = object else { return name };
    let below = name.strip_prefix(asked.path.trim_end_matches('/')).unwrap_or(name);
    below.strip_prefix('/').unwrap_or(below)
}
