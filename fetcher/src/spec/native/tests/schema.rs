//! The published schema is the reader's: what one takes, the other takes.

#![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

use std::collections::BTreeSet;

use sealkit_rig::schema::validate;
use serde_json::{Value, json};

use super::{PAGE, example};
use crate::spec::native::read;

const SCHEMA: &str = include_str!("../../../../../docs/fetcher-spec.schema.json");

/// What no schema can say.
const BEYOND: [&str; 6] = [
    "no entry of `secrets` is called",
    "is `region` itself",
    "has several values",
    "but the ARN is one of",
    "`jmespath`: ",
    "`template`: ",
];

/// Whether schema and reader agree on `document`; the reader may refuse more, for reasons that no schema can give.
fn assert_agreement(document: &Value) {
    let schema = validate(SCHEMA, document);
    let text = document.to_string();
    match (&schema, read("s.json", &text)) {
        (Ok(()), Ok(_)) | (Err(_), Err(_)) => {}
        (Ok(()), Err(errors)) => {
            let beyond = |message: &str| BEYOND.iter().any(|reason| message.contains(reason));
            assert!(
                errors.mistakes().iter().all(|it| beyond(&it.message)),
                "only the reader refuses: {errors}\n{text}"
            );
        }
        (Err(reason), Ok(_)) => panic!("only the schema refuses: {reason}\n{text}"),
    }
}

/// The page's example, and what it leaves out.
fn documents() -> [Value; 2] {
    let secret = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:a-AbCdEf";
    let more = json!({
        "podIdentity": true,
        "addressType": "ipv6",
        "defaults": {"uid": 1000},
        "secrets": {
            "a": {
                "secret": secret, "versionId": "1-2", "region": "eu-west-1",
                "failover": [{"region": "eu-west-2", "secret": "b", "versionId": "3", "versionStage": "X"}],
                "env": {"*": {"prefix": "A_", "decode": "base64"}, "B": {"jmespath": "a.b", "decode": "base64url"}},
                "files": [{"path": "x", "uid": 0, "gid": 1, "decode": "base64"}],
            },
            "b": {
                "parameter": "arn:aws:ssm:eu-west-1:111122223333:parameter/b/c", "label": "live",
                "failover": [{"region": "eu-west-2", "parameter": "b", "version": 3}, {"region": "eu-west-3", "parameter": "b", "label": "l"}],
                "fallback": {"sealed": "/b", "context": {"a": "b"}, "keys": ["arn:aws:kms:eu-west-1:111122223333:key/1-2"]},
            },
            "c": {"parametersByPath": "/", "recursive": true, "files": [{"directory": ".", "key": "k"}], "env": {"*": {}}},
            "d": {"parameter": format!("/aws/reference/secretsmanager/{secret}"), "role": "arn:aws:iam::111122223333:role/a/b"},
            "e": {"secretsBy": {"tags": {"a": ""}}, "decode": "base64"},
        },
        "files": [
            {"path": "x", "yaml": {"*": [{"from": "a"}, {"from": "c", "prefix": "C_"}], "n": {"from": "b", "decode": "base64"}}},
            {"tls": {
                "certificate": {"from": "a", "file": "a.pem"}, "key": {"from": "a", "jmespath": "k"},
                "authority": {"from": "a", "key": "ca", "decode": "base64"},
            }, "mode": "0440", "uid": 1, "gid": 2},
        ],
    });
    [serde_saphyr::from_str(example()).unwrap(), more]
}

#[test]
fn both_take_what_is_right() {
    for document in documents() {
        validate(SCHEMA, &document).unwrap_or_else(|reason| panic!("{reason}\n{document}"));
        read("s.json", &document.to_string()).unwrap_or_else(|errors| panic!("{errors}\n{document}"));
    }
}

/// Every way to reach a value: keys and indices as JSON pointers.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                pointers(value, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| pointers(item, &format!("{at}/{index}"), found));
        }
        _ => {}
    }
}

#[test]
fn both_refuse_what_is_wrong_in_one_place() {
    let others = [
        json!(null),
        json!(true),
        json!(7),
        json!(-1),
        json!(1.5),
        json!(""),
        json!("a b:c"),
        json!("arn:aws:s3:::a"),
        json!("0400"),
        json!("4400"),
        json!("a"),
        json!("/a/"),
        json!([]),
        json!({}),
        json!(["a", "a"]),
        json!({"zz": 1}),
        json!([{"from": "a"}]),
        json!([{}]),
    ];
    let mut checked = 0;
    for document in documents() {
        let mut found = Vec::new();
        pointers(&document, "", &mut found);
        for pointer in found {
            let mut put = |value: &Value| {
                let mut changed = document.clone();
                *changed.pointer_mut(&pointer).unwrap() = value.clone();
                assert_agreement(&changed);
                checked += 1;
            };
            others.iter().for_each(&mut put);
            if let Value::Object(entries) = document.pointer(&pointer).unwrap() {
                for key in entries.keys() {
                    let mut fewer = entries.clone();
                    fewer.remove(key);
                    put(&Value::Object(fewer));
                }
                for (key, value) in [
                    ("zz", json!(1)),
                    ("secret", json!("a")),
                    ("parameter", json!("a")),
                    ("version", json!(1)),
                    ("label", json!("l")),
                    ("versionStage", json!("l")),
                    ("key", json!("k")),
                    ("jmespath", json!("k")),
                    ("keys", json!("all")),
                    ("path", json!("p")),
                    ("directory", json!("d")),
                    ("stripPrefix", json!("s")),
                    ("recursive", json!(true)),
                    ("json", json!({"n": {"from": "a"}})),
                    ("mode", json!("0600")),
                    ("region", json!("eu-west-9")),
                    ("*", json!({"from": "a"})),
                    ("", json!({"from": "a"})),
                ] {
                    let mut more = entries.clone();
                    more.entry(key).or_insert(value);
                    put(&Value::Object(more));
                }
            }
        }
    }
    assert!(checked > 3_000, "{checked}");
}

/// All names of properties in a schema.
fn properties(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(entries) => {
            for (key, value) in entries {
                if let ("properties", Value::Object(named)) = (key.as_str(), value) {
                    found.extend(named.keys().cloned());
                    named.values().for_each(|value| properties(value, found));
                } else {
                    properties(value, found);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| properties(item, found)),
        _ => {}
    }
}

#[test]
fn the_page_names_every_field() {
    let mut found = BTreeSet::new();
    properties(&serde_json::from_str(SCHEMA).unwrap(), &mut found);
    let section = PAGE.split("### Our own form").nth(1).unwrap().split("\n### ").next().unwrap();
    let missing: Vec<_> = found
        .iter()
        .filter(|name| ["{}:", "`{}`", "\"{}\":"].iter().all(|form| !section.contains(&form.replace("{}", name))))
        .collect();
    assert!(missing.is_empty(), "the page does not name {missing:?}");
}
