#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
//! Outputs byte for byte.

use std::time::SystemTime;

use proptest::prelude::*;
use sealkit_aws::{Fault, FaultClass};
use sealkit_host::audit;

use super::testing::{absent, entry, file, item, origin, output, plan, secret};
use super::{Made, MadeTo, Origin, Unit, check_environment, decode, render};
use crate::failure::Failure;
use crate::source::{Answer, Item};
use crate::spec::{Composite, Content, Decode, Destination, Form, Object, Pair, ParameterPath, Part, Select};

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
            assert_eq!(made[0].origins, [origin("prod/db")]);
            Ok(made[0].bytes.expose_secret().to_vec())
        }
        Err(failures) => {
            assert_eq!(failures.len(), 1);
            Err(failures[0].to_string())
        }
    }
}

#[test]
fn what_bytes_were_made_of_says_who_answered() {
    let pair = |name: &str| {
        let part = Part { entry: "db".to_owned(), select: Select::Whole, decode: None };
        Pair::One { name: name.to_owned(), part }
    };
    let mut plan = plan(Form::Native, vec![entry("db", vec![output(Select::Whole, Destination::File(file("db")))])]);
    let content = Content::Dotenv(vec![pair("A"), pair("B")]);
    plan.composites.push(Composite { at: None, file: file("env"), content });
    for (region, is_fallback) in [(Some("eu-west-1".to_owned()), false), (None, true)] {
        let outage = Fault::new("secretsmanager:GetSecretValue", "prod/db", None, FaultClass::Outage, "no answer");
        let stands_in_for = is_fallback.then(|| Box::new(outage));
        let item = Item { region: region.clone(), stands_in_for, ..item("prod/db", b"x") };
        let expected = Origin { region, is_fallback, ..origin("prod/db") };
        for unit in render(&plan, &[Ok(Answer::One(item))], SystemTime::now()) {
            assert_eq!(unit.result.unwrap()[0].origins, std::slice::from_ref(&expected), "{}", unit.name);
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
        ("CANARY", "db: prod/db: it is not JSON: a mistake at line 1, column 1"),
        (r#"{"k":"CANARY""#, "db: prod/db: it is not JSON: it ends too early at line 1, column 13"),
        (r#""CANARY""#, "db: prod/db: it is not a JSON object"),
        (r#"["CANARY"]"#, "db: prod/db: it is not a JSON object"),
        ("12345678", "db: prod/db: it is not a JSON object"),
        ("", "db: prod/db: it is not JSON: it ends too early at line 1, column 0"),
        (r#"{"CANARY":"CANARY"}"#, r#"db: prod/db: there is no key "k" in it"#),
        (r#"{"K":"CANARY"}"#, r#"db: prod/db: there is no key "k" in it"#),
        (r#"{"k":"CANARY","k":"CANARY"}"#, "db: prod/db: an object in it has a key twice"),
        (r#"{"k":"CANARY","CANARY":1,"CANARY":2}"#, "db: prod/db: an object in it has a key twice"),
        (r#"{"k":"x","o":[{"CANARY":1,"CANARY":2}]}"#, "db: prod/db: an object in it has a key twice"),
        (r#"{"k":"\ud800CANARY"}"#, r#"db: prod/db: key "k": it holds an escape that is no character"#),
        ("\u{FEFF}{\"k\":\"CANARY\"}", "db: prod/db: it is not JSON: it begins with a byte order mark"),
    ] {
        let told = key(value).unwrap_err();
        assert!(told.starts_with(&format!("{message};")), "{told}");
        assert!(!told.contains("CANARY"), "{told}");
    }
    let told = single(Select::Key("k".to_owned()), b"{\"k\":\"\xFF\"}").unwrap_err();
    assert!(told.starts_with("db: prod/db: it is not JSON: it is not UTF-8;"), "{told}");
}

#[test]
fn deep_documents_are_refused_and_overflow_nothing() {
    let deep = |levels: usize| format!("{{\"k\":\"x\",\"d\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(key(&deep(99)).unwrap(), "x");
    for levels in [100, 1_000, 100_000] {
        assert!(key(&deep(levels)).unwrap_err().starts_with("db: prod/db: it is nested deeper than 100 levels;"));
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

/// An entry with one output, and everything that came of its answer.
fn all(object: Object, select: Select, to: Destination, answer: Answer) -> Result<Vec<(String, Vec<u8>)>, Vec<String>> {
    let mut app = entry("app", vec![output(select, to)]);
    app.object = object;
    let unit = render(&plan(Form::Native, vec![app]), &[Ok(answer)], SystemTime::now()).remove(0);
    let name = |to: MadeTo| match to {
        MadeTo::File(file) => file.path,
        MadeTo::Variable(name) => format!("${name}"),
    };
    let told = |failures: Vec<Failure>| failures.iter().map(ToString::to_string).collect();
    let made = |made: Vec<Made>| {
        made.into_iter().map(|made| (name(made.to), made.bytes.expose_secret().to_vec())).collect::<Vec<_>>()
    };
    unit.result.map(made).map_err(told)
}

fn files(directory: &str, strip_prefix: Option<&str>) -> Destination {
    Destination::Files { directory: file(directory), strip_prefix: strip_prefix.map(str::to_owned) }
}

fn parameters(path: &str) -> Object {
    Object::Parameters(ParameterPath { path: path.to_owned(), recursive: true })
}

fn one(value: &str) -> Answer {
    Answer::One(item("prod/all", value.as_bytes()))
}

#[test]
fn found_names_lose_their_prefix_and_slashes() {
    let items = || Answer::Many(vec![item("/prod/app/a", b"1"), item("/prod/app/b/c", b"\xFF\n")]);
    let made = all(parameters("/prod/app/"), Select::Whole, files("app", None), items()).unwrap();
    assert_eq!(made, [("app/a".to_owned(), b"1".to_vec()), ("app/b_c".to_owned(), b"\xFF\n".to_vec())]);
    let made = all(parameters("/prod/app"), Select::Whole, files("", Some("/prod")), items()).unwrap();
    assert_eq!(made.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["app_a", "app_b_c"]);
    // A prefix that is not there cuts nothing.
    let made = all(secret("x"), Select::Whole, files("d", Some("/other/")), items()).unwrap();
    assert_eq!(made.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["d/prod_app_a", "d/prod_app_b_c"]);
    assert!(all(parameters("/prod"), Select::Whole, files("d", None), Answer::Many(Vec::new())).unwrap().is_empty());
}

#[test]
fn every_member_is_a_file_or_a_variable() {
    let value = r#"{"b": "x\n", "A_1": 1.10, "n": null, "o": {"k": 1}}"#;
    let made = all(secret("x"), Select::AllKeys, files("all", None), one(value)).unwrap();
    let texts = [("all/b", "x\n"), ("all/A_1", "1.10"), ("all/n", "null"), ("all/o", r#"{"k": 1}"#)];
    assert_eq!(made, texts.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())));
    let to = Destination::Variables { prefix: "APP_".to_owned() };
    let made = all(secret("x"), Select::AllKeys, to, one(value)).unwrap();
    assert_eq!(
        made.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["$APP_b", "$APP_A_1", "$APP_n", "$APP_o"]
    );
}

#[test]
fn hostile_names_from_content_are_refused() {
    for name in ["", "..", ".", "..data", "..x", "a\\u0000b", "a\\nb", "/", "//", &"n".repeat(256)] {
        let refused = all(secret("x"), Select::AllKeys, files("d", None), one(&format!(r#"{{"{name}":"CANARY"}}"#)));
        let told = refused.unwrap_err();
        assert!(told[0].starts_with("app: the name `") && !told[0].contains("CANARY"), "{told:?}");
    }
    // Climbing is no danger, for slashes are gone before.
    let made = all(secret("x"), Select::AllKeys, files("d", None), one(r#"{"a/../../b":"x"}"#)).unwrap();
    assert_eq!(made[0].0, "d/a_.._.._b");
    let told = all(secret("x"), Select::AllKeys, files("d", None), one(r#"{"a/b":"1","a_b":"2"}"#)).unwrap_err();
    assert!(told[0].contains("`d/a_b` is made twice"), "{told:?}");
}

#[test]
fn content_chooses_no_variable_that_runs_code() {
    let to = |prefix: &str| Destination::Variables { prefix: prefix.to_owned() };
    for name in ["LD_PRELOAD", "PATH", "BASH_ENV", "NODE_OPTIONS", "PYTHONPATH", "SEALKIT_SECRETS", "GLIBC_TUNABLES"] {
        let value = format!(r#"{{"{name}":"x"}}"#);
        let told = all(secret("x"), Select::AllKeys, to(""), one(&value)).unwrap_err();
        assert!(told[0].starts_with(&format!("app: content may not set the variable {name},")), "{told:?}");
        assert!(all(secret("x"), Select::AllKeys, to("APP_"), one(&value)).is_ok());
    }
    assert!(all(secret("x"), Select::AllKeys, to("LD_"), one(r#"{"PRELOAD":"x"}"#)).is_err());
    for name in ["a-b", "1a", "a b", "a=b", "ä"] {
        let told = all(secret("x"), Select::AllKeys, to(""), one(&format!(r#"{{"{name}":"x"}}"#))).unwrap_err();
        assert!(told[0].contains("is no name of a variable"), "{told:?}");
    }
    // Whoever writes the specification may.
    let to = Destination::Variable("LD_PRELOAD".to_owned());
    assert!(all(secret("x"), Select::Whole, to, one("x")).is_ok());
}

#[test]
fn an_environment_holds_no_nul() {
    let output = output(Select::Whole, Destination::Variable("A".to_owned()));
    let plan = plan(Form::Native, vec![entry("app", vec![output])]);
    let mut units = render(&plan, &[Ok(Answer::One(item("x", b"CANARY\0")))], SystemTime::now());
    assert!(units[0].result.is_ok());
    check_environment(&mut units);
    assert_eq!(
        units[0].result.as_ref().unwrap_err()[0].to_string(),
        "app: the variable A would hold NUL, which ends it; give it as a file (without --env)"
    );
}

#[test]
fn base64_is_decoded_where_asked_and_strictly() {
    let decoded = |how, text: &str| decode::decode(how, text.as_bytes()).map(|bytes| bytes.expose_secret().to_vec());
    for (how, text, bytes) in [
        (Decode::Base64, "AP/+", &b"\x00\xFF\xFE"[..]),
        (Decode::Base64, "eA==\n", b"x"),
        (Decode::Base64, "eA==\r\n", b"x"),
        (Decode::Base64, "", b""),
        (Decode::Base64Url, "AP_-", b"\x00\xFF\xFE"),
        (Decode::Base64Url, "eA", b"x"),
        (Decode::Base64Url, "eA==", b"x"),
    ] {
        assert_eq!(decoded(how, text).unwrap(), bytes, "{text}");
    }
    for (how, text) in [
        (Decode::Base64, "eA"),
        (Decode::Base64, "eB=="),
        (Decode::Base64, "AP_-"),
        (Decode::Base64, "eA==\neA=="),
        (Decode::Base64, " eA=="),
        (Decode::Base64, "CANARY!"),
        (Decode::Base64Url, "AP/+"),
        (Decode::Base64Url, "eB"),
    ] {
        assert!(!decoded(how, text).unwrap_err().message.contains("CANARY"), "{text}");
    }
}

#[test]
fn a_failure_is_told_once_by_each_unit_that_it_hits() {
    let part = |entry: &str| Part { entry: entry.to_owned(), select: Select::Whole, decode: None };
    let pair = |name: &str, entry: &str| Pair::One { name: name.to_owned(), part: part(entry) };
    let whole = |path: &str| output(Select::Whole, Destination::File(file(path)));
    let mut plan = plan(Form::Native, vec![entry("a", vec![whole("a")]), entry("b", vec![whole("b")])]);
    let lists = [vec![pair("A", "a"), pair("A2", "a"), pair("B", "b")], vec![pair("B", "b")]];
    plan.composites = lists
        .into_iter()
        .enumerate()
        .map(|(n, pairs)| Composite { at: None, file: file(&format!("{n}.json")), content: Content::Json(pairs) })
        .collect();
    let failure = Failure::other("a", audit::Failure::Denied, "no", "");
    let units = render(&plan, &[Err(failure.clone()), Ok(one("x"))], SystemTime::now());
    assert_eq!(
        units.iter().map(|unit| unit.name.as_str()).collect::<Vec<_>>(),
        ["a/0", "b/0", "file 0.json", "file 1.json"]
    );
    assert_eq!(units[0].result.as_ref().unwrap_err(), std::slice::from_ref(&failure));
    assert!(units[1].result.is_ok());
    assert_eq!(units[2].result.as_ref().unwrap_err(), &[failure]);
    assert_eq!(units[2].entries, ["a", "b"]);
    assert_eq!(units[3].result.as_ref().unwrap()[0].bytes.expose_secret(), b"{\n  \"B\": \"x\"\n}\n");
}

#[test]
fn lists_take_everything_of_an_entry_and_nothing_of_an_absent_one() {
    let list = |prefix: &str| {
        vec![
            Pair::All { entry: "app".to_owned(), prefix: prefix.to_owned() },
            Pair::All { entry: "old".to_owned(), prefix: String::new() },
            Pair::One {
                name: "K".to_owned(),
                part: Part {
                    entry: "app".to_owned(),
                    select: Select::Key("k".to_owned()),
                    decode: Some(Decode::Base64),
                },
            },
        ]
    };
    let mut old = entry("old", Vec::new());
    old.optional = true;
    let mut plan = plan(Form::Native, vec![entry("app", Vec::new()), old]);
    let composite = |content| Composite { at: None, file: file("f"), content };
    let mut of = |content, value: &str| {
        plan.composites = vec![composite(content)];
        let unit = render(&plan, &[Ok(one(value)), Err(absent("old"))], SystemTime::now()).remove(0);
        let text = |made: Vec<Made>| String::from_utf8(made[0].bytes.expose_secret().to_vec()).unwrap();
        unit.result.map(text).map_err(|failures| failures.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    let value = r#"{"k":"eA==","LD_PRELOAD":"y"}"#;
    assert_eq!(of(Content::Dotenv(list("P_")), value).unwrap(), "P_k='eA=='\nP_LD_PRELOAD=y\nK=x\n".replace('\'', ""));
    assert!(
        of(Content::Dotenv(list("")), value).unwrap_err()[0].contains("content may not set the variable LD_PRELOAD")
    );
    assert_eq!(of(Content::Properties(list("")), value).unwrap(), "k=eA\\=\\=\nLD_PRELOAD=y\nK=x\n");
    assert_eq!(
        of(Content::Yaml(list("")), r#"{"K":"CANARY","k":"CANARY!"}"#).unwrap_err(),
        ["f: app: it is not base64; correct the value, or leave `decode` out"]
    );
    assert_eq!(
        of(Content::Json(list("")), r#"{"K":"CANARY","k":"eA=="}"#).unwrap_err(),
        ["f: \"K\" would be in it twice; rename one, or give names one by one"]
    );
}

proptest! {
    #[test]
    fn any_text_comes_back_from_its_json(name in any::<String>(), text in any::<String>(), other in any::<f64>()) {
        let mut object = serde_json::Map::new();
        object.insert("other".to_owned(), other.into());
        object.insert(name.clone(), text.clone().into());
        let value = serde_json::to_string(&object).unwrap();
        let select = Select::Key(name);
        prop_assert_eq!(single(select, value.as_bytes()).unwrap(), text.into_bytes());
    }

    #[test]
    fn any_bytes_are_whole_and_fail_nothing_else(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(single(Select::Whole, &bytes).unwrap(), bytes.clone());
        let _ = single(Select::Key("k".to_owned()), &bytes);
        let _ = single(Select::JmesPath("k".to_owned()), &bytes);
    }
}

/// Pieces that templates and expressions are made of, in any order.
fn pieces(of: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(of), 0..40).prop_map(|pieces| pieces.concat())
}

const TEMPLATE: &[&str] = &[
    "{{ ",
    " }}",
    "{% ",
    " %}",
    "{# ",
    " #}",
    "db",
    ".k",
    "[0]",
    "[-1:]",
    " | ",
    "tojson",
    "b64encode",
    "b64decode",
    "replace('C', db.k)",
    "indent(9)",
    "join(db)",
    "list",
    "int",
    "format(db)",
    "for a in ",
    "a",
    "endfor",
    "if ",
    "endif",
    "set a = ",
    " ~ ",
    " * ",
    "99999999999",
    " + ",
    "(",
    ")",
    "'C'",
    "range(99999)",
    "dict(a=db)",
    "else",
    " is ",
    "defined",
    "loop.index",
    "raw",
    "endraw",
    "filter tojson",
    "endfilter",
    "\n",
    "{",
    "}",
    "-%}",
    "\u{1F511}",
];

const EXPRESSION: &[&str] = &[
    "k",
    ".",
    "[",
    "]",
    "[]",
    "[*]",
    "*",
    "[?",
    "{a:",
    "}",
    ",",
    "|",
    "||",
    "&&",
    "!",
    "(",
    ")",
    "@",
    "&",
    "==",
    "<",
    "`1`",
    "`[1,2]`",
    "'C'",
    "\"k\"",
    "0",
    "-1",
    ":",
    "to_string(",
    "join(",
    "map(",
    "sort_by(",
    "merge(",
    "keys(",
    "sum(",
    "max(",
    "reverse(",
    "to_number(",
    "not_null(",
    "contains(",
    "avg(",
    "type(",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_template_panics_or_tells_a_value(text in pieces(TEMPLATE)) {
        let mut plan = plan(Form::Native, vec![entry("db", Vec::new())]);
        plan.composites = vec![Composite { at: None, file: file("f"), content: Content::Template(text) }];
        let value = r#"{"k":"CANARY","l":[1,{"CANARY":2.50}]}"#;
        let unit = render(&plan, &[Ok(one(value))], SystemTime::now()).remove(0);
        for failure in unit.result.err().unwrap_or_default() {
            prop_assert!(!failure.to_string().contains("CANARY"), "{}", failure);
        }
    }

    #[test]
    fn no_expression_panics_or_tells_a_value(text in pieces(EXPRESSION)) {
        let value = br#"{"k":["CANARY",1,2.5,null,{"k":"CANARY"}],"a":"CANARY"}"#;
        if let Err(told) = single(Select::JmesPath(text), value) {
            prop_assert!(!told.contains("CANARY"), "{}", told);
        }
    }
}
