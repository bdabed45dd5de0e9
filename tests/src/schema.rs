//! As much of JSON Schema 2020-12 as the schemas of `docs/` for what programs write use. A keyword it does not know is a
//! panic, so that nothing in a schema goes unchecked.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::Value;

/// Panics unless `value` is valid under the schema with the text `schema`.
///
/// # Panics
///
/// Also when the schema itself is none, or uses what is not known here.
pub fn assert_valid(schema: &str, value: &Value) {
    let schema: Value = serde_json::from_str(schema).expect("a schema is JSON");
    if let Err(reason) = check(&schema, &schema, value) {
        panic!("{reason}\nin {value}");
    }
}

fn check(root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let keywords = schema.as_object().ok_or("a schema is an object")?;
    for (keyword, rule) in keywords {
        let valid = match keyword.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" | "then" | "else" => true,
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
                Some("integer") => value.is_u64() || value.is_i64(),
                _ => panic!("unknown type {rule}"),
            },
            "const" => value == rule,
            "enum" => list(rule).contains(value),
            "pattern" => Regex::new(rule.as_str().unwrap_or_default())
                .expect("patterns are regular expressions")
                .is_match(value.as_str().unwrap_or_default()),
            "minLength" => length(value) >= number(rule),
            "maxLength" => length(value) <= number(rule),
            "minimum" => value.as_u64().is_some_and(|value| value >= number(rule)),
            "minItems" => value.as_array().is_some_and(|items| items.len() as u64 >= number(rule)),
            "uniqueItems" => {
                let items: Vec<_> = list(value).iter().map(Value::to_string).collect();
                items.iter().collect::<BTreeSet<_>>().len() == items.len()
            }
            "items" => {
                for item in list(value) {
                    check(root, rule, item)?;
                }
                true
            }
            "required" => list(rule).iter().all(|key| value.get(key.as_str().unwrap_or_default()).is_some()),
            "dependentRequired" => entries(rule).all(|(key, needed)| {
                value.get(key).is_none()
                    || list(needed).iter().all(|key| value.get(key.as_str().unwrap_or_default()).is_some())
            }),
            "additionalProperties" => entries(value).all(|(key, _)| keywords["properties"].get(key).is_some()),
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
            _ => panic!("unknown keyword {keyword}"),
        };
        if !valid {
            return Err(format!("{keyword} {rule}"));
        }
    }
    Ok(())
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

fn length(value: &Value) -> u64 {
    value.as_str().map_or(0, |text| text.chars().count() as u64)
}
