//! Values whose names are in the answer: members of a JSON object, secrets of a filter, parameters of a path.

use sealkit_envelope::Plaintext;
use sealkit_host::text::Escaped;

use super::jmes::Names;
use super::refusal::Refusal;
use super::select;
use super::values::Value;
use crate::plan::names;
use crate::source::{Answer, Item};
use crate::spec::{Decode, Object, Select};

/// One value and what it is called.
pub(crate) struct Found<'a> {
    /// What the answer calls it.
    pub(crate) raw_name: String,
    /// What is cut from the beginning of that.
    prefix: Option<String>,
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
    let prefix = match &value.entry.object {
        Object::Parameters(asked) => strip_prefix.or(Some(&asked.path)),
        _ => strip_prefix,
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
            raw_name: name,
            prefix: prefix.map(str::to_owned),
            item,
            bytes,
        }));
    }
    Ok(all)
}

impl Found<'_> {
    /// Its name without the prefix, which for parameters by path is that path unless another is given, and with `_` for
    /// each `/`.
    ///
    /// # Errors
    ///
    /// If no file may be called that.
    pub(crate) fn name(&self) -> Result<String, Refusal> {
        names::of_content(&self.raw_name, self.prefix.as_deref()).map_err(|flaw| {
            let message = format!("the name `{}` from its content {flaw}", Escaped::new(&self.raw_name));
            Refusal::new(message, "rename it where it is kept, or give the names one by one")
        })
    }
}
