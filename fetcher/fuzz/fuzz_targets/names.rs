//! Any names, from the specification and from content, against each other: what is let through stays inside the target,
//! is there once, and never is a file where a directory must be; what is not fails by itself.
#![no_main]

use std::collections::BTreeMap;
use std::time::SystemTime;

use libfuzzer_sys::fuzz_target;
use sealkit_fetcher::output::{MadeTo, check_environment, render};
use sealkit_fetcher::plan::names::{check_path, is_variable, of_content};
use sealkit_fetcher::spec::native;
use sealkit_fetcher_fuzz::{answers, assert_apart, assert_failure, assert_inside, assert_line, plan};
use serde_json::{Value, json};

fuzz_target!(|input: &str| {
    // Lines: a directory, a prefix that is cut, a file, and then names in contents, `a:` or `b:` before those of either.
    let mut lines = input.split('\n');
    let mut line = || lines.next().unwrap_or_default();
    let (directory, prefix, file) = (line(), line(), line());
    let mut contents = [BTreeMap::new(), BTreeMap::new()];
    for (number, name) in lines.enumerate() {
        let (which, name) = name.strip_prefix("b:").map_or((0, name), |name| (1, name));
        contents[which].insert(name.to_owned(), number.to_string());
        flat(name, prefix);
    }
    let spec = json!({
        "secrets": {
            "a": {"secret": "a", "files": [{"directory": directory, "keys": "all", "stripPrefix": prefix}]},
            "b": {"secret": "b", "files": [{"directory": ".", "keys": "all"}], "env": {"*": {"prefix": prefix}}},
            "c": {"secret": "c", "files": [{"path": file}]},
        },
    });
    let spec = spec.to_string();
    let Ok(read) = native::read("f", &spec) else { return };
    let Some(plan) = plan(&read, &spec) else { return };
    let values = BTreeMap::from([
        ("a", json!(contents[0]).to_string()),
        ("b", json!(contents[1]).to_string()),
        ("c", Value::from(7).to_string()),
    ]);
    let mut units = render(&plan, &answers(&plan, &values), SystemTime::UNIX_EPOCH);
    check_environment(&mut units);
    let mut files = Vec::new();
    for unit in &units {
        match &unit.result {
            Err(failures) => {
                assert!(!failures.is_empty());
                failures.iter().for_each(assert_failure);
            }
            Ok(made) => files.extend(made.iter().map(|made| match &made.to {
                MadeTo::File(file) => file.path.as_str(),
                MadeTo::Variable(name) => {
                    assert!(is_variable(name), "{name:?}");
                    name
                }
            })),
        }
    }
    files.iter().for_each(|path| assert_inside(path));
    assert_apart(&files);
});

/// A name from content as the name of a file.
fn flat(name: &str, prefix: &str) {
    match of_content(name, Some(prefix)) {
        Ok(name) => {
            assert_inside(&name);
            assert!(!name.contains('/') && check_path(&name).is_ok(), "{name:?}");
        }
        Err(flaw) => assert_line(&flaw.to_string()),
    }
    if check_path(name).is_ok() {
        assert_inside(name);
    }
}
