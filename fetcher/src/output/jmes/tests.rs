#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
//! JMESPath as the CSI provider's library has it. The expected texts are what go-jmespath 0.4.0 gave for the same
//! expressions and documents.

use super::{Names, check, search};
use crate::output::refusal::Refusal;
use crate::spec::Form;

fn find(form: Form, path: &str, document: &str) -> Result<String, Refusal> {
    search(form, &Names { object: "prod/db", alias: "port" }, path, document.as_bytes())
}

fn provider(path: &str, document: &str) -> Result<String, Refusal> {
    find(Form::CsiParameters, path, document)
}

#[test]
fn strings_are_as_in_go() {
    for (path, document, text) in [
        ("to_string(k)", r#"{"k":5432}"#, "5432"),
        ("to_string(k)", r#"{"k":5432.0}"#, "5432"),
        ("to_string(k)", r#"{"k":1.10}"#, "1.1"),
        ("to_string(k)", r#"{"k":1e3}"#, "1000"),
        ("to_string(k)", r#"{"k":1e20}"#, "100000000000000000000"),
        ("to_string(k)", r#"{"k":1e21}"#, "1e+21"),
        ("to_string(k)", r#"{"k":1.5e300}"#, "1.5e+300"),
        ("to_string(k)", r#"{"k":1e-6}"#, "0.000001"),
        ("to_string(k)", r#"{"k":1e-7}"#, "1e-7"),
        ("to_string(k)", r#"{"k":-0}"#, "-0"),
        ("to_string(k)", r#"{"k":123456789012345678901234567890}"#, "1.2345678901234568e+29"),
        ("to_string(k)", r#"{"k":123456789.125}"#, "123456789.125"),
        ("to_string(k)", r#"{"k":null}"#, "null"),
        ("to_string(k)", r#"{"k":"a<b>&c"}"#, "a<b>&c"),
        ("to_string(k)", r#"{"k":{"b":"a<b>&c é","a":[1,2.50]}}"#, r#"{"a":[1,2.5],"b":"a\u003cb\u003e\u0026c é"}"#),
        (
            "to_string(k)",
            r#"{"k":["\u0000\u001f\u007f\u2028\u2029\b\f\n\r\t\"\\/"]}"#,
            "[\"\\u0000\\u001f\u{7f}\\u2028\\u2029\\b\\f\\n\\r\\t\\\"\\\\/\"]",
        ),
        ("to_string(@)", "123", "123"),
        ("to_string(&a)", "{}", "{}"),
        (r#""a-b""#, r#"{"a-b":"x"}"#, "x"),
        ("join('-',[a,b])", r#"{"a":"x","b":"y"}"#, "x-y"),
        ("join('-',keys(@))", r#"{"b":"x"}"#, "b"),
        ("a[?x=='1'].y | [0]", r#"{"a":[{"x":"1","y":"q"},{"x":"2","y":"r"}]}"#, "q"),
        ("to_string(length(k))", r#"{"k":"héé"}"#, "3"),
        ("to_string(sum(k))", r#"{"k":[1,2,3]}"#, "6"),
        ("to_string(avg(k))", r#"{"k":[1,2]}"#, "1.5"),
        ("to_string(ceil(k))", r#"{"k":1.5}"#, "2"),
        ("to_string(to_number(k))", r#"{"k":"1e3"}"#, "1000"),
        ("to_string(to_array(k))", r#"{"k":"x"}"#, r#"["x"]"#),
        ("to_string(k == `1.0`)", r#"{"k":1}"#, "true"),
        ("to_string(k > 'a')", r#"{"k":"b"}"#, "null"),
        ("k[::-1] | [0]", r#"{"k":["a","b","c"]}"#, "c"),
        ("not_null(a,b)", r#"{"b":"x"}"#, "x"),
        ("sort(k)[0]", r#"{"k":["b","a"]}"#, "a"),
        ("map(&to_string(@),k)|join(',',@)", r#"{"k":[1,2.0,"x",null,{"a":"&"}]}"#, r#"1,2,x,null,{"a":"\u0026"}"#),
    ] {
        assert_eq!(provider(path, document).unwrap(), text, "{path} {document}");
    }
}

#[test]
fn whole_numbers_keep_digits_that_go_rounds() {
    assert_eq!(provider("to_string(k)", r#"{"k":9007199254740993}"#).unwrap(), "9007199254740993");
    assert_eq!(provider("to_string(k)", r#"{"k":12345678901234567890}"#).unwrap(), "12345678901234567890");
    assert_eq!(find(Form::Native, "to_string(k)", r#"{"k":["<&>"]}"#).unwrap(), r#"["<&>"]"#);
}

#[test]
fn errors_are_the_providers_in_its_forms() {
    for (path, document, text) in [
        ("k", "CANARY", "Invalid JSON used with jmesPath in secret: prod/db."),
        ("k[", "{}", "Invalid JMES Path: k[."),
        ("nosuch(k)", "{}", "Invalid JMES Path: nosuch(k)."),
        ("foo-bar", "{}", "Invalid JMES Path: foo-bar."),
        ("abs(k)", r#"{"k":"CANARY"}"#, "Invalid JMES Path: abs(k)."),
        ("K", r#"{"k":"CANARY"}"#, "JMES Path - K for object alias - port does not point to a valid object."),
        ("k", r#"["CANARY"]"#, "JMES Path - k for object alias - port does not point to a valid object."),
        ("k", r#"{"k":12345}"#, "Invalid JMES search result type for path:k. Only string is allowed."),
    ] {
        let refusal = provider(path, document).unwrap_err();
        assert_eq!(refusal.message, text);
        assert!(!refusal.hint.contains("CANARY") && !refusal.hint.contains("12345"), "{}", refusal.hint);
    }
}

#[test]
fn errors_of_our_form_say_what_to_do() {
    for (path, document, text) in [
        ("k[", "{}", r#"JMESPath "k[": a syntax error at line 1, column 3; correct the expression"#),
        (
            "k",
            r#"{"k":1}"#,
            r#"JMESPath "k" gives something else than a string; put `to_string(…)` around it, or take it by `key`"#,
        ),
        ("k", "{}", r#"JMESPath "k" finds nothing in it; correct the expression; keys are case-sensitive"#),
    ] {
        let refusal = find(Form::Native, path, document).unwrap_err();
        assert_eq!(format!("{}; {}", refusal.message, refusal.hint), text);
    }
}

#[test]
fn hostile_expressions_end() {
    // As deep as the bounds let them be: nothing overflows the stack of a thread.
    for (open, close) in
        [("!", ""), ("(", ")"), ("[", "]"), ("[?", "]"), ("{a:", "}"), ("abs(", ")"), ("not_null(&", ")")]
    {
        let levels = 100 / open.matches(['!', '(', '[', '?', '{', '&']).count();
        let path = format!("{}a{}", open.repeat(levels), close.repeat(levels));
        let _ = provider(&path, r#"{"a":"x"}"#);
    }
    for (link, times) in [(".a", 100), ("|a", 100), ("||a", 50), ("[]", 100), ("[*]", 50), ("[0]", 100), (".*", 50)] {
        let _ = provider(&format!("a{}", link.repeat(times)), r#"{"a":"x"}"#);
    }
    for refused in ["!".repeat(101), "a".repeat(5000), "a[2147483647]".to_owned(), "a[::2147483647]".to_owned()] {
        assert!(check(&refused).is_err(), "{refused}");
    }
    // Each of these would make 2^30 or 100^20 values of one.
    for path in [
        format!("to_string(@{})", "|[@,@]".repeat(30)),
        format!("to_string(@{})", "|{a:@,b:@}".repeat(30)),
        format!("to_string(@{})", "|[@,@][]".repeat(30)),
        format!("@{} == `1`", "|[@,@]".repeat(30)),
        format!("to_string([@]{})", format!("|map(&`[{}1]`,@)[]", "1,".repeat(99)).repeat(20)),
    ] {
        assert!(provider(&path, "1").is_err(), "{path}");
    }
    let list = format!(r#"{{"s":"{}","l":[{}""]}}"#, "x".repeat(30_000), r#""","#.repeat(10_000));
    assert!(provider("join(s,l)", &list).is_err());
    assert!(provider("to_string(map(&join(s,l),l))", &list.replace("l\":", "m\":[],\"l\":")).is_err());
}
