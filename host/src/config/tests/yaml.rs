//! What is YAML's own.

use std::path::Path;

use crate::config::{Document, Position};

use super::{Sample, sample};

fn read(text: &str) -> Result<Sample, String> {
    let path = Path::new("f.yaml");
    let document = Document::parse_yaml(path, text).map_err(|errors| errors.to_string())?;
    document.read(sample).map_err(|errors| errors.to_string())
}

fn mistakes(text: &str) -> Vec<String> {
    read(text).unwrap_err().lines().map(|line| line.strip_prefix("f.yaml:").unwrap_or(line).to_owned()).collect()
}

#[test]
fn block_and_flow_style_read_the_same() {
    let expected = Sample {
        keys: vec!["b".into(), "a: #1".into()],
        age: Some(60),
        signed: true,
        mode: Some(2),
        context: vec![("z".into(), "1".into()), ("on".into(), "no".into())],
    };
    let block = "# a comment\n---\nkeys:\n- b\n- 'a: #1'\nmax_age: 0x3C\nsigned: True\nmode: local\n\
        context:\n  z: '1'\n  on: no\n";
    assert_eq!(read(block).unwrap(), expected);
    let flow = r##"{"keys": ["b", "a: #1"], "max_age": 60, "signed": true, "mode": "local", "context": {"z": "1", "on": "no"}}"##;
    assert_eq!(read(flow).unwrap(), expected);
}

#[test]
fn every_mistake_is_told_in_the_order_of_the_file() {
    let text = "mode: lokal\nmax_age: 0\nsigned: yes\nsignd: true\ncontext:\n  a: 1\n  b: x\n  c: [1]\n  d:\n  e: {}\nkeys: {}\n";
    assert_eq!(
        mistakes(text),
        [
            "1:7: `mode` must be `direct` or `local`, not `lokal`",
            "2:10: `max_age` must be from 1 to 3600, not 0",
            "3:9: `signed` must be a boolean, not a string",
            "4:1: unknown field `signd`, did you mean `signed`?",
            "6:6: `a` must be a string, not an integer",
            "8:6: `c` must be a string, not a list",
            "9:4: `d` must be a string, not nothing",
            "10:6: `e` must be a string, not a mapping",
            "11:7: `keys` must be a list, not a mapping",
        ]
    );
}

#[test]
fn what_is_refused_is_told_all_at_once() {
    // With what is wrong in fields; nothing is told twice.
    let text = "keys: &a [x, 7]\ncontext: *a\nmode: !local direct\nmax_age: 010\nkeys: []\n? [1]\n: 2\nsignd: true\n";
    assert_eq!(
        mistakes(text),
        [
            "1:14: `keys` must be a string, not an integer",
            "2:10: an alias: write out what it stands for",
            "3:7: a tag: values have the type that they look like, and quotes make a string",
            "4:10: `010` is octal to some readers of YAML and decimal to others: quote it",
            "5:1: duplicate key `keys`, first at 1:1",
            "6:3: a key must be a word",
            "8:1: unknown field `signd`, did you mean `signed`?",
        ]
    );
}

#[test]
fn a_syntax_error_hides_nothing_that_was_refused_before_it() {
    let found = mistakes("max_age: 010\nkeys: [a\nmode: local\n");
    assert!(found.len() == 2 && found[0].starts_with("1:10: `010`") && found[1].starts_with("3:"), "{found:?}");
}

#[test]
fn a_syntax_error_has_a_place() {
    let found = mistakes("keys: [a\nmode: local\n");
    assert!(found.len() == 1 && found[0].starts_with("2:"), "{found:?}");
    let found = mistakes("keys: ['a']\n\tmode: local\n");
    assert!(found.len() == 1 && found[0].starts_with("2:"), "{found:?}");
}

#[test]
fn a_tab_that_indents_is_told_where_it_is() {
    let message = "a tab indents this line: YAML takes blanks only";
    for (text, at) in [
        ("keys:\n- path: /a\n\n\tkey: alias/a\n", "4:1"),
        ("keys:\n- path: /a\n  \tkey: alias/a\n", "3:3"),
        ("keys:\n- path: '/a'\n\tkey: alias/a\n", "3:1"),
        ("keys: |\n\tx\n", "2:1"),
    ] {
        assert_eq!(mistakes(text), [format!("{at}: {message}")], "{text:?}");
    }
}

#[test]
fn one_file_is_one_document_and_a_mapping() {
    assert_eq!(mistakes("keys: []\n---\nkeys: []\n"), ["2:1: a second document begins here: one file holds one"]);
    assert_eq!(mistakes("- a\n"), ["1:1: the file must be a mapping, not a list"]);
    for nothing in ["", "# nothing\n", "---\n...\n", "\u{feff}"] {
        assert_eq!(mistakes(nothing), ["1:1: missing field `keys`"], "{nothing:?}");
    }
}

#[test]
fn scalars_follow_the_core_schema() {
    let kind = |text: &str| {
        let document = Document::parse_yaml(Path::new("f"), &format!("a: {text}\n")).unwrap();
        let told = document.read(|root| root.required("a", |field| field.list(|_| Some(())))).unwrap_err();
        told.mistakes()[0].message.rsplit("not ").next().unwrap().to_owned()
    };
    for (texts, expected) in [
        (&["1", "-7", "+7", "0", "0o17", "0xfF"][..], "an integer"),
        (&["1.", "1.5", ".5", "1e3", "-1.2E-3", ".inf", "-.INF", ".nan"][..], "a float"),
        (&["true", "FALSE"][..], "a boolean"),
        (&["null", "~", "Null"][..], "nothing"),
        (
            &["yes", "off", "tRue", "1_000", "0b1", "1:30", ".", "e3", "1e", "0o8", "0x", "2026-01-01", "'1'", "\"~\""]
                [..],
            "a string",
        ),
    ] {
        for text in texts {
            assert_eq!(kind(text), expected, "{text}");
        }
    }
}

#[test]
fn integers_beyond_64_bits_are_mistakes() {
    assert_eq!(mistakes("keys: []\nmax_age: 99999999999999999999"), ["2:10: integer out of range"]);
}

#[test]
fn nesting_without_end_is_an_error_and_no_crash() {
    for opening in ["[", "{a: ", "- ", "? "] {
        let text = format!("keys: {}\n", opening.repeat(100_000));
        assert!(Document::parse_yaml(Path::new("f.yaml"), &text).is_err(), "{opening}");
        assert!(Document::parse_yaml(Path::new("f.yaml"), &opening.repeat(100_000)).is_err(), "{opening}");
    }
}

#[test]
fn positions_are_given_to_readers() {
    let document = Document::parse_yaml(Path::new("f"), "b: ä\na:\n  - ä: é # x\n    z: 1\n").unwrap();
    let at = document.read(|root| {
        root.required("b", |field| field.string())?;
        root.required("a", |field| {
            field.list(|item| {
                item.table(|table| {
                    let at = table.position();
                    table.required("ä", |field| field.string())?;
                    Some((at, table.required("z", |field| Some(field.position()))?))
                })
            })
        })
    });
    let expected = (Position { line: 3, column: 5 }, Position { line: 4, column: 8 });
    assert_eq!(at.unwrap(), [expected]);
}

#[test]
fn json_is_yaml_whatever_indents_it() {
    let text = "{\n\t\"keys\":[\"b\\/\",\n\t\t\"a\\u00e9\"],\r\n\t\"max_age\" : 60,\n\t\"signed\":true,\"mode\":\"local\",\n\t\"context\":{\"z\":\"1\"}\n}\n";
    let read = read(text).unwrap();
    assert_eq!((read.keys, read.age), (vec!["b/".to_owned(), "aé".to_owned()], Some(60)));
}

#[test]
fn a_document_may_be_a_list_to_who_asks_for_one() {
    let document = Document::parse_yaml(Path::new("f"), "[a, 7]\n").unwrap();
    let told = document.read_root(|root| root.list(|item| item.string())).unwrap_err();
    assert_eq!(told.to_string(), "f:1:5: the file must be a string, not an integer");
    let document = Document::parse_yaml(Path::new("f"), "[a]\n").unwrap();
    assert_eq!(document.read_root(|root| root.is_list().then(|| root.list(|item| item.string()))?).unwrap(), ["a"]);
}

#[test]
fn formats_of_somebody_elses_have_fields_that_nobody_asks_for() {
    let document = Document::parse_yaml(Path::new("f"), "a: 1\nb:\nc: []\n").unwrap();
    let read = document.read(|table| {
        table.allow_unknown();
        assert!(table.has("c") && !table.has("d"));
        table.required("b", |field| Some(field.is_null()))
    });
    assert!(read.unwrap());
}
