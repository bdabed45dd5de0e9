//! Filters beside the engine's own.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minijinja::{Environment, Value};

use super::value;
use crate::output::decode;
use crate::output::refusal::Refusal;
use crate::spec::Decode;

/// Adds them: `tojson`, `b64encode`, `b64decode`.
pub(super) fn add(environment: &mut Environment<'_>) {
    // The engine's own escapes for HTML, and would print numbers anew.
    environment.add_filter("tojson", |value: &Value| value::to_json(value));
    environment.add_filter("b64encode", |text: String| STANDARD.encode(text));
    environment.add_filter("b64decode", |text: String| decoded(&text).map_err(value::told));
}

fn decoded(text: &str) -> Result<String, Refusal> {
    let bytes = decode::decode(Decode::Base64, text.as_bytes())?;
    let text = std::str::from_utf8(bytes.expose_secret());
    text.map(str::to_owned).map_err(|_| Refusal::new("what is decoded is not UTF-8", "publish it as a file of its own"))
}
