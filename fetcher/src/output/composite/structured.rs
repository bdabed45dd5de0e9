//! JSON and YAML: a mapping of names to strings.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_saphyr::SerializerOptions;

use crate::output::refusal::Refusal;

/// Prints a JSON object, one line for each pair.
pub(crate) fn json(pairs: &[(String, String)]) -> Result<String, Vec<Refusal>> {
    serde_json::to_string_pretty(&Mapping(pairs)).map(|text| text + "\n").map_err(|_| vec![refused("JSON")])
}

/// Prints a JSON object on one line.
pub(crate) fn compact(pairs: &[(String, String)]) -> Result<String, Refusal> {
    serde_json::to_string(&Mapping(pairs)).map_err(|_| refused("JSON"))
}

/// Prints a YAML mapping. All strings are quoted: which words and digits are something else without quotes differs
/// between YAML 1.1 and 1.2.
pub(crate) fn yaml(pairs: &[(String, String)]) -> Result<String, Vec<Refusal>> {
    let mut options = SerializerOptions::default();
    options.quote_all = true;
    serde_saphyr::to_string_with_options(&Mapping(pairs), options).map_err(|_| vec![refused("YAML")])
}

fn refused(format: &str) -> Refusal {
    Refusal::new(format!("the values can't be written as {format}"), "use another format")
}

struct Mapping<'a>(&'a [(String, String)]);

impl Serialize for Mapping<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut mapping = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0 {
            mapping.serialize_entry(name, value)?;
        }
        mapping.end()
    }
}
