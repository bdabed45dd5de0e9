//! Any text as a YAML configuration, read as deep as ours go: no panic, and mistakes that name a place in the text
//! and can be printed.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use sealkit_host::config::{Document, Field, Table};

/// A reader that meets every kind of value.
fn root(table: &mut Table<'_>) -> Option<()> {
    let flag = table.optional("deepHealthz", Field::boolean);
    let number = table.optional("retryTokenCapacity", |field| field.integer(1..=500));
    let sockets = table.required("sockets", |field| field.list(|item| item.table(socket)));
    let _ = (flag, number);
    sockets.map(drop)
}

fn socket(table: &mut Table<'_>) -> Option<()> {
    let path = table.required("path", Field::string);
    let mode = table.optional("mode", |field| field.choice(&[("direct", 1), ("local", 2)]));
    let uids = table.optional("allowedUids", |field| field.distinct_list(|item| item.integer(0..=u32::MAX)));
    let context = table.optional("context", |field| field.map(Field::string));
    let parsed = table.optional("cacheEntries", |field| field.parse::<usize>());
    let _ = (mode, uids, context, parsed);
    path.map(drop)
}

fuzz_target!(|text: &str| {
    let read = Document::parse_yaml(Path::new("f.yaml"), text).and_then(|document| document.read(root));
    let Err(errors) = read else { return };
    assert!(!errors.mistakes().is_empty(), "refused without a reason");
    // YAML ends lines by a carriage return too.
    let lines = text.split(['\n', '\r']).count();
    for mistake in errors.mistakes() {
        assert!(mistake.at.line >= 1 && mistake.at.line <= lines + 1, "{mistake:?} of {lines} lines");
        assert!(mistake.at.column >= 1, "{mistake:?}");
    }
    let told = errors.to_string();
    let (lines, kept) = (told.lines().count(), errors.mistakes().len());
    assert!(lines == kept || (kept >= 100 && lines == kept + 1), "one line a mistake: {told:?}");
    assert!(
        !told.chars().any(|character| character.is_control() && character != '\n'),
        "control characters reach the terminal: {told:?}"
    );
});
