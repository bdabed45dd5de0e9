//! Any text as a `sealctl.toml`, read and matched by sealctl's own rules: no panic, and mistakes that
//! name a place in the text and can be printed.
#![no_main]
#![allow(
    dead_code,
    missing_docs,
    unexpected_cfgs,
    unreachable_pub,
    reason = "the modules are the binary's own, and this target uses a part of them"
)]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use sealkit_host::config::Document;

use crate::rule::Rule;

// sealctl is a binary and offers no library: the modules that read rules are compiled in.
#[path = "../../../cli/src/config/pattern.rs"]
mod pattern;
#[path = "../../../cli/src/policy.rs"]
mod policy;
#[path = "../../../cli/src/keys/reference.rs"]
mod reference;
#[path = "../../../cli/src/config/rule.rs"]
mod rule;

mod keys {
    pub(crate) use crate::reference;
}

fuzz_target!(|text: &str| {
    let path = Path::new("sealctl.toml");
    let read = Document::parse_toml(path, text).and_then(|document| {
        document.read(|root| root.required("rule", |field| field.list(|it| it.table(Rule::read))))
    });
    let errors = match read {
        Ok(rules) => {
            for path in ["a", "secrets/production/db.env", "a/b/c/d/e/f/g/h", "\u{0}"] {
                let _ = rules.iter().position(|rule| rule.matches(Path::new(path)));
            }
            return;
        }
        Err(errors) => errors,
    };
    assert!(!errors.mistakes().is_empty(), "refused without a reason");
    let told = errors.to_string();
    // Beyond a hundred, the last line counts the rest.
    let lines = told.lines().count();
    let kept = errors.mistakes().len();
    assert!(lines == kept || (kept >= 100 && lines == kept + 1), "one line a mistake: {told:?}");
    assert!(
        !told.chars().any(|character| character.is_control() && character != '\n'),
        "control characters reach the terminal: {told:?}"
    );
});
