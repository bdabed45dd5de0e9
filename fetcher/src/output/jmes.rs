//! JMESPath expressions over values.

use jmespath::Variable;

use super::json;
use super::refusal::Refusal;
use crate::spec::Form;

/// Searches a JSON document for a string.
///
/// # Errors
///
/// If `value` is no JSON, `path` no expression, or what it finds no string.
pub(crate) fn search(form: Form, object: &str, path: &str, value: &[u8]) -> Result<String, Refusal> {
    let _ = (form, object);
    let document = json::document(value)?;
    let expression = jmespath::compile(path)
        .map_err(|_| Refusal::new(format!("{path:?} is no JMESPath expression"), "correct it"))?;
    let data = Variable::from_json(document.get()).map_err(|_| Refusal::new("it is not JSON", "store it as JSON"))?;
    let found = expression
        .search(data)
        .map_err(|_| Refusal::new(format!("the JMESPath expression {path:?} fails on it"), "correct it"))?;
    found.as_string().cloned().ok_or_else(|| {
        Refusal::new(format!("the JMESPath expression {path:?} does not give a string"), "use `to_string(…)`")
    })
}
