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
/// Everything that is wrong with it, and what could be read of it nevertheless.
pub fn read(origin: &str, text: &str) -> Result<Spec, SpecErrors> {
    let document = Document::parse_yaml(origin.as_ref(), text)?;
    let mut readable = None;
    let read = document.read(|table| {
        let (spec, is_whole) = specification(origin, table);
        readable = Some(spec);
        is_whole.then_some(())
    });
    match (read, readable) {
        (Ok(()), Some(spec)) => Ok(spec),
        (Err(errors), spec) => Err(SpecErrors::from(errors).of_what_was_read(spec)),
        (Ok(()), None) => unreachable!("what was read is kept"),
    }
}

/// What could be read, and whether that is all.
fn specification(origin: &str, table: &mut Table<'_>) -> (Spec, bool) {
    let place = place::place(table);
    let batch = table.optional("batch", |field| field.choice(&BATCH));
    let rights = table.optional("defaults", |field| field.table(values::defaults)).unwrap_or_default();
    let mut labels = Labels::default();
    let mut entries = Vec::new();
    let all_entries = table.required("secrets", |field| {
        let all = field.map(|field| {
            entries.push(entry::entry(field, &place, &rights, &mut labels)?);
            Some(())
        })?;
        if all.is_empty() { field.mistake("`secrets` is empty: nothing is fetched") } else { Some(()) }
    });
    let mut composites = Vec::new();
    let has_composites = table.has("files");
    let all_composites = table.optional("files", |field: Field<'_>| {
        field.list(|item| {
            composites.push(item.table(|table| composite::composite(table, &rights, &mut labels))?);
            Some(())
        })
    });
    // Which entries a composite uses is not known while one of them can't be read.
    if all_composites.is_some() || !has_composites {
        for entry in &mut entries {
            if entry.outputs.is_empty()
                && let Some(decode) = labels.unused(&entry.label)
            {
                entry.outputs.push(output::named_after_label(entry, &rights, decode));
            }
        }
    }
    let (origin, defaults) = (origin.to_owned(), rights.file(String::new()));
    let spec = Spec { form: Form::Native, origin, place, batch, defaults, entries, composites, notices: Vec::new() };
    (spec, all_entries.is_some())
}

#[cfg(test)]
mod tests;
