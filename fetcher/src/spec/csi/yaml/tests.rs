#![expect(clippy::unwrap_used, reason = "a test that gets nothing fails there")]

use super::{Node, Value, parse};

/// The only document as a line of its keys and texts.
fn shown(text: &str) -> String {
    fn show(node: &Node) -> String {
        match &node.value {
            Value::Scalar(scalar) => scalar.clone().into_text().unwrap_or_else(|| "null".to_owned()),
            Value::Literal(text) => format!("{text:?}"),
            Value::List(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", ")),
            Value::Mapping(members) => {
                let members: Vec<_> =
                    members.iter().map(|member| format!("{}: {}", member.key, show(&member.node))).collect();
                format!("{{{}}}", members.join(", "))
            }
        }
    }
    let documents = parse(text).unwrap();
    assert_eq!(documents.documents.len(), 1);
    show(&documents.documents[0])
}

fn mistake(text: &str) -> String {
    let (at, message) = parse(text).unwrap_err();
    format!("{at}: {message}")
}

#[test]
fn tags_and_quotes_decide_types() {
    assert_eq!(
        shown("[!!str 0600, ! 0600, '0600', \"0600\", 0600, !!int \"3\", !!float 3, !mine 07, !!bool yes, !!null '']"),
        "[0600, 0600, 0600, 0600, 384, 3, 3, 07, true, null]"
    );
    assert_eq!(mistake("a: !!int abc"), "1:4: this is no `!!int`");
}

#[test]
fn keys_have_types_too() {
    assert_eq!(shown("on: 1\n07: 2\n1.50: 3"), "{true: 1, 7: 2, 1.5: 3}");
    assert_eq!(mistake("~: 1"), "1:1: a key must be a word, not nothing");
    assert_eq!(mistake("? [a]\n: 1"), "1:5: a key must be a word, not a list");
}

#[test]
fn the_last_of_equal_keys_counts_and_is_told() {
    let documents = parse("a: 1\nb: 2\na: 3").unwrap();
    assert_eq!(shown("a: 1\nb: 2\na: 3"), "{a: 3, b: 2}");
    let [(at, message)] = &documents.doubts[..] else { panic!("one doubt") };
    assert_eq!(format!("{at}: {message}"), "3:1: `a` is there twice: the last one counts");
}

#[test]
fn aliases_and_merge_keys_are_followed() {
    assert_eq!(shown("[&a x, *a, {b: *a}]"), "[x, x, {b: x}]");
    assert_eq!(shown("- &a {x: 1, z: 1}\n- {x: 2, <<: *a, z: 3}"), "[{x: 1, z: 1}, {x: 1, z: 3}]");
    assert_eq!(shown("{<<: [{x: 1}, {x: 2, z: 2}]}"), "{x: 1, z: 2}");
    assert_eq!(shown("{'<<': 1}"), "{<<: 1}");
    assert_eq!(mistake("{<<: 1}"), "1:6: `<<` at 1:2 takes a mapping or a list of mappings");
    assert_eq!(mistake("&a [*a]"), "1:5: an alias of what it is itself a part of");
}

#[test]
fn a_few_lines_do_not_stand_for_gigabytes() {
    let mut text = "- &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..20 {
        text += &format!("- &a{level} [{}]\n", vec![format!("*a{}", level - 1); 10].join(", "));
    }
    assert!(mistake(&text).ends_with("more than 100000 values, those that aliases repeat among them"));
    assert!(mistake(&"[".repeat(100)).ends_with("nested more than 64 deep"));
}

#[test]
fn documents_are_told_apart() {
    let documents = parse("a: &x 1\n---\n---\nb: |\n  c\n").unwrap().documents;
    assert_eq!(documents.len(), 3);
    assert!(documents[1].is_null());
    assert_eq!(documents[2].member("b").and_then(Node::text), Some("c\n"));
    assert!(parse("a: &x 1\n---\nb: *x").is_err());
    assert!(parse("").unwrap().documents.is_empty());
    assert!(parse("\u{feff}a: 1").is_ok());
}
