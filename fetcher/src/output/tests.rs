#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
//! Outputs byte for byte.

use std::time::SystemTime;

use sealkit_host::audit;

use super::testing::{absent, entry, file, item, output, plan};
use super::{MadeTo, Unit, render};
use crate::failure::Failure;
use crate::source::Answer;
use crate::spec::{Destination, Form, Select};

/// One entry with one output, and the bytes or the failure that came of it.
fn single(select: Select, value: &[u8]) -> Result<Vec<u8>, String> {
    let plan = plan(Form::Native, vec![entry("db", vec![output(select, Destination::File(file("db")))])]);
    let answers = [Ok(Answer::One(item("prod/db", value)))];
    let [unit] = <[Unit; 1]>::try_from(render(&plan, &answers, SystemTime::now())).unwrap();
    assert_eq!(unit.name, "db/0");
    assert_eq!(unit.entries, ["db"]);
    match unit.result {
        Ok(made) => {
            assert_eq!(made.len(), 1);
            assert_eq!(made[0].to, MadeTo::File(file("db")));
            assert_eq!(made[0].versions, [("prod/db".to_owned(), "v1".to_owned())]);
            Ok(made[0].bytes.expose_secret().to_vec())
        }
        Err(failures) => {
            assert_eq!(failures.len(), 1);
            Err(failures[0].to_string())
        }
    }
}

fn key(value: &str) -> Result<String, String> {
    single(Select::Key("k".to_owned()), value.as_bytes()).map(|bytes| String::from_utf8(bytes).unwrap())
}

#[test]
fn whole_values_stay_as_they_are() {
    let binary: Vec<u8> = (0..=255).cycle().take(64 * 1024).collect();
    for value in
        [&binary[..], b"", b"\n", b"text\n", b"\xEF\xBB\xBFtext", b"12345678", b"\xFF\xFE", b"{\"a\":1,\"a\":2}"]
    {
        assert_eq!(single(Select::Whole, value).unwrap(), value);
    }
}

#[test]
fn keys_give_text_and_other_values_keep_theirs() {
    for (value, text) in [
        (r#"{"k":"p\u00e4ss\n\"\\"}"#, "päss\n\"\\"),
        (r#"{"k":""}"#, ""),
        (r#"{"k":12345678901234567890}"#, "12345678901234567890"),
        (r#"{"k":123456789012345678901234567890}"#, "123456789012345678901234567890"),
        (r#"{"k":1.10}"#, "1.10"),
        (r#"{"k":1E400}"#, "1E400"),
        (r#"{"k":-0}"#, "-0"),
        (r#"{"k":null}"#, "null"),
        (r#"{"k":true}"#, "true"),
        ("{\"k\": {\"b\" : [1,  2]} \n}", "{\"b\" : [1,  2]}"),
        ("\n {\"a\":1, \"\\u006b\":\"x\"}\n", "x"),
    ] {
        assert_eq!(key(value).unwrap(), text, "{value}");
    }
}

#[test]
fn what_has_no_such_key_is_refused_without_a_byte_of_it() {
    for (value, message) in [
        ("CANARY", "db: it is not JSON: a mistake at line 1, column 1"),
        (r#"{"k":"CANARY""#, "db: it is not JSON: it ends too early at line 1, column 13"),
        (r#""CANARY""#, "db: it is not a JSON object"),
        (r#"["CANARY"]"#, "db: it is not a JSON object"),
        ("12345678", "db: it is not a JSON object"),
        ("", "db: it is not JSON: it ends too early at line 1, column 0"),
        (r#"{"CANARY":"CANARY"}"#, r#"db: there is no key "k" in it"#),
        (r#"{"K":"CANARY"}"#, r#"db: there is no key "k" in it"#),
        (r#"{"k":"CANARY","k":"CANARY"}"#, "db: an object in it has a key twice"),
        (r#"{"k":"CANARY","CANARY":1,"CANARY":2}"#, "db: an object in it has a key twice"),
        (r#"{"k":"x","o":[{"CANARY":1,"CANARY":2}]}"#, "db: an object in it has a key twice"),
        (r#"{"k":"\ud800CANARY"}"#, r#"db: key "k": it holds an escape that is no character"#),
        ("\u{FEFF}{\"k\":\"CANARY\"}", "db: it is not JSON: it begins with a byte order mark"),
    ] {
        let told = key(value).unwrap_err();
        assert!(told.starts_with(&format!("{message};")), "{told}");
        assert!(!told.contains("CANARY"), "{told}");
    }
    let told = single(Select::Key("k".to_owned()), b"{\"k\":\"\xFF\"}").unwrap_err();
    assert!(told.starts_with("db: it is not JSON: it is not UTF-8;"), "{told}");
}

#[test]
fn deep_documents_are_refused_and_overflow_nothing() {
    let deep = |levels: usize| format!("{{\"k\":\"x\",\"d\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(key(&deep(99)).unwrap(), "x");
    for levels in [100, 1_000, 100_000] {
        assert!(key(&deep(levels)).unwrap_err().starts_with("db: it is nested deeper than 100 levels;"));
    }
}

#[test]
fn optional_is_absent_and_nothing_else() {
    let mut optional = entry("db", vec![output(Select::Whole, Destination::File(file("db")))]);
    optional.optional = true;
    let plan = plan(Form::Native, vec![optional]);
    let of = |failure: Failure| render(&plan, &[Err(failure)], SystemTime::now()).remove(0).result;
    assert!(of(absent("db")).unwrap().is_empty());
    for class in [audit::Failure::Denied, audit::Failure::Throttled, audit::Failure::Outage] {
        let failure = Failure::other("db", class, "no", "");
        assert_eq!(of(failure.clone()).unwrap_err(), [failure]);
    }
}
