//! As much of JSON Schema 2020-12 as the schemas of `docs/` use. A keyword it does not know is a
//! panic, so that nothing in a schema goes unchecked.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use regex::Regex;
use serde_json::Value;

/// Panics unless `value` is valid under the schema with the text `schema`.
///
/// # Panics
///
/// Also when the schema itself is none, or uses what is not known here.
pub fn assert_valid(schema: &str, value: &Value) {
    if let Err(reason) = validate(schema, value) {
        panic!("{reason}\nin {value}");
    }
}

/// Whether `value` is valid under the schema with the text `schema`.
///
/// # Errors
///
/// Where it is not, and under which keyword.
///
/// # Panics
///
/// When the schema itself is none, or uses what is not known here.
pub fn validate(schema: &str, value: &Value) -> Result<(), String> {
    let schema = parsed(schema);
    check(&schema, &schema, value)
}

/// The schema with this text, parsed once a thread: tests that check thousands of values would else parse most of the
/// time.
fn parsed(text: &str) -> Rc<Value> {
    thread_local! {
        static PARSED: RefCell<HashMap<String, Rc<Value>>> = RefCell::default();
    }
    PARSED.with_borrow_mut(|parsed| {
        let parse = || Rc::new(serde_json::from_str(text).expect("a schema is JSON"));
        Rc::clone(parsed.entry(text.to_owned()).or_insert_with(parse))
    })
}

fn check(root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let keywords = schema.as_object().ok_or("a schema is an object")?;
    for (keyword, rule) in keywords {
        let valid = match keyword.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" | "default" | "then" | "else" => true,
            "$ref" => {
                let pointer = rule.as_str().and_then(|reference| reference.strip_prefix('#')).unwrap_or_default();
                check(root, root.pointer(pointer).ok_or("a reference leads nowhere")?, value)?;
                true
            }
            "type" => match rule.as_str() {
                Some("object") => value.is_object(),
                Some("array") => value.is_array(),
                Some("string") => value.is_string(),
                Some("boolean") => value.is_boolean(),
                Some("number") => value.is_number(),
                Some("integer") => value.is_u64() || value.is_i64(),
                _ => panic!("unknown type {rule}"),
            },
            "const" => value == rule,
            "enum" => list(rule).contains(value),
            // A keyword says nothing about a value of another type.
            "pattern" => value.as_str().is_none_or(|text| is_match(rule.as_str().unwrap_or_default(), text)),
            "minLength" => value.as_str().is_none_or(|text| length(text) >= number(rule)),
            "maxLength" => value.as_str().is_none_or(|text| length(text) <= number(rule)),
            "minimum" => value.as_number().is_none_or(|value| value.as_u64().is_some_and(|it| it >= number(rule))),
            "maximum" => value.as_number().is_none_or(|value| value.as_u64().is_some_and(|it| it <= number(rule))),
            "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= number(rule)),
            "minProperties" => value.as_object().is_none_or(|entries| entries.len() as u64 >= number(rule)),
            "uniqueItems" => {
                let items: Vec<_> = list(value).iter().map(Value::to_string).collect();
                items.iter().collect::<BTreeSet<_>>().len() == items.len()
            }
            "propertyNames" => entries(value).all(|(key, _)| check(root, rule, &Value::from(key.as_str())).is_ok()),
            "items" => {
                for item in list(value) {
                    check(root, rule, item)?;
                }
                true
            }
            "required" => {
                !value.is_object() || list(rule).iter().all(|key| value.get(key.as_str().unwrap_or_default()).is_some())
            }
            "dependentRequired" => entries(rule).all(|(key, needed)| {
                value.get(key).is_none()
                    || list(needed).iter().all(|key| value.get(key.as_str().unwrap_or_default()).is_some())
            }),
            "additionalProperties" => {
                let known = keywords.get("properties").and_then(Value::as_object);
                let others = entries(value).filter(|(key, _)| known.is_none_or(|known| !known.contains_key(*key)));
                for (key, value) in others {
                    match rule {
                        Value::Bool(true) => {}
                        Value::Bool(false) => return Err(format!("{key}: unknown")),
                        rule => check(root, rule, value).map_err(|reason| format!("{key}: {reason}"))?,
                    }
                }
                true
            }
            "properties" => {
                for (key, rule) in entries(rule) {
                    if let Some(value) = value.get(key) {
                        check(root, rule, value).map_err(|reason| format!("{key}: {reason}"))?;
                    }
                }
                true
            }
            "if" => {
                let branch = if check(root, rule, value).is_ok() { "then" } else { "else" };
                keywords.get(branch).is_none_or(|schema| check(root, schema, value).is_ok())
            }
            "not" => check(root, rule, value).is_err(),
            "anyOf" => list(rule).iter().any(|schema| check(root, schema, value).is_ok()),
            "oneOf" => list(rule).iter().filter(|schema| check(root, schema, value).is_ok()).count() == 1,
            _ => panic!("unknown keyword {keyword}"),
        };
        if !valid {
            return Err(format!("{keyword} {rule}"));
        }
    }
    Ok(())
}

fn is_match(pattern: &str, text: &str) -> bool {
    thread_local! {
        /// Tests that check thousands of values would else compile most of the time.
        static COMPILED: RefCell<HashMap<String, Regex>> = RefCell::default();
    }
    COMPILED.with_borrow_mut(|compiled| {
        let regex = compiled
            .entry(pattern.to_owned())
            .or_insert_with(|| Regex::new(pattern).expect("patterns are regular expressions"));
        regex.is_match(text)
    })
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("limits are natural numbers")
}

fn length(text: &str) -> u64 {
    text.chars().count() as u64
}
