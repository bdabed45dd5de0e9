//! Any text as a configuration, read by a reader of every kind of field: no panic, and mistakes that
//! name a place in the text and can be printed.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use sealkit_host::config::{Document, Table};

/// The shape of `sealctl.toml`, with a field of each kind that a reader can ask for.
fn rule(table: &mut Table<'_>) -> Option<()> {
    table.required("path", |field| field.parse_with(|text| (!text.is_empty()).then_some(()).ok_or("is empty")));
    table.optional("keys", |field| field.distinct_list(|key| key.string()));
    table.optional("context", |field| field.map(|value| value.string()));
    table.optional("frame_length", |field| field.integer(1..=1_u32 << 24));
    table.optional("suite", |field| field.choice(&[("signed", true), ("unsigned", false)]));
    table.optional("refuse_signed", |field| field.boolean());
    Some(())
}

fuzz_target!(|text: &str| {
    let path = Path::new("sealctl.toml");
    let read = Document::parse_toml(path, text).and_then(|document| {
        document.read(|root| {
            root.optional("rule", |field| field.list(|it| it.table(rule)));
            Some(())
        })
    });
    let Err(errors) = read else { return };
    assert!(!errors.mistakes().is_empty(), "refused without a reason");
    let told = errors.to_string();
    // Beyond a hundred, the last line counts the rest.
    let lines = told.lines().count();
    let kept = errors.mistakes().len();
    assert!(lines == kept || (kept >= 100 && lines == kept + 1), "one line a mistake: {told:?}");
    assert!(
        !told.chars().any(|character| character.is_control() && character != '\n'),
        "control characters reach the terminal: {told:?}"
    );
});
