//! One item of `files`: what is made of several entries.

use sealkit_host::config::{Field, Table};

use super::labels::{Label, Labels};
use super::output::select;
use super::values::{self, DECODE, Rights, word};
use crate::output::template;
use crate::spec::{Composite, Content, Pair, Part, PemFile, TlsPair};

/// The fields that say what is in it.
const CONTENTS: [&str; 6] = ["dotenv", "properties", "json", "yaml", "template", "tls"];

pub(super) fn composite(table: &mut Table<'_>, defaults: &Rights, labels: &mut Labels) -> Option<Composite> {
    let contents: Vec<_> = CONTENTS.into_iter().filter(|name| table.has(name)).collect();
    let is_tls = contents == ["tls"];
    let path = if is_tls {
        table.optional("path", |field| field.mistake::<()>("`path`: a pair has two files; name their `directory`"));
        Some(table.optional("directory", values::directory).unwrap_or_default())
    } else {
        table.optional("directory", |field| field.mistake::<()>("`directory` belongs to `tls`; one file has a `path`"));
        table.required("path", values::path)
    };
    let rights = Rights::read(table).or(defaults);
    let mut read = Vec::new();
    for name in &contents {
        read.push(table.optional(name, |field| content(field, labels)));
    }
    match contents.len() {
        0 => table
            .mistake(format!("it says not what is in it: one of {}", CONTENTS.map(|it| format!("`{it}`")).join(", "))),
        1 => Some(Composite { at: Some(table.position()), file: rights.file(path?), content: read.pop()?? }),
        _ => {
            let contents: Vec<_> = contents.iter().map(|it| format!("`{it}`")).collect();
            table.mistake(format!("{} exclude each other: one file has one content", contents.join(" and ")))
        }
    }
}

fn content(field: Field<'_>, labels: &mut Labels) -> Option<Content> {
    match field.name() {
        "dotenv" => pairs(field, labels).map(Content::Dotenv),
        "properties" => pairs(field, labels).map(Content::Properties),
        "json" => pairs(field, labels).map(Content::Json),
        "yaml" => pairs(field, labels).map(Content::Yaml),
        "template" => template(field, labels).map(Content::Template),
        _ => field.table(|table| tls(table, labels)).map(|pair| Content::Tls(Box::new(pair))),
    }
}

fn pairs(field: Field<'_>, labels: &mut Labels) -> Option<Vec<Pair>> {
    let pairs = field.map(|value| match value.name() {
        "*" if value.is_list() => {
            let all = value.list(|item| all(item, labels))?;
            if all.is_empty() { value.mistake("`*` is empty") } else { Some(all) }
        }
        "*" => all(value, labels).map(|pair| vec![pair]),
        "" => value.mistake("a name is empty"),
        name => {
            let part = value.table(|table| part(table, labels))?;
            Some(vec![Pair::One { name: name.to_owned(), part }])
        }
    })?;
    let pairs: Vec<_> = pairs.into_iter().flat_map(|(_, pairs)| pairs).collect();
    if pairs.is_empty() { field.mistake(format!("`{}` is empty", field.name())) } else { Some(pairs) }
}

/// All values of an entry.
fn all(field: Field<'_>, labels: &mut Labels) -> Option<Pair> {
    field.table(|table| {
        let entry = from(table, labels);
        let prefix = table.optional("prefix", word).unwrap_or_default();
        Some(Pair::All { entry: entry?.0, prefix })
    })
}

/// One part of an entry's value.
fn part(table: &mut Table<'_>, labels: &mut Labels) -> Option<Part> {
    let from = from(table, labels);
    let select = select(table);
    let decode = table.optional("decode", |field| field.choice(&DECODE));
    let (entry, label) = from?;
    if label.is_many == Some(true) {
        return table.mistake(format!("`{entry}` has several values: only `\"*\"` takes them, all together"));
    }
    Some(Part { entry, select: select?, decode: decode.or(label.decode) })
}

fn from(table: &mut Table<'_>, labels: &mut Labels) -> Option<(String, Label)> {
    table.required("from", |field| {
        let entry = field.string()?;
        let label = labels.used(field, &entry)?;
        Some((entry, label))
    })
}

fn tls(table: &mut Table<'_>, labels: &mut Labels) -> Option<TlsPair> {
    let certificate = table.required("certificate", |field| pem_file(field, "tls.crt", labels));
    let key = table.required("key", |field| pem_file(field, "tls.key", labels));
    let has_authority = table.has("authority");
    let authority = table.optional("authority", |field| pem_file(field, "ca.crt", labels));
    if has_authority && authority.is_none() {
        return None;
    }
    Some(TlsPair { certificate: certificate?, key: key?, authority })
}

fn pem_file(field: Field<'_>, name: &str, labels: &mut Labels) -> Option<PemFile> {
    field.table(|table| {
        let file = table.optional("file", word).unwrap_or_else(|| name.to_owned());
        Some(PemFile { part: part(table, labels)?, file })
    })
}

/// A template, whose syntax is checked here and whose names are labels.
fn template(field: Field<'_>, labels: &mut Labels) -> Option<String> {
    let text = field.string()?;
    match template::uses(&text, labels.all()) {
        Ok(used) => {
            used.iter().for_each(|label| labels.mark(label));
            Some(text)
        }
        Err(mistakes) => {
            mistakes.iter().for_each(|mistake| _ = field.mistake::<()>(format!("`template`: {mistake}")));
            None
        }
    }
}
