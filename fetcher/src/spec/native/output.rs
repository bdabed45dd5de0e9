//! What becomes of an entry's value: files and variables.

use sealkit_host::config::{Field, Table};

use super::object::Source;
use super::values::{self, DECODE, Rights, word};
use crate::output::check_jmespath;
use crate::spec::{Decode, Destination, Entry, Object, Output, Select};

/// What an entry says for all of its outputs.
pub(super) struct Context<'a> {
    /// Where its value comes from; unknown where that is wrong.
    pub(super) source: Option<Source>,
    /// Its decoding.
    pub(super) decode: Option<Decode>,
    /// The rights of files that say nothing themselves.
    pub(super) rights: &'a Rights,
}

/// The outputs of an entry, files first; none if it has neither `files` nor `env`.
pub(super) fn outputs(table: &mut Table<'_>, context: &Context<'_>) -> Option<Vec<Output>> {
    let files = table.optional("files", |field| {
        let files = field.list(|item| item.table(|table| file(table, context)))?;
        if files.is_empty() {
            field.mistake("`files` is empty: leave it out for one file named after the label")
        } else {
            Some(files)
        }
    });
    let variables = table.optional("env", |field| {
        let variables = field.map(|value| variable(value, context))?;
        if variables.is_empty() { field.mistake("`env` is empty") } else { Some(variables) }
    });
    let variables = variables.into_iter().flatten().map(|(_, output)| output);
    Some(files.unwrap_or_default().into_iter().chain(variables).collect())
}

/// The output of an entry that says nothing of its own: what is many goes into a directory.
pub(super) fn named_after_label(entry: &Entry, rights: &Rights, decode: Option<Decode>) -> Output {
    let file = rights.file(entry.label.clone());
    let to = match entry.object {
        Object::Secrets(_) | Object::Parameters(_) => Destination::Files { directory: file, strip_prefix: None },
        _ => Destination::File(file),
    };
    Output { at: entry.at, select: Select::Whole, decode, to }
}

fn file(table: &mut Table<'_>, context: &Context<'_>) -> Option<Output> {
    let (has_path, has_directory) = (table.has("path"), table.has("directory"));
    let path = table.optional("path", values::path);
    let directory = table.optional("directory", values::directory);
    let strip_prefix = table.optional("stripPrefix", word);
    let part = part(table);
    let decode = table.optional("decode", |field| field.choice(&DECODE)).or(context.decode);
    let rights = Rights::read(table).or(context.rights);
    let is_many = context.source.map(Source::is_many);
    match (has_path, has_directory) {
        (true, true) => {
            return table.mistake("`path` and `directory` exclude each other: one file, or one for each value");
        }
        (false, false) => return table.mistake("missing field `path`, or `directory` for one file for each value"),
        _ => {}
    }
    if has_path && table.has("stripPrefix") {
        return table.mistake("`stripPrefix` belongs to `directory`: `path` is the whole name");
    }
    let select = part?;
    match (&select, is_many) {
        (Select::AllKeys, _) if has_path => {
            return table.mistake("`keys: all` makes several files: use `directory` for `path`");
        }
        (_, Some(true)) if has_path => {
            return table.mistake("the entry has several values: use `directory` for `path`");
        }
        (Select::AllKeys, Some(true)) => {
            return table.mistake("`keys: all` takes one JSON object apart, but the entry has several values");
        }
        (Select::Whole | Select::Key(_) | Select::JmesPath(_), Some(false)) if has_directory => {
            return table.mistake("`directory` needs `keys: all`, or an entry of several values");
        }
        _ => {}
    }
    let to = match path {
        Some(path) => Destination::File(rights.file(path)),
        None => Destination::Files { directory: rights.file(directory?), strip_prefix },
    };
    Some(Output { at: Some(table.position()), select, decode, to })
}

/// Which part of the value: all of it unless a field says so.
fn part(table: &mut Table<'_>) -> Option<Select> {
    let has_keys = table.has("keys");
    let keys = table.optional("keys", |field| field.choice(&[("all", Select::AllKeys)]));
    let one = select(table)?;
    match (one, keys) {
        (one, None) => (!has_keys).then_some(one),
        (Select::Whole, Some(keys)) => Some(keys),
        (_, Some(_)) => table.mistake("`key`, `jmespath` and `keys` exclude each other"),
    }
}

/// Which part of the value, where one is wanted.
pub(super) fn select(table: &mut Table<'_>) -> Option<Select> {
    let wanted = table.has("key") || table.has("jmespath");
    let key = table.optional("key", word);
    let jmespath = table.optional("jmespath", |field| {
        let expression = word(field)?;
        match check_jmespath(&expression) {
            Ok(()) => Some(expression),
            Err(reason) => field.mistake(format!("`jmespath`: {reason}")),
        }
    });
    match (key, jmespath) {
        (Some(key), None) => Some(Select::Key(key)),
        (None, Some(expression)) => Some(Select::JmesPath(expression)),
        (None, None) => (!wanted).then_some(Select::Whole),
        (Some(_), Some(_)) => table.mistake("`key` and `jmespath` exclude each other"),
    }
}

/// One variable, or `"*"` for one for each value.
fn variable(field: Field<'_>, context: &Context<'_>) -> Option<Output> {
    let is_many = context.source.map(Source::is_many);
    let name = field.name();
    if name == "*" {
        return field.table(|table| {
            let prefix = table.optional("prefix", word).unwrap_or_default();
            let decode = table.optional("decode", |field| field.choice(&DECODE)).or(context.decode);
            let select = if is_many? { Select::Whole } else { Select::AllKeys };
            Some(Output { at: Some(field.position()), select, decode, to: Destination::Variables { prefix } })
        });
    }
    if is_many == Some(true) {
        return field.mistake("the entry has several values: only `\"*\"` gives each a variable");
    }
    field.table(|table| {
        let select = select(table);
        let decode = table.optional("decode", |field| field.choice(&DECODE)).or(context.decode);
        let to = Destination::Variable(name.to_owned());
        Some(Output { at: Some(field.position()), select: select?, decode, to })
    })
}
