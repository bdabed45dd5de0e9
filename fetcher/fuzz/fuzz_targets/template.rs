//! Any text as a template and as a JMESPath expression over any value: what comes out is bounded, and no failure repeats
//! the value.
#![no_main]

use std::collections::BTreeMap;
use std::time::SystemTime;

use libfuzzer_sys::fuzz_target;
use sealkit_fetcher::output::render;
use sealkit_fetcher::spec::{Form, native};
use sealkit_fetcher_fuzz::{answers, assert_errors, assert_failure, plan};
use serde_json::{Value, json};

/// What the value holds and no message may.
const CANARY: &str = "c4n4ry-9f31";

/// As much as one file may have.
const MOST: usize = 1 << 20;

fuzz_target!(|input: &str| {
    // A NUL ends the text; the value follows, or is one with everything in it.
    let (text, value) = input.split_once('\0').unwrap_or((input, ""));
    let usual = json!({
        "a": "b", "n": [1, 2.5, -3e99], "o": {"k": CANARY, "": null, "t": true}, "l": ["x", {"y": "z"}], "s": CANARY,
    });
    let value = if value.is_empty() { usual.to_string() } else { value.to_owned() };
    let pairs = json!({"*": [{"from": "v"}]});
    for output in [
        json!({"secrets": {"v": {"secret": "v"}}, "files": [{"path": "f", "template": text}]}),
        json!({"secrets": {"v": {"secret": "v", "files": [{"path": "f", "jmespath": text}]}}}),
        json!({"secrets": {"v": {"secret": "v", "files": [{"path": "f", "key": text}]}}}),
        json!({"secrets": {"v": {"secret": "v"}}, "files": [
            {"path": "json", "json": pairs}, {"path": "yaml", "yaml": pairs},
            {"path": "dotenv", "dotenv": pairs}, {"path": "properties", "properties": pairs},
        ]}),
    ] {
        check(&output.to_string(), text, &value);
    }
});

fn check(spec: &str, text: &str, value: &str) {
    let read = match native::read("f", spec) {
        Ok(read) => read,
        Err(errors) => return assert_errors(&errors, spec),
    };
    let Some(mut plan) = plan(&read, spec) else { return };
    let values = BTreeMap::from([("v", value.to_owned())]);
    // The CSI provider's words are others.
    for form in [Form::Native, Form::CsiParameters] {
        plan.form = form;
        for unit in render(&plan, &answers(&plan, &values), SystemTime::UNIX_EPOCH) {
            match unit.result {
                Ok(made) => {
                    for made in made {
                        assert!(made.bytes.len() <= MOST, "{} bytes", made.bytes.len());
                        assert_structured(&unit.name, made.bytes.expose_secret(), value);
                    }
                }
                Err(failures) => {
                    failures.iter().for_each(assert_failure);
                    let repeats = failures.iter().any(|failure| failure.to_string().contains(CANARY));
                    assert!(text.contains(CANARY) || !repeats, "the value is repeated: {failures:?}");
                }
            }
        }
    }
}

/// That a JSON file holds the members of the value, each as its text.
fn assert_structured(unit: &str, bytes: &[u8], value: &str) {
    if unit != "file json" {
        return;
    }
    let made: BTreeMap<String, String> = serde_json::from_slice(bytes).expect("it is JSON, and of texts");
    let Ok(Value::Object(wanted)) = serde_json::from_str(value) else { panic!("{value:?} has no members") };
    assert!(made.keys().eq(wanted.keys().collect::<std::collections::BTreeSet<_>>()), "{made:?} of {value:?}");
    for (name, text) in made {
        assert!(wanted[&name].as_str().is_none_or(|wanted| wanted == text), "{name:?}");
    }
}
