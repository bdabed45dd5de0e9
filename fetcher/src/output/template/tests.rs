#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
//! Templates: what entries are in them, and what they are kept from.

use std::time::{Duration, SystemTime};

use minijinja::Value;

use super::uses;
use crate::output::testing::{absent, entry, file, item, origin, plan};
use crate::output::{Unit, render};
use crate::source::Answer;
use crate::spec::{Composite, Content, Form, Object, ParameterPath};

const DB: &str = r#"{"password": "p\"<ä>", "port": 5432, "big": 12345678901234567890, "ratio": 1.10, "tls": true,
 "none": null, "hosts": ["a", "b"], "nested": {"k" : 1.0}}"#;

fn unit(template: &str, answers: &[(&str, Option<&str>)]) -> Unit {
    let entries = answers.iter().map(|(label, text)| {
        let mut entry = entry(label, Vec::new());
        entry.optional = text.is_none();
        entry
    });
    let mut plan = plan(Form::Native, entries.collect());
    plan.composites.push(Composite {
        at: None,
        file: file("app.conf"),
        content: Content::Template(template.to_owned()),
    });
    let answers: Vec<_> = answers
        .iter()
        .map(|(label, text)| {
            text.map_or_else(|| Err(absent(label)), |text| Ok(Answer::One(item(label, text.as_bytes()))))
        })
        .collect();
    render(&plan, &answers, SystemTime::now()).remove(0)
}

fn rendered(template: &str, answers: &[(&str, Option<&str>)]) -> String {
    let made = unit(template, answers).result.unwrap().remove(0);
    String::from_utf8(made.bytes.expose_secret().to_vec()).unwrap()
}

fn refused(template: &str, answers: &[(&str, Option<&str>)]) -> String {
    let failures = unit(template, answers).result.unwrap_err();
    assert_eq!(failures.len(), 1, "{failures:?}");
    let told = failures[0].to_string();
    assert!(!told.contains("CANARY"), "{told}");
    told
}

#[test]
fn entries_are_texts_and_json_objects_have_members() {
    for (template, text) in [
        ("{{ db }}", DB),
        ("{{ token }}", "tok-en\n"),
        ("a\n{{ db.password }}\n", "a\np\"<ä>\n"),
        ("{{ db.password | tojson }}", r#""p\"<ä>""#),
        ("{{ db.port }} {{ db.port + 1 }} {{ db.port == 5432 }}", "5432 5433 true"),
        ("{{ db.big }} {{ db.ratio }} {{ db.tls }} {{ db.none }}", "12345678901234567890 1.10 true null"),
        ("{{ db.big | tojson }} {{ db.ratio | tojson }}", "12345678901234567890 1.10"),
        ("{{ db.hosts }} {{ db.nested | tojson }} {{ db.nested.k }}", r#"["a", "b"] {"k" : 1.0} 1.0"#),
        ("{% for host in db.hosts %}{{ host }};{% endfor %}{{ db.hosts[1] }}", "a;b;b"),
        ("{% for name in db %}{{ name }} {% endfor %}", "password port big ratio tls none hosts nested "),
        ("{{ token | trim | b64encode }} {{ 'eA==' | b64decode }}", "dG9rLWVu x"),
        ("{{ token | tojson }}", r#""tok-en\n""#),
        ("{% if token == 'tok-en\n' %}yes{% endif %}", "yes"),
        ("{{ db.missing | default('none') }}", "none"),
        ("{{ 'x' if db.missing is defined else 'y' }}", "y"),
        ("{{ nr }} {{ nr | tojson }}", r#"12345678 "12345678""#),
        ("no entry at all\n\n", "no entry at all\n\n"),
    ] {
        let answers = [("db", Some(DB)), ("token", Some("tok-en\n")), ("nr", Some("12345678"))];
        assert_eq!(rendered(template, &answers), text, "{template}");
    }
}

#[test]
fn labels_stand_with_underscores() {
    assert_eq!(rendered("{{ db_previous }}{{ _1st }}", &[("db-previous", Some("x")), ("1st", Some("y"))]), "xy");
    assert_eq!(
        refused("{{ a_b }}", &[("a-b", Some("x")), ("a/b", Some("y"))]),
        "app.conf: the template's `a_b` stands for each of `a-b`, `a/b`; correct the template"
    );
    // Who does not use it may have both.
    assert_eq!(rendered("{{ c }}", &[("a-b", Some("x")), ("a/b", Some("y")), ("c", Some("z"))]), "z");
}

#[test]
fn only_used_entries_are_in_it() {
    let unit = unit("{{ b.k }}", &[("a", Some("x")), ("b", Some("{\"k\":1}"))]);
    assert_eq!(unit.entries, ["b"]);
    assert_eq!(unit.result.unwrap()[0].origins, [origin("b")]);
}

#[test]
fn what_an_optional_entry_would_be_is_undefined() {
    let template = "{% if old is defined %}old={{ old }}{% endif %}";
    assert_eq!(rendered(template, &[("old", None)]), "");
    assert_eq!(rendered(template, &[("old", Some("x"))]), "old=x");
    assert_eq!(
        refused("\n{{ old }}", &[("old", None)]),
        "app.conf: line 2 of the template: something is not there; correct the name or the key; they are case-sensitive"
    );
}

#[test]
fn objects_of_a_path_are_one() {
    let mut app = entry("app", Vec::new());
    app.object = Object::Parameters(ParameterPath { path: "/prod/app".to_owned(), recursive: true });
    let mut plan = plan(Form::Native, vec![app]);
    let text = "{{ app.host }} {{ app.db_port }} {{ app }}".to_owned();
    plan.composites.push(Composite { at: None, file: file("app.conf"), content: Content::Template(text) });
    let items = vec![item("/prod/app/host", b"h\""), item("/prod/app/db/port", b"1")];
    let unit = render(&plan, &[Ok(Answer::Many(items))], SystemTime::now()).remove(0);
    let made = unit.result.unwrap();
    assert_eq!(made[0].bytes.expose_secret(), br#"h" 1 {"host":"h\"","db_port":"1"}"#);
    assert_eq!(made[0].origins.len(), 2);
}

#[test]
fn errors_name_the_line_and_no_value() {
    let answers = [("db", Some(r#"{"k":"CANARY","n":1}"#)), ("twice", Some(r#"{"CANARY":"CANARY","CANARY":2}"#))];
    for (template, told) in [
        ("{{ db.K }}", "line 1 of the template: something is not there"),
        ("\n\n{{ db.k.x }}", "line 3 of the template: something is not there"),
        ("{{ db.k + 1 }}", "line 1 of the template: an operation does not suit its values"),
        ("{{ db.k | int }}", "line 1 of the template: an operation does not suit its values"),
        ("{{ db.k | b64decode }}", "line 1 of the template: it is not base64"),
        ("{{ db.k() }}", "line 1 of the template: "),
        ("{{ db.k | nosuch }}", "line 1 of the template: there is no such filter as nosuch"),
        ("{{ [1] | map(db.k) | list }}", "line 1 of the template: there is no such filter;"),
        ("{{ nosuch() }}", "the template's `nosuch` is no label of an entry"),
        ("{{ CANARI }}", "the template's `CANARI` is no label of an entry"),
        ("{{ twice.a }}", "line 1 of the template: an object in it has a key twice"),
        ("{{ db", "line 1 of the template: "),
        ("{% include 'x' %}", "line 1 of the template: "),
        ("{% extends 'x' %}", "line 1 of the template: "),
        ("{% import 'x' as y %}", "line 1 of the template: "),
    ] {
        let refused = refused(template, &answers);
        assert!(refused.starts_with(&format!("app.conf: {told}")), "{template}: {refused}");
    }
    assert_eq!(rendered("{{ twice }}", &answers), r#"{"CANARY":"CANARY","CANARY":2}"#);
}

#[test]
fn work_and_size_are_bounded() {
    let long = "x".repeat(60_000);
    let answers = [("x", Some(long.as_str()))];
    for (template, told) in [
        (
            "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}".to_owned(),
            "too much work",
        ),
        (format!("{{% set a = x %}}{}", "{% set a = a ~ a %}".repeat(30)), "too much work"),
        ("{{ 'x' * 1000000000 }}".to_owned(), ""),
        ("{{ x }}".repeat(18), "it makes more than 1 MiB; make several files"),
        (format!("{{{{ {}1{} }}}}", "(".repeat(10_000), ")".repeat(10_000)), "line 1 of the template"),
        ("a".repeat(300_000), "the template is longer than 262144 bytes"),
    ] {
        let refused = refused(&template, &answers);
        assert!(refused.contains(told), "{refused}");
    }
    assert_eq!(rendered(&"{{ x }}".repeat(17), &answers).len(), 17 * 60_000);
}

#[test]
fn a_template_that_does_not_end_is_given_up() {
    let given_up = super::GivenUp(std::sync::Mutex::new(None));
    let within = |limit, text: &str| super::within(limit, &given_up, text.to_owned(), Value::from(()));
    assert_eq!(within(Duration::from_secs(60), "{{ 1 + 1 }}").unwrap(), "2");
    // This one ends, though not at once.
    let doubled = format!("{{% set a = 1 %}}{}{{{{ a | string | length }}}}", "{% set a = [a, a] %}".repeat(18));
    for (text, told) in [(doubled.as_str(), "does not come to an end"), ("{{ 1 + 1 }}", "was not run")] {
        let refused = within(Duration::from_millis(1), text).unwrap_err();
        assert!(refused.message.contains(told), "{refused:?}");
    }
    // Once it has ended, others run again.
    while given_up.is_there() {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(within(Duration::from_secs(60), "{{ 1 + 1 }}").unwrap(), "2");
}

#[test]
fn values_that_are_no_text_are_refused_where_they_are_used() {
    let mut plan = plan(Form::Native, vec![entry("a", Vec::new())]);
    for (template, fails) in [("{{ a }}", true), ("text", false)] {
        plan.composites =
            vec![Composite { at: None, file: file("f"), content: Content::Template(template.to_owned()) }];
        let unit = render(&plan, &[Ok(Answer::One(item("a", b"\xFF")))], SystemTime::now()).remove(0);
        assert_eq!(unit.result.is_err(), fails);
    }
}

#[test]
fn uses_are_known_before_any_value() {
    let labels = ["db", "b-c", "range"];
    assert_eq!(uses("{{ db.x }}{% for i in range(3) %}{{ i }}{{ b_c }}{% endfor %}", labels).unwrap().len(), 3);
    assert_eq!(uses("{{ x }}{{ y }}", labels).unwrap_err().len(), 2);
}
