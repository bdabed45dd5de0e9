//! The labels of entries: what composites and templates may name.

use std::collections::BTreeMap;

use sealkit_host::config::{Field, nearest};

use crate::spec::Decode;

/// All labels, whether or not their entries could be read.
#[derive(Default)]
pub(super) struct Labels(BTreeMap<String, Label>);

/// What is known of an entry.
#[derive(Clone, Copy, Default)]
pub(super) struct Label {
    /// Whether it has many values; unknown where its source could not be read.
    pub(super) is_many: Option<bool>,
    /// The decoding of its parts that name none.
    pub(super) decode: Option<Decode>,
    /// Whether a composite uses it.
    is_used: bool,
}

impl Labels {
    pub(super) fn insert(&mut self, label: &str, is_many: Option<bool>, decode: Option<Decode>) {
        self.0.insert(label.to_owned(), Label { is_many, decode, is_used: false });
    }

    /// The entry that `label` names in `field`, which uses it.
    pub(super) fn used(&mut self, field: Field<'_>, label: &str) -> Option<Label> {
        if let Some(found) = self.0.get_mut(label) {
            found.is_used = true;
            return Some(*found);
        }
        let known: Vec<_> = self.0.keys().map(String::as_str).collect();
        let help = nearest(label, &known).map(|meant| format!(", did you mean `{meant}`?")).unwrap_or_default();
        field.mistake(format!("`{}`: no entry of `secrets` is called `{label}`{help}", field.name()))
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// That a composite uses `label`, which is one of them.
    pub(super) fn mark(&mut self, label: &str) {
        if let Some(found) = self.0.get_mut(label) {
            found.is_used = true;
        }
    }

    /// The decoding of an entry that no composite uses.
    pub(super) fn unused(&self, label: &str) -> Option<Option<Decode>> {
        self.0.get(label).filter(|label| !label.is_used).map(|label| label.decode)
    }
}
