#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
//! Every format gives back what went in.

use std::collections::BTreeMap;
use std::process::Command;

use proptest::prelude::*;

use super::{dotenv, properties, structured};

/// What formats get wrong.
const ODD: &[&str] = &[
    "",
    " ",
    " leading and trailing ",
    "plain-1.0",
    "it's",
    "it's \"both\"",
    "back\\slash",
    "ends\\",
    "'",
    "''",
    "\\",
    "\\'",
    "\\\\'\\'",
    "\"",
    "$HOME ${HOME} $(id) `id`",
    "#comment",
    "a #b",
    "a#b",
    "a=b",
    "~",
    "~/x:~",
    "*",
    "!history",
    "export",
    "line\nline\n",
    "\r\n",
    "\ttab",
    "yes",
    "no",
    "off",
    "y",
    "null",
    "~",
    "0600",
    "0x1F",
    "1e3",
    ".inf",
    "12:30:45",
    "2026-11-25",
    "-",
    "- a",
    "a: b",
    "{a}",
    "[a]",
    "%d",
    "@at",
    "&anchor",
    "|",
    ">",
    "? a",
    "<<",
    "---",
    "...",
    "päss \u{1F511}",
    "\u{7f}\u{85}\u{a0}\u{2028}\u{2029}\u{feff}",
    "\u{1}\u{8}\u{c}\u{1b}",
];

fn named(values: &[String]) -> Vec<(String, String)> {
    values.iter().enumerate().map(|(place, value)| (format!("N{place}"), value.clone())).collect()
}

fn odd() -> Vec<(String, String)> {
    named(&ODD.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
}

/// What a POSIX shell has after `. FILE`.
fn shell(lines: &str, names: impl Iterator<Item = String>) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file.env");
    std::fs::write(&file, lines).unwrap();
    let values: Vec<String> = names.map(|name| format!("\"${name}\"")).collect();
    let script = format!(". \"$1\"; printf '%s\\0' {}", values.join(" "));
    let output = Command::new("sh").args(["-c", &script, "sh"]).arg(&file).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_terminator('\0').map(str::to_owned).collect()
}

fn check_dotenv(pairs: &[(String, String)]) {
    let lines = dotenv::print(pairs).unwrap();
    let read: Vec<(String, String)> = dotenvy::from_read_iter(lines.as_bytes()).map(Result::unwrap).collect();
    assert_eq!(read, pairs, "{lines}");
    if !pairs.is_empty() {
        let names = pairs.iter().map(|(name, _)| name.clone());
        let values: Vec<String> = pairs.iter().map(|(_, value)| value.clone()).collect();
        assert_eq!(shell(&lines, names), values, "{lines}");
    }
}

#[test]
fn dotenv_takes_the_simplest_form() {
    for (value, line) in [
        ("plain-1.0", "N0=plain-1.0\n"),
        ("", "N0=\n"),
        ("any $text", "N0='any $text'\n"),
        ("it's", "N0=\"it's\"\n"),
        ("it's \"\\\" one", "N0='it'\\''s \"'\\\\'\" one'\n"),
        ("ends\\", "N0='ends'\\\\\n"),
    ] {
        assert_eq!(dotenv::print(&named(&[value.to_owned()])).unwrap(), line);
    }
}

#[test]
fn dotenv_gives_back_odd_values() {
    check_dotenv(&odd());
}

#[test]
fn dotenv_refuses_names_and_nul() {
    let pairs = [("A-B".to_owned(), "CANARY\0".to_owned()), ("1A".to_owned(), String::new())];
    let told: Vec<String> = dotenv::print(&pairs).unwrap_err().into_iter().map(|refusal| refusal.message).collect();
    assert_eq!(
        told,
        [
            "\"A-B\" is no name of a variable: they are letters, digits and `_`, and begin with no digit",
            "the value of A-B holds NUL",
            "\"1A\" is no name of a variable: they are letters, digits and `_`, and begin with no digit",
        ]
    );
}

/// Reads properties as the documentation of `java.util.Properties.load` has it.
fn load(text: &str) -> BTreeMap<String, String> {
    assert!(text.is_ascii());
    let mut all = BTreeMap::new();
    for line in text.lines() {
        let line = line.trim_start_matches([' ', '\t', '\u{c}']);
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        let mut units = [Vec::new(), Vec::new()];
        let mut part = 0;
        let mut characters = line.chars().peekable();
        while let Some(character) = characters.next() {
            let unit = match character {
                '=' | ':' | ' ' | '\t' | '\u{c}' if part == 0 => {
                    part = 1;
                    let is_space = |character: &char| [' ', '\t', '\u{c}'].contains(character);
                    while characters.next_if(is_space).is_some() {}
                    if is_space(&character) && characters.next_if(|character| "=:".contains(*character)).is_some() {
                        while characters.next_if(is_space).is_some() {}
                    }
                    continue;
                }
                '\\' => match characters.next().unwrap() {
                    'u' => {
                        let digits: String = characters.by_ref().take(4).collect();
                        u16::from_str_radix(&digits, 16).unwrap()
                    }
                    't' => 9,
                    'n' => 10,
                    'f' => 12,
                    'r' => 13,
                    other => u16::try_from(u32::from(other)).unwrap(),
                },
                other => u16::try_from(u32::from(other)).unwrap(),
            };
            units[part].push(unit);
        }
        let [name, value] = units.map(|units| String::from_utf16(&units).unwrap());
        assert!(all.insert(name, value).is_none());
    }
    all
}

fn check_properties(pairs: &[(String, String)]) {
    let lines = properties::print(pairs);
    assert_eq!(load(&lines), pairs.iter().cloned().collect(), "{lines}");
}

#[test]
fn properties_give_back_odd_values_and_names() {
    check_properties(&odd());
    // Names too, each once.
    let names: BTreeMap<String, String> = ODD.iter().map(|name| ((*name).to_owned(), "v".to_owned())).collect();
    check_properties(&names.into_iter().filter(|(name, _)| !name.is_empty()).collect::<Vec<_>>());
    let pairs = [("a b:c".to_owned(), "  x = ä\u{1F511}\n".to_owned())];
    assert_eq!(properties::print(&pairs), "a\\ b\\:c=\\  x \\= \\u00E4\\uD83D\\uDD11\\n\n");
}

fn check_json(pairs: &[(String, String)]) {
    let text = structured::json(pairs).unwrap();
    let read: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(read.len(), pairs.len());
    assert!(pairs.iter().all(|(name, value)| read[name] == serde_json::Value::String(value.clone())), "{text}");
}

fn check_yaml(pairs: &[(String, String)]) {
    let text = structured::yaml(pairs).unwrap();
    let read: BTreeMap<String, String> = serde_saphyr::from_str(&text).unwrap();
    assert_eq!(read, pairs.iter().cloned().collect(), "{text}");
    // Nothing but quoted strings, so no reader of any YAML takes one for something else.
    for line in text.lines().filter(|_| !pairs.is_empty()) {
        let (name, value) = line.split_once(": ").unwrap();
        assert!(value.starts_with(['\'', '"']) && value.ends_with(['\'', '"']), "{name}: {value}");
    }
}

#[test]
fn json_and_yaml_give_back_odd_values() {
    check_json(&odd());
    check_yaml(&odd());
    assert_eq!(structured::json(&named(&["12345678".to_owned()])).unwrap(), "{\n  \"N0\": \"12345678\"\n}\n");
    assert_eq!(structured::yaml(&named(&["yes".to_owned()])).unwrap(), "N0: 'yes'\n");
    assert_eq!(structured::json(&[]).unwrap(), "{}\n");
    // Names are quoted where any YAML takes them for something else.
    for name in ["yes", "y", "off", "null", "~", "0600", "1e3", "0x1F", ".inf", "12:30:45", "2026-11-25", "", "a: b"] {
        let text = structured::yaml(&[(name.to_owned(), "v".to_owned())]).unwrap();
        assert!(text.starts_with(['\'', '"']), "{text}");
    }
    let names: BTreeMap<String, String> = ODD.iter().map(|name| ((*name).to_owned(), "v".to_owned())).collect();
    let names: Vec<(String, String)> = names.into_iter().collect();
    let read: BTreeMap<String, String> = serde_saphyr::from_str(&structured::yaml(&names).unwrap()).unwrap();
    assert_eq!(read, names.into_iter().collect());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_format_gives_back_any_text(values in prop::collection::vec("(?s:[^\0]{0,40})|['\"\\\\ $a\n]{0,12}", 0..24)) {
        let pairs = named(&values);
        check_dotenv(&pairs);
        check_properties(&pairs);
        check_json(&pairs);
        check_yaml(&pairs);
    }
}
