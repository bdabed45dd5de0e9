//! The reader of documents, by TOML; what is YAML's own is in `tests/yaml.rs`.

#![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

use std::path::Path;

use super::{Document, Position, Table};

mod yaml;

#[derive(Debug, PartialEq)]
struct Sample {
    keys: Vec<String>,
    age: Option<u32>,
    signed: bool,
    mode: Option<u8>,
    context: Vec<(String, String)>,
}

fn sample(table: &mut Table<'_>) -> Option<Sample> {
    let keys = table.required("keys", |field| field.distinct_list(|item| item.string()));
    let age = table.optional("max_age", |field| field.integer(1..=3600));
    let signed = table.optional("signed", |field| field.boolean());
    let mode = table.optional("mode", |field| field.choice(&[("direct", 1), ("local", 2)]));
    let context = table.optional("context", |field| field.map(|value| value.string()));
    Some(Sample { keys: keys?, age, signed: signed.unwrap_or(false), mode, context: context.unwrap_or_default() })
}

fn read(text: &str) -> Result<Sample, String> {
    let path = Path::new("f.toml");
    let document = Document::parse_toml(path, text).map_err(|errors| errors.to_string())?;
    document.read(sample).map_err(|errors| errors.to_string())
}

fn mistakes(text: &str) -> Vec<String> {
    read(text).unwrap_err().lines().map(|line| line.strip_prefix("f.toml:").unwrap_or(line).to_owned()).collect()
}

#[test]
fn a_correct_file_is_read() {
    let text = "keys = ['b', 'a']\nmax_age = 60\nsigned = true\nmode = 'local'\n[context]\nz = '1'\na = '2'\n";
    let expected = Sample {
        keys: vec!["b".into(), "a".into()],
        age: Some(60),
        signed: true,
        mode: Some(2),
        context: vec![("z".into(), "1".into()), ("a".into(), "2".into())],
    };
    assert_eq!(read(text).unwrap(), expected);
}

#[test]
fn every_mistake_is_told_in_the_order_of_the_file() {
    let text = "mode = 'lokal'\nmax_age = 0\n  signd = true\nsigned = 'yes'\ncontext = { a = 1, b = 'x', c = [] }\n";
    assert_eq!(
        mistakes(text),
        [
            "1:1: missing field `keys`",
            "1:8: `mode` must be `direct` or `local`, not `lokal`",
            "2:11: `max_age` must be from 1 to 3600, not 0",
            "3:3: unknown field `signd`, did you mean `signed`?",
            "4:10: `signed` must be a boolean, not a string",
            "5:17: `a` must be a string, not an integer",
            "5:33: `c` must be a string, not a list",
        ]
    );
}

#[test]
fn all_syntax_errors_are_told_and_duplicates_are_among_them() {
    let found = mistakes("keys = ['a'\nmax_age 3\nsigned = true\nsigned = false\n");
    assert!(found.len() >= 2, "{found:?}");
    assert!(mistakes("keys = []\nkeys = []\n").iter().any(|m| m.starts_with("2:1: duplicate key")));
}

#[test]
fn a_duplicate_item_names_the_first() {
    assert_eq!(mistakes("keys = ['a', 'b',\n 'a']"), ["2:2: `keys`: duplicate of the item at 1:9"]);
}

#[test]
fn every_item_of_a_list_is_checked() {
    assert_eq!(
        mistakes("keys = [1, 'a', true]"),
        ["1:9: `keys` must be a string, not an integer", "1:17: `keys` must be a string, not a boolean"]
    );
}

#[test]
fn an_unknown_field_far_from_all_lists_what_is_known() {
    assert_eq!(
        mistakes("keys = []\nzzzzzzzz = 1"),
        ["2:1: unknown field `zzzzzzzz`, known here: keys, max_age, signed, mode, context"]
    );
    // A hyphen or a capital is the commonest slip.
    assert_eq!(mistakes("keys = []\nMax-Age = 1"), ["2:1: unknown field `Max-Age`, did you mean `max_age`?"]);
}

#[test]
fn columns_count_characters() {
    assert_eq!(mistakes("keys = ['äöü', 5]"), ["1:16: `keys` must be a string, not an integer"]);
}

#[test]
fn echoed_text_is_short_and_printable() {
    let long = "x".repeat(5000);
    let found = mistakes(&format!("keys = []\nmode = \"\\u001b[31m{long}\"\n"));
    assert!(found[0].contains(r"not `\u{1b}[31mxxx") && found[0].len() < 200, "{found:?}");
}

#[test]
fn integers_beyond_64_bits_are_mistakes() {
    assert_eq!(mistakes("keys = []\nmax_age = 99999999999999999999"), ["2:11: integer out of range"]);
}

#[test]
fn a_flood_of_mistakes_is_cut() {
    let text: String = (0..500).map(|n| format!("u{n} = 1\n")).collect();
    let found = mistakes(&text);
    assert_eq!(found.len(), 101);
    assert_eq!(found[100], " 401 more mistakes");
}

#[test]
fn nesting_without_end_is_an_error_and_no_crash() {
    for opening in ["[", "{a="] {
        let text = format!("keys = {}", opening.repeat(100_000));
        assert!(Document::parse_toml(Path::new("f.toml"), &text).is_err());
    }
    let text = format!("{}keys = 1", "a.".repeat(100_000));
    assert!(Document::parse_toml(Path::new("f.toml"), &text).is_err());
}

#[test]
fn positions_are_given_to_readers() {
    let document = Document::parse_toml(Path::new("f.toml"), "\n a = 1").unwrap();
    let at = document.read(|root| root.required("a", |field| Some(field.position()))).unwrap();
    assert_eq!(at, Position { line: 2, column: 6 });
}
