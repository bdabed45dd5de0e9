//! One rule of a `sealctl.toml`: which paths it is for, and what it says about them.

use std::path::Path;

use sealkit_envelope::EncryptionContext;
use sealkit_host::config::{Field, Table};

use super::pattern::PathPattern;
use crate::keys::reference::KeyReference;
use crate::policy::Demands;

/// A `[[rule]]` table. Of the rules of one file the first that matches a path is the one that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    /// The line that it begins on, from 1.
    pub(crate) line: usize,
    /// The paths it is for.
    pub(crate) paths: Vec<PathPattern>,
    /// The keys to use, and the only ones that may be used; empty leaves the choice to others.
    pub(crate) keys: Vec<KeyReference>,
    /// Where else to ask for the one multi-Region key among them, in order.
    pub(crate) failover_regions: Vec<String>,
    /// What it demands of messages.
    pub(crate) demands: Demands,
}

impl Rule {
    /// Reads a `[[rule]]` table; what is wrong with it is noted.
    pub(crate) fn read(table: &mut Table<'_>) -> Option<Self> {
        let line = table.position().line;
        let paths = table.required("paths", |field| non_empty(field, path_pattern));
        let keys = table.optional("keys", |field| non_empty(field, absolute_key));
        let failover_regions = table.optional("failover_regions", |field| non_empty(field, region));
        let context = table.optional("context", context).unwrap_or_default();
        let exact_context = table.optional("exact_context", Field::boolean);
        let require_context_keys = table.optional("require_context_keys", |field| non_empty(field, context_key));
        let max_encrypted_data_keys =
            table.optional("max_encrypted_data_keys", |field| field.integer(1..=65_535_usize));
        let max_header_bytes = table.optional("max_header_bytes", |field| field.integer(1..=usize::MAX));
        let max_frame_length = table.optional("max_frame_length", |field| field.integer(1..=u32::MAX));
        let refuse_signed = table.optional("refuse_signed", Field::boolean).unwrap_or_default();
        let sign = table.optional("sign", Field::boolean).unwrap_or_default();
        if sign && refuse_signed {
            return table.mistake("`sign` and `refuse_signed` exclude each other");
        }
        if failover_regions.is_some() && keys.is_none() {
            return table.mistake("`failover_regions` need the `keys` that they are for");
        }
        Some(Self {
            line,
            paths: paths?,
            keys: keys.unwrap_or_default(),
            failover_regions: failover_regions.unwrap_or_default(),
            demands: Demands {
                context: context.into_iter().collect(),
                exact_context: exact_context.unwrap_or_default(),
                require_context_keys: require_context_keys.unwrap_or_default(),
                max_encrypted_data_keys,
                max_header_bytes,
                max_frame_length,
                refuse_signed,
                sign,
            },
        })
    }

    /// Whether the rule is for `path`, relative to the directory of its file.
    pub(crate) fn matches(&self, path: &Path) -> bool {
        self.paths.iter().any(|pattern| pattern.matches(path))
    }

    /// Whether the rule has an effect that the user must have allowed: it chooses keys, or puts pairs into the
    /// context of new messages, on which the policies of KMS keys may rely.
    pub(crate) fn needs_permission(&self) -> bool {
        !self.keys.is_empty() || !self.demands.context.is_empty()
    }
}

/// A list of distinct items that holds at least one.
pub(super) fn non_empty<'a, T: Eq + std::hash::Hash>(
    field: Field<'a>,
    read: impl FnMut(Field<'a>) -> Option<T>,
) -> Option<Vec<T>> {
    let items = field.distinct_list(read)?;
    if items.is_empty() { field.mistake("an empty list says nothing: leave the field out") } else { Some(items) }
}

fn path_pattern(field: Field<'_>) -> Option<PathPattern> {
    field.parse_with(PathPattern::parse)
}

/// A key that means the same for everybody who uses the repository.
fn absolute_key(field: Field<'_>) -> Option<KeyReference> {
    let key = field.parse_with(KeyReference::parse)?;
    if !key.is_absolute() {
        return field.mistake("a bare key id or alias means another key in every account and Region: write the ARN");
    }
    Some(key)
}

/// A Region, as far as its characters tell; what it is for says the rest.
fn region(field: Field<'_>) -> Option<String> {
    field.parse_with(|text| {
        let is_plain = text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if is_plain && !text.is_empty() { Ok(text.to_owned()) } else { Err("not the name of a Region") }
    })
}

fn context(field: Field<'_>) -> Option<Vec<(String, String)>> {
    let pairs = field.map(|value| value.string())?;
    match EncryptionContext::try_from_pairs(pairs.clone()) {
        Ok(_) => Some(pairs),
        Err(error) => field.mistake(error.to_string()),
    }
}

fn context_key(field: Field<'_>) -> Option<String> {
    let key = field.string()?;
    if key.is_empty() { field.mistake("a context key is empty") } else { Some(key) }
}
