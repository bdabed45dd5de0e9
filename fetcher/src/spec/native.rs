//! Our own form: YAML 1.2, read strictly, with line and column for every mistake.
//!
//! ```text
//! document ─┬─ region, role, batch, defaults ───────────────── place, values
//!           ├─ secrets ── entry ─┬─ object: what is fetched
//!           │     │              └─ output: files and variables
//!           │   labels
//!           │     │
//!           └─ files ──── composite: of several entries
//! ```
//!
//! `docs/fetcher.md` shows every field; `docs/fetcher-spec.schema.json` is for editors, and a test holds both against
//! this reader.

mod composite;
mod entry;
mod labels;
mod object;
mod output;
mod place;
mod values;

use sealkit_host::config::{Document, Field, Table};

use self::labels::Labels;
use super::{Batch, Form, Spec, SpecErrors};

/// The words of `batch`.
pub(crate) const BATCH: [(&str, Batch); 3] =
    [("auto", Batch::Auto), ("never", Batch::Never), ("always", Batch::Always)];

/// Reads a specification in our own form; `origin` only names it in errors.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read(origin: &str, text: &str) -> Result<Spec, SpecErrors> {
    let document = Document::parse_yaml(origin.as_ref(), text)?;
    Ok(document.read(|table| specification(origin, table))?)
}

fn specification(origin: &str, table: &mut Table<'_>) -> Option<Spec> {
    let place = place::place(table);
    let batch = table.optional("batch", |field| field.choice(&BATCH));
    let rights = table.optional("defaults", |field| field.table(values::defaults)).unwrap_or_default();
    let mut labels = Labels::default();
    let entries = table.required("secrets", |field| {
        let entries = field.map(|field| entry::entry(field, &place, &rights, &mut labels))?;
        if entries.is_empty() { field.mistake("`secrets` is empty: nothing is fetched") } else { Some(entries) }
    });
    let composites = table.optional("files", |field: Field<'_>| {
        field.list(|item| item.table(|table| composite::composite(table, &rights, &mut labels)))
    });
    let mut entries: Vec<_> = entries?.into_iter().map(|(_, entry)| entry).collect();
    for entry in &mut entries {
        if entry.outputs.is_empty()
            && let Some(decode) = labels.unused(&entry.label)
        {
            entry.outputs.push(output::named_after_label(entry, &rights, decode));
        }
    }
    Some(Spec {
        form: Form::Native,
        origin: origin.to_owned(),
        place,
        batch,
        entries,
        composites: composites.unwrap_or_default(),
        notices: Vec::new(),
    })
}

#[cfg(test)]
mod tests;
