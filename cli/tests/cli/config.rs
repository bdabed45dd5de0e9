//! Configuration as its user meets it: the default key at a terminal, asking before a repository's keys are used, and
//! what `sealctl config` says.

use std::fs::File;
use std::io::{Read, Write};
use std::process::Stdio;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::Value;

use crate::rig::{Dir, KEY};

const RULE: &str = "[[rule]]\npaths = ['secrets/**']\nkeys = ['local:team']\ncontext = { app = 'shop' }\n";

fn repository(config: &str) -> Dir {
    let dir = Dir::new();
    dir.write(".git/HEAD", "");
    dir.write("sealctl.toml", config);
    dir.write("secrets/db.env", "PASSWORD=x");
    dir
}

/// Runs with standard input and standard error on a terminal where `typed` is typed; gives the code and what was shown.
fn at_terminal(dir: &Dir, args: &[&str], typed: &str) -> (Option<i32>, String) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("there are pseudo-terminals");
    grantpt(&master).and_then(|()| unlockpt(&master)).expect("it is ours");
    let name = ptsname(&master, Vec::new()).expect("it has a name");
    let slave = File::options().read(true).write(true).open(name.to_str().expect("a path")).expect("it is ours");
    let mut command = dir.sealctl(args);
    command.stdin(slave.try_clone().expect("descriptors are left")).stdout(Stdio::null()).stderr(slave);
    let mut child = command.spawn().expect("it starts");
    drop(command);
    let mut master = File::from(master);
    master.write_all(typed.as_bytes()).expect("the terminal takes it");
    let mut seen = Vec::new();
    // At the end Linux says EIO in place of the end of the file.
    let _ended = master.read_to_end(&mut seen);
    (child.wait().expect("it ends").code(), String::from_utf8_lossy(&seen).into_owned())
}

#[test]
fn at_a_terminal_the_default_key_is_made_and_said_so_in_one_line() {
    let dir = Dir::new();
    dir.write("a", "text");
    let (code, shown) = at_terminal(&dir, &["encrypt", "a"], "");
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(shown.lines().filter(|line| line.contains("made the local key default in ")).count(), 1, "{shown}");
    assert!(shown.contains("keep a copy") && shown.contains("AWS KMS"), "{shown}");
    let (code, shown) = at_terminal(&dir, &["encrypt", "--force", "a"], "");
    assert!(code == Some(0) && !shown.contains("made"), "{shown}");
    assert_eq!(dir.run(["decrypt", "a.sealed"]).ok().stdout, b"text");
}

#[test]
fn a_script_without_a_key_gets_the_choices() {
    let dir = Dir::new();
    dir.write("a", "text");
    let run = dir.run(["encrypt", "a"]).failed(2, "no key is named");
    for choice in ["--key local:NAME", "alias/NAME", "sealctl.toml"] {
        assert!(run.stderr.contains(choice), "{}", run.stderr);
    }
    assert_eq!(dir.names(), ["a"]);
}

#[test]
fn the_error_prints_the_one_command_that_shows_and_allows() {
    let dir = repository(RULE);
    dir.run(["keygen", "team"]).ok();
    let run = dir.run(["encrypt", "secrets/db.env"]).failed(3, "not allowed yet");
    let command = run.stderr.split("hint: sealctl ").nth(1).expect("a command").trim().to_owned();
    let args: Vec<_> = command.split(' ').collect();
    assert_eq!(args[..2], ["config", "allow"]);

    let (code, shown) = at_terminal(&dir, &args, "n\n");
    assert_eq!(code, Some(3), "{shown}");
    dir.run(["encrypt", "secrets/db.env"]).failed(3, "not allowed yet");
    let (code, shown) = at_terminal(&dir, &args, "y\n");
    assert_eq!(code, Some(0), "{shown}");
    let run = dir.run(["encrypt", "secrets/db.env"]).ok();
    assert_eq!(run.stderr.matches("using ").count(), 1, "{}", run.stderr);
    assert_eq!(dir.run(["decrypt", "secrets/db.env.sealed"]).ok().stdout, b"PASSWORD=x");

    dir.run(["config", "revoke", "."]).ok();
    dir.run(["encrypt", "--force", "secrets/db.env"]).failed(3, "not allowed yet");
}

#[test]
fn what_is_shown_before_it_is_allowed_is_all_that_it_chooses() {
    let dir = repository(RULE);
    let shown = dir.run(["config", "allow", "."]).failed(2, "--yes").stdout;
    let shown = String::from_utf8(shown).expect("UTF-8");
    for part in ["line 1, for secrets/**", "key      local:team", "context  app = shop"] {
        assert!(shown.contains(part), "{shown}");
    }
    dir.run(["config", "allow", "--yes", "."]).ok();
    dir.write("sealctl.toml", RULE.replace("team", "evil"));
    let shown = dir.run(["config", "allow", "secrets"]).failed(2, "--yes").stdout;
    let shown = String::from_utf8(shown).expect("UTF-8");
    assert!(shown.contains("key      local:evil\n") && shown.contains("no longer  local:team"), "{shown}");
}

#[test]
fn what_applies_is_explained_with_its_origin() {
    let dir = repository(RULE);
    dir.user_config("max_frame_length = 33554432\n");
    let run = dir.run(["config", "--json", "secrets/db.env", "other"]).ok();
    let lines: Vec<Value> =
        String::from_utf8_lossy(&run.stdout).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(lines.iter().all(|line| line["type"] == "configuration"), "{lines:?}");
    let setting = |line: usize, name: &str| {
        let settings = lines[line]["settings"].as_array().expect("a list");
        settings.iter().find(|setting| setting["name"] == name).cloned()
    };
    let key = setting(0, "key").expect("a key");
    assert_eq!(key["value"], "local:team");
    assert!(key["from"].as_str().is_some_and(|from| from.ends_with("/sealctl.toml:1")));
    assert!(
        setting(0, "max_frame_length").expect("a limit")["from"].as_str().is_some_and(|it| it.ends_with("config.toml"))
    );
    assert_eq!(setting(0, "max_header_bytes").expect("a limit")["from"], "default");
    assert_eq!(lines[0]["files"][0]["permission"], "not allowed");
    assert!(setting(1, "key").is_none() && lines[1]["files"][0]["rule_line"].is_null());
    let text = String::from_utf8(dir.run(["config", "secrets/db.env"]).ok().stdout).expect("UTF-8");
    assert!(text.contains("rule of line 1") && text.contains("local:team"), "{text}");
}

#[test]
fn mistakes_are_told_at_once_whatever_is_typed() {
    let dir = repository("[[rule]]\npaths = ['../**']\nprofile = 'theirs'\nlimit = \"\\u001b[2J\"\n");
    for args in [&["encrypt", "--key", "local:k", "secrets/db.env"][..], &["config", "secrets/db.env"]] {
        let run = dir.run(args).failed(3, "3 mistakes");
        for place in ["sealctl.toml:2:", "sealctl.toml:3:1:", "sealctl.toml:4:1:"] {
            assert!(run.stderr.contains(place), "{}", run.stderr);
        }
        assert!(!run.stderr.contains('\u{1b}'));
    }
}

#[test]
fn one_wrong_file_deep_in_a_tree_fails_what_is_under_it_alone() {
    let dir = repository("");
    dir.write("secrets/bad/sealctl.toml", "nonsense");
    dir.write("secrets/bad/x", "x");
    dir.run(["encrypt", "--key", "local:k", "-o", "out", "secrets"]).failed(8, "secrets/bad/sealctl.toml");
    assert!(dir.path("out/db.env.sealed").exists() && !dir.path("out/bad/x.sealed").exists());
}

#[test]
fn standard_input_is_governed_by_the_working_directory() {
    let dir = repository("[[rule]]\npaths = ['**']\nkeys = ['local:team']\n");
    let mut child = dir.sealctl(["encrypt", "--key", "local:mine"]);
    let run = crate::rig::Run::of(child.stdin(Stdio::null()).output());
    run.failed(7, "sealctl.toml:1");
}

#[test]
fn those_who_make_one_key_at_the_same_time_all_encrypt_under_it() {
    let dir = Dir::new();
    let names: Vec<_> = (0..6).map(|number| format!("{number}")).collect();
    names.iter().for_each(|name| drop(dir.write(name, name)));
    let children: Vec<_> = names
        .iter()
        .map(|name| {
            dir.sealctl(["encrypt", "-k", "local:new", name]).stderr(Stdio::piped()).spawn().expect("it starts")
        })
        .collect();
    let notes = children.into_iter().map(|child| crate::rig::Run::of(child.wait_with_output()).ok().stderr);
    assert_eq!(notes.filter(|note| note.contains("made the local key")).count(), 1);
    for name in names {
        assert_eq!(dir.run(["decrypt", &format!("{name}.sealed")]).ok().stdout, name.as_bytes());
    }
}

#[test]
fn audit_lines_can_be_asked_for_once_and_for_all() {
    let dir = Dir::new();
    dir.write("a", "text");
    dir.user_config(&format!("audit = '{}'\n", dir.path("audit.jsonl").display()));
    dir.run(["encrypt", "-k", "local:k", "a"]).ok();
    dir.run(["decrypt", "--context", "x=y", "a.sealed"]).failed(7, "");
    let text = String::from_utf8(dir.read("audit.jsonl")).expect("UTF-8");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0]["key"].as_str().is_some_and(|key| key.starts_with("local:k-")), "{text}");
    assert_eq!((&lines[0]["outcome"], &lines[1]["outcome"]), (&Value::from("ok"), &Value::from("failed")));
}

#[test]
fn one_mistake_about_many_files_is_told_once_before_any_work() {
    let dir = repository(RULE);
    dir.write("secrets/other", "x");
    dir.write("outside", "x");
    let run = dir.run(["encrypt", "secrets/db.env", "secrets/other"]).failed(3, "not allowed yet");
    assert_eq!(run.stderr.matches("error: ").count(), 1, "{}", run.stderr);
    let run = dir.run(["encrypt", "outside", "sealctl.toml"]).failed(2, "outside and 1 more: no key is named");
    assert_eq!(run.stderr.matches("error: ").count(), 1, "{}", run.stderr);
    let run = dir.run(["encrypt", "secrets/db.env", "outside"]);
    assert_eq!(run.stderr.matches("error: ").count(), 2, "two mistakes: {}", run.stderr);
}

#[test]
fn a_repository_writes_nothing_to_the_terminal_and_no_command_to_copy() {
    let dir = repository("").with_key();
    dir.run(["encrypt", "-k", KEY, "secrets/db.env"]).ok();
    for hostile in [r"\u001b[2J\nerror: fake", "$(reboot)"] {
        let rule = format!("[[rule]]\npaths = ['**']\nrequire_context_keys = [\"{hostile}\"]\n");
        dir.write("sealctl.toml", rule);
        let run = dir.run(["decrypt", "secrets/db.env.sealed"]).failed(7, "lacks the required key");
        assert!(!run.stderr.contains('\u{1b}') && !run.stderr.contains("\nerror: fake"), "{}", run.stderr);
        assert!(!run.stderr.contains("--context $("), "{}", run.stderr);
    }
}

#[test]
fn a_relative_home_makes_no_repository_the_users_own() {
    let dir = Dir::new();
    dir.write("a", "text");
    dir.write(".config/sealkit/config.toml", "keys = ['local:theirs']\n");
    let mut command = dir.sealctl(["encrypt", "a"]);
    command.env_remove("XDG_DATA_HOME").env_remove("XDG_CONFIG_HOME").env("HOME", ".");
    crate::rig::Run::of(command.output()).failed(3, "HOME: is no absolute path");
    assert!(!dir.path(".local").exists());
}

#[test]
fn context_that_contradicts_a_rule_is_told_without_values() {
    let dir = repository(RULE).with_key();
    dir.run(["config", "allow", "--yes", "."]).ok();
    dir.run(["keygen", "team"]).ok();
    let run = dir.run(["encrypt", "-c", "app=hidden", "secrets/db.env"]).failed(7, "another value than the rule");
    assert!(!run.stderr.contains("hidden") && !run.stderr.contains("shop"), "{}", run.stderr);
}
