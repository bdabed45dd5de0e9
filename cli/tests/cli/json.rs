//! `--json`: one object a line, and a summary.

use serde_json::Value;

use crate::rig::{Dir, KEY, Run};

fn lines(run: &Run) -> Vec<Value> {
    let text = String::from_utf8(run.stdout.clone()).expect("JSON is UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("each line is an object")).collect()
}

#[test]
fn each_input_and_the_summary_are_objects() {
    let dir = Dir::new().with_key();
    dir.write("x", "secret");
    let run = dir.run(["encrypt", "-k", KEY, "--json", "--jobs", "1", "x", "missing"]).failed(8, "missing");
    let lines = lines(&run);
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["outcome"], "ok");
    assert_eq!(lines[0]["output"], "x.sealed");
    assert_eq!(lines[0]["bytes"], 6);
    assert_eq!(lines[1]["error"]["name"], "not-found");
    assert_eq!(lines[1]["error"]["code"], 5);
    assert_eq!((&lines[2]["type"], &lines[2]["ok"], &lines[2]["failed"]), (&"summary".into(), &1.into(), &1.into()));
    assert_eq!(lines[2]["kms_calls"], 0);
}

#[test]
fn json_never_mixes_with_data() {
    let dir = Dir::new().with_key();
    dir.write("x", "secret");
    dir.run(["encrypt", "-k", KEY, "x"]).ok();
    let run = dir.run(["decrypt", "--json", "x.sealed"]).failed(2, "standard output carries the data");
    assert!(run.stdout.is_empty());
}

#[test]
fn inspect_shows_what_the_header_claims_escaped() {
    let dir = Dir::new().with_key();
    dir.write("x", "secret");
    dir.run(["encrypt", "-k", KEY, "-c", "app=a\u{1b}[2Jb\u{202e}", "--sign", "x"]).ok();
    let run = dir.run(["inspect", "x.sealed"]).ok();
    let text = String::from_utf8(run.stdout).expect("text");
    assert!(text.contains("not verified"), "{text}");
    assert!(text.contains(r"app = a\u{1b}[2Jb\u{202e}"), "{text}");
    assert!(text.contains("local:test-") && text.contains("0x0578"), "{text}");
    let header = &lines(&dir.run(["inspect", "--json", "x.sealed"]).ok())[0];
    assert_eq!(header["verified"], false);
    assert_eq!(header["context"]["app"], "a\u{1b}[2Jb\u{202e}");
    assert_eq!(header["signed"], true);
}

#[test]
fn json_of_a_hostile_header_does_nothing_to_a_terminal() {
    let dir = Dir::new().with_key();
    let name = "x\u{9b}2J\u{202e}";
    dir.write(name, "secret");
    dir.run(["encrypt", "-k", KEY, "-c", "app=a\u{9b}2J\u{7f}\u{202e}", name]).ok();
    let run = dir.run(["inspect", "--json", &format!("{name}.sealed")]).ok();
    assert!(run.stdout.trim_ascii_end().iter().all(|byte| (b' '..0x7f).contains(byte)), "{:?}", run.stdout);
    assert_eq!(lines(&run)[0]["context"]["app"], "a\u{9b}2J\u{7f}\u{202e}");
}

#[test]
fn other_formats_are_refused_by_name() {
    let dir = Dir::new();
    dir.write("v1", [1, 0x80, 3, 0x78]);
    dir.write("v1.txt", "AYADeA==\n");
    for name in ["v1", "v1.txt"] {
        dir.run(["inspect", name]).failed(7, "version 1");
    }
    dir.write("age", "age-encryption.org/v1\n");
    dir.run(["inspect", "age"]).failed(7, "not an AWS Encryption SDK message");
}

#[test]
fn audit_lines_tell_of_each_object() {
    let dir = Dir::new().with_key();
    dir.write("x", "secret");
    dir.run(["encrypt", "-k", KEY, "--audit", "log", "x", "missing"]).failed(8, "missing");
    dir.run(["decrypt", "--audit", "log", "-o", "y", "x.sealed"]).ok();
    let text = String::from_utf8(dir.read("log")).expect("JSON is UTF-8");
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let decrypted = lines.pop().expect("three lines");
    lines.sort_by_key(|line| line["object"].to_string());
    assert_eq!((&lines[0]["outcome"], &lines[0]["class"]), (&"failed".into(), &"not-found".into()));
    assert_eq!((&lines[1]["operation"], &lines[1]["outcome"]), (&"encrypt".into(), &"ok".into()));
    assert_eq!(decrypted["operation"], "decrypt");
    assert_eq!(decrypted["key"], lines[1]["key"]);
    assert!(decrypted["resource"].as_str().is_some_and(|path| path.ends_with("/y")), "{decrypted}");
    dir.run(["decrypt", "--audit", "no/such/log", "x.sealed"]).failed(9, "audit");
}
