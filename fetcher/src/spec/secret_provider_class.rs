//! A whole SecretProviderClass: which of a file is meant, whose it is, and what it asks for beyond `parameters`.

use std::collections::BTreeSet;

use super::csi::yaml::{self, Node, Value};
use super::csi::{self, Findings};
use super::{Destination, Form, Select, Spec, SpecErrors};

/// Its API group.
pub(in crate::spec) const GROUP: &str = "secrets-store.csi.x-k8s.io";
/// Its kind.
pub(in crate::spec) const KIND: &str = "SecretProviderClass";
/// The versions of its API, the one that is asked for first.
pub(in crate::spec) const VERSIONS: [&str; 2] = ["v1", "v1alpha1"];

/// Reads the class `name` of a file, or the only one.
///
/// # Errors
/// All mistakes; or that the class can't be told.
pub fn read(origin: &str, text: &str, name: Option<&str>) -> Result<Spec, SpecErrors> {
    let mut findings = Findings::default();
    let documents = yaml::read(text, &mut findings);
    let spec = documents.and_then(|documents| chosen(origin, &documents, name, &mut findings));
    findings.finish(origin, spec)
}

/// What a file without a class is, if it says so: somebody gave what a specification is in.
fn others(documents: &[Node]) -> String {
    let kinds: BTreeSet<_> = documents.iter().filter_map(|document| document.member("kind")?.text()).collect();
    if kinds.is_empty() {
        return String::new();
    }
    let kinds: Vec<_> = kinds.into_iter().collect();
    format!(", but {}: give the specification that is in it, as a file", kinds.join(", "))
}

/// Reads what the Kubernetes API answered, which has no lines that anybody has seen.
///
/// # Errors
/// All mistakes.
#[cfg(feature = "kube")]
pub(in crate::spec) fn from_api(origin: &str, object: &serde_json::Value) -> Result<Spec, SpecErrors> {
    let mut findings = Findings::default();
    let text = object.to_string();
    let documents = yaml::read(&text, &mut findings);
    let mut spec = documents.and_then(|documents| chosen(origin, &documents, None, &mut findings));
    for entry in spec.iter_mut().flat_map(|spec| &mut spec.entries) {
        entry.at = None;
        entry.outputs.iter_mut().for_each(|output| output.at = None);
    }
    findings.without_places().finish(origin, spec)
}

fn chosen(origin: &str, documents: &[Node], name: Option<&str>, findings: &mut Findings) -> Option<Spec> {
    let classes: Vec<_> = documents.iter().flat_map(all_of).collect();
    if classes.is_empty() {
        findings.mistake(None, format!("no {KIND} is in this file{}", others(documents)));
        return None;
    }
    let class = choose(&classes, name, findings)?;
    api_version(class, findings);
    let Some(spec) = class.member("spec") else {
        findings.mistake(Some(class.at), "`spec` is missing");
        return None;
    };
    provider(spec, findings);
    let Some(mapping) = spec.member("parameters") else {
        findings.mistake(Some(spec.at), "`parameters` is missing: there is nothing to fetch");
        return None;
    };
    let parameters = csi::members(mapping, findings);
    let read = csi::lift(Form::SecretProviderClass, origin, &parameters, findings);
    if let Some(Value::List(items)) = spec.member("secretObjects").map(|node| &node.value) {
        items.iter().for_each(|item| secret_object(item, &read, findings));
    }
    Some(read)
}

/// The classes in a document: itself, or the items of a list.
fn all_of(document: &Node) -> Vec<&Node> {
    let kind = document.member("kind").and_then(Node::text);
    match (kind, document.member("items").map(|items| &items.value)) {
        (Some(KIND), _) => vec![document],
        (Some("List" | "SecretProviderClassList"), Some(Value::List(items))) => {
            // `kubectl get` leaves the kind out of no item; whoever does means the list's.
            let listed = kind == Some("SecretProviderClassList");
            items.iter().filter(|item| item.member("kind").map_or(listed, |kind| kind.text() == Some(KIND))).collect()
        }
        _ => Vec::new(),
    }
}

fn choose<'a>(classes: &[&'a Node], name: Option<&str>, findings: &mut Findings) -> Option<&'a Node> {
    let name_of = |class: &Node| class.member("metadata").and_then(|it| it.member("name")?.text().map(str::to_owned));
    let names = || {
        let names: Vec<_> = classes
            .iter()
            .map(|class| name_of(class).map_or("one without a name".to_owned(), |n| format!("`{n}`")))
            .collect();
        names.join(", ")
    };
    match (classes, name) {
        ([class], None) => return Some(class),
        (_, None) => {
            findings.mistake(None, format!("several classes are in this file ({}): name one with --name", names()))
        }
        (_, Some(name)) => {
            let mut named = classes.iter().filter(|class| name_of(class).as_deref() == Some(name));
            match (named.next(), named.next()) {
                (Some(class), None) => return Some(class),
                (Some(_), Some(second)) => {
                    findings.mistake(Some(second.at), format!("a second class is named `{name}`"))
                }
                (None, _) => {
                    findings.mistake(None, format!("no class is named `{name}` (--name); there is {}", names()))
                }
            }
        }
    }
    None
}

fn api_version(class: &Node, findings: &mut Findings) {
    let node = class.member("apiVersion");
    let version = node.and_then(Node::text).unwrap_or_default();
    if !version.split_once('/').is_some_and(|(group, version)| group == GROUP && VERSIONS.contains(&version)) {
        let message = format!("`apiVersion` must be {GROUP}/v1, not {version:?}");
        findings.mistake(Some(node.unwrap_or(class).at), message);
    }
}

fn provider(spec: &Node, findings: &mut Findings) {
    let node = spec.member("provider");
    let provider = node.and_then(Node::text).unwrap_or_default();
    if provider != "aws" {
        let message = format!("`provider` must be aws, not {provider:?}: only that provider's parameters are read");
        findings.mistake(Some(node.unwrap_or(spec).at), message);
    }
}

/// Names what the driver would make of a Kubernetes Secret, and what makes it needless.
fn secret_object(item: &Node, spec: &Spec, findings: &mut Findings) {
    let name = item.member("secretName").and_then(Node::text).unwrap_or("without a name");
    let mut message = format!("`secretObjects`: the Kubernetes Secret `{name}` is not made here");
    let data = match item.member("data").map(|data| &data.value) {
        Some(Value::List(data)) => data.as_slice(),
        _ => &[],
    };
    let mappings: Vec<_> = data.iter().filter_map(|datum| mapping(datum, spec)).collect();
    if !mappings.is_empty() {
        message += "; its files are there, and for variables run `exec --env` with this converted (`convert`) and ";
        message += &mappings.join(", ");
    }
    findings.notice(Some(item.at), message);
}

/// The variable of our own form that replaces one key of a Kubernetes Secret.
fn mapping(datum: &Node, spec: &Spec) -> Option<String> {
    let key = datum.member("key")?.text()?;
    let object = datum.member("objectName")?.text()?;
    let entry_and_output = spec.entries.iter().find_map(|entry| {
        let output =
            entry.outputs.iter().find(|output| matches!(&output.to, Destination::File(file) if file.path == object))?;
        Some((entry, output))
    });
    let Some((entry, output)) = entry_and_output else {
        return Some(format!("nothing for key `{key}`, for no file is named `{object}`"));
    };
    let part = match &output.select {
        Select::JmesPath(path) => format!("{{jmespath: {}}}", quoted(path)),
        _ => "{}".to_owned(),
    };
    Some(format!("`env: {{{}: {part}}}` in `{}`", variable(key), entry.label))
}

/// A string for YAML, which takes those of JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The key as the name of a variable.
fn variable(key: &str) -> String {
    let name: String = key.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name }
}

#[cfg(test)]
mod tests;
