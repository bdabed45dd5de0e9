//! Names and texts of a list.

use std::collections::BTreeSet;

use super::text;
use crate::output::refusal::Refusal;
use crate::output::values::{self, Values};
use crate::output::{Origin, found};
use crate::source::Answer;
use crate::spec::{Pair, Part, Select};

/// Names with their texts, in the order of the specification and then of the content.
#[derive(Default)]
pub(super) struct Texts {
    /// No name is there twice.
    pub(super) pairs: Vec<(String, String)>,
    /// What they were made of.
    pub(super) origins: Vec<Origin>,
}

/// Reads all pairs; those of optional entries that are absent are left out. Names from content pass `check_found`.
///
/// # Errors
///
/// Everything that is wrong: parts that are not there or no text, and names that are there twice.
pub(super) fn texts(
    values: &Values<'_>,
    pairs: &[Pair],
    check_found: fn(&str) -> Result<(), Refusal>,
) -> Result<Texts, Vec<Refusal>> {
    let mut texts = Texts::default();
    let mut refusals = Vec::new();
    for pair in pairs {
        let read = match pair {
            Pair::One { name, part } => texts.one(values, name, part),
            Pair::All { entry, prefix } => texts.all(values, entry, prefix, check_found),
        };
        refusals.extend(read.err());
    }
    let mut seen = BTreeSet::new();
    let names = texts.pairs.iter().map(|(name, _)| name.as_str());
    let twice: BTreeSet<&str> = names.filter(|name| !seen.insert(*name)).collect();
    let refused = |name| Refusal::new(format!("{name:?} would be in it twice"), "rename one, or give names one by one");
    refusals.extend(twice.into_iter().map(refused));
    if refusals.is_empty() { Ok(texts) } else { Err(refusals) }
}

impl Texts {
    fn one(&mut self, values: &Values<'_>, name: &str, part: &Part) -> Result<(), Refusal> {
        if let Some((item, bytes)) = values.part(part, name)? {
            let text = text(bytes.expose_secret()).map_err(|refusal| refusal.of(&part.entry))?;
            self.pairs.push((name.to_owned(), text));
            values::note(&mut self.origins, item);
        }
        Ok(())
    }

    fn all(
        &mut self,
        values: &Values<'_>,
        label: &str,
        prefix: &str,
        check_found: fn(&str) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let value = values.find(label)?;
        let Ok(Some(answer)) = value.answer() else { return Ok(()) };
        let is_many = matches!(answer, Answer::Many(_));
        let select = if is_many { Select::Whole } else { Select::AllKeys };
        for found in found::all(value, answer, &select, None, None).map_err(|refusal| refusal.of(label))? {
            // Members keep their names, which need not be names of files.
            let name = if is_many { found.name()? } else { found.raw_name };
            let name = format!("{prefix}{name}");
            check_found(&name).map_err(|refusal| refusal.of(label))?;
            let text =
                text(found.bytes.expose_secret()).map_err(|refusal| refusal.of(&format!("{label}, {name:?}")))?;
            self.pairs.push((name, text));
            values::note(&mut self.origins, found.item);
        }
        Ok(())
    }
}
