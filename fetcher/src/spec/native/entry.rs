//! One item of `secrets`.

use sealkit_host::config::{Field, Table};

use super::labels::Labels;
use super::object::{self, Source};
use super::output::{self, Context};
use super::values::{self, DECODE, Rights};
use crate::spec::{Entry, Failover, Place, SealedFile};

pub(super) fn entry(field: Field<'_>, place: &Place, rights: &Rights, labels: &mut Labels) -> Option<Entry> {
    let label = field.name();
    if label.is_empty() || label.chars().any(char::is_control) {
        return field.mistake("a label has one character at least, and no control characters");
    }
    // Known whatever becomes of the rest, so that what uses it is not told that it isn't there.
    labels.insert(label, None, None);
    field.table(|table| {
        let source = object::source_of_entry(table);
        let decode = table.optional("decode", |field| field.choice(&DECODE));
        labels.insert(label, source.map(Source::is_many), decode);
        let found = object::object(table, source);
        let optional = table.optional("optional", Field::boolean).unwrap_or_default();
        let elsewhere = Elsewhere::read(table, source);
        let context = Context { source, decode, rights };
        let outputs = output::outputs(table, &context);
        let found = found?;
        let region = region(table, place, elsewhere.region, found.region);
        Some(Entry {
            label: label.to_owned(),
            at: Some(field.position()),
            object: found.object,
            optional,
            region,
            failover: elsewhere.failover,
            role: elsewhere.role,
            fallback: elsewhere.fallback,
            outputs: outputs?,
        })
    })
}

/// Where else than everything, or as whom, an entry is fetched.
struct Elsewhere {
    region: Option<String>,
    role: Option<String>,
    failover: Vec<Failover>,
    fallback: Option<SealedFile>,
}

impl Elsewhere {
    fn read(table: &mut Table<'_>, source: Option<Source>) -> Self {
        let is_sealed = source == Some(Source::Sealed);
        let is_many = source.is_some_and(Source::is_many);
        let region = table.optional("region", |field| {
            if is_sealed {
                return field.mistake("`region`: a sealed file's keys name their Regions");
            }
            values::region(field)
        });
        let failover = table.optional("failover", |field| {
            if is_sealed || is_many {
                return field.mistake("`failover` names one secret or parameter elsewhere, for an entry that is one");
            }
            field.list(|item| item.table(|table| failover(table, source)))
        });
        let fallback = table.optional("fallback", |field| {
            if is_sealed || is_many {
                return field.mistake("`fallback` stands in for one secret or parameter");
            }
            field.table(object::sealed)
        });
        let role = table.optional("role", values::role);
        Self { region, role, failover: failover.unwrap_or_default(), fallback }
    }
}

/// One item of `failover`: the Region, and what is asked for there.
fn failover(table: &mut Table<'_>, wanted: Option<Source>) -> Option<Failover> {
    let region = table.required("region", values::region);
    let source = object::source(table, &[Source::Secret, Source::Parameter]);
    let found = object::object(table, source);
    if let (Some(source), Some(wanted)) = (source, wanted)
        && source != wanted
    {
        let (wanted, source) = (wanted.field(), source.field());
        return table.mistake(format!("`failover` of a `{wanted}` names a `{wanted}`, not a `{source}`"));
    }
    let (region, found) = (region?, found?);
    if let Some(of_arn) = found.region.filter(|of_arn| *of_arn != region) {
        return table.mistake(format!("`region` is {region}, but the ARN is one of {of_arn}"));
    }
    Some(Failover { region, object: found.object })
}

/// The Region of the entry where it differs from the specification's.
fn region(table: &Table<'_>, place: &Place, field: Option<String>, arn: Option<String>) -> Option<String> {
    if let (Some(field), Some(arn)) = (&field, &arn)
        && field != arn
    {
        return table.mistake(format!("`region` is {field}, but the ARN is one of {arn}"));
    }
    field.or(arn).filter(|region| Some(region) != place.region.as_ref())
}
