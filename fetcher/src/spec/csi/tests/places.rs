//! Where mistakes are: `objects` is a text within a text.

use crate::spec::csi::parameters;

fn places(text: &str) -> Vec<String> {
    let errors = parameters("p", text).expect_err("it is wrong").to_string();
    errors.lines().map(|line| line.trim_end_matches(": Invalid objectType: sts").to_owned()).collect()
}

#[test]
fn a_block_has_the_places_of_the_document() {
    for (text, place) in [
        ("objects: |\n  - objectName: a\n    objectType: sts\n", "p:3:17"),
        ("# a comment\nobjects: |-\n\n\n      - objectName: a\n        objectType: sts\n\n", "p:6:21"),
        ("objects: |2+\n     - objectName: a\n       objectType: sts\n\n\n", "p:3:20"),
        ("objects: |\r\n  - objectName: a\r\n    objectType: sts\r\n", "p:3:17"),
        ("objects: |\n\n    # ü\n    - {objectName: ü😀, objectType: sts}\n", "p:4:36"),
        ("a: |\n  objects\nobjects: | # comment\n  - objectName: a\n    objectType: sts", "p:5:17"),
    ] {
        assert_eq!(places(text), [place], "{text}");
    }
}

#[test]
fn other_texts_have_the_place_where_they_begin_and_their_own_line() {
    for text in [
        "objects: \"- objectName: a\\n  objectType: sts\"\n",
        "{\"objects\": \"- objectName: a\\n  objectType: sts\"}",
        "objects: >\n  - objectName: a\n\n  -\n\n\n    objectType: sts\n",
    ] {
        let places = places(text);
        assert!(places[0].contains(" (line "), "{places:?}");
    }
    let text = "objects: \"- objectName: a\\n  objectType: sts\"\n";
    assert_eq!(places(text), ["p:1:10: Invalid objectType: sts (line 2 of `objects`)"]);
}

#[test]
fn a_syntax_error_has_its_place_too() {
    let text = "objects: |\n  - objectName: a\n    objectType: 'sts\n";
    let places = places(text);
    assert_eq!(places.len(), 1);
    assert!(places[0].contains("Failed to load SecretProviderClass: "), "{places:?}");
    assert!(places[0].starts_with("p:3:"), "{places:?}");
}
