//! The `parameters` of the CSI provider for AWS: what a SecretProviderClass holds, read as the provider reads it.
//!
//! ```text
//! parameters ─┬─ region, failoverRegion, usePodIdentity, … ─────────────── Place
//!             └─ objects ── yaml ── object ── check ── entry ── Entry, one for each object
//!                text       1.1     fields    texts    file names, versions, failover
//! ```
//!
//! The provider stops at the first mistake; here all of them are told, each in the provider's [words](texts). What
//! differs otherwise is listed in `docs/fetcher.md`.

mod check;
mod embedded;
mod entry;
mod object;
mod place;
mod scalar;
pub mod texts;
pub(in crate::spec) mod yaml;

use sealkit_host::config::Position;
use sealkit_host::text::without_controls;

use self::embedded::Embedded;
use self::yaml::{Member, Node, Value};
use super::{File, Form, Notice, Spec, SpecErrors, SpecMistake};

/// What was found besides the specification itself.
#[derive(Debug, Default)]
pub(in crate::spec) struct Findings {
    mistakes: Vec<SpecMistake>,
    notices: Vec<Notice>,
}

impl Findings {
    pub(in crate::spec) fn mistake(&mut self, at: Option<Position>, message: impl Into<String>) {
        self.mistakes.push(SpecMistake { at, message: message.into() });
    }

    pub(in crate::spec) fn notice(&mut self, at: Option<Position>, message: impl Into<String>) {
        self.notices.push(Notice { at, message: without_controls(&message.into()) });
    }

    /// What was found in a text that nobody but us has seen.
    #[cfg(feature = "kube")]
    pub(in crate::spec) fn without_places(mut self) -> Self {
        self.mistakes.iter_mut().for_each(|mistake| mistake.at = None);
        self.notices.iter_mut().for_each(|notice| notice.at = None);
        self
    }

    /// The specification with the notices; with the mistakes, if there were any.
    ///
    /// # Panics
    /// If there is neither.
    pub(in crate::spec) fn finish(mut self, origin: &str, mut spec: Option<Spec>) -> Result<Spec, SpecErrors> {
        self.notices.sort_by_key(|notice| notice.at);
        if let Some(spec) = &mut spec {
            spec.notices = self.notices;
        }
        if !self.mistakes.is_empty() {
            return Err(SpecErrors::new(origin, self.mistakes).of_what_was_read(spec));
        }
        Ok(spec.expect("a reader says why it gives nothing"))
    }
}

/// One of the `parameters`.
#[derive(Clone, Copy, Debug)]
pub(in crate::spec) struct Parameter<'a> {
    pub(in crate::spec) key: &'a str,
    pub(in crate::spec) value: &'a str,
    /// Where the value begins.
    pub(in crate::spec) at: Option<Position>,
    /// Whether the value stands in the document line for line, so that places in it are places in the document.
    pub(in crate::spec) is_literal: bool,
}

/// Reads `parameters` alone: a mapping with `objects`.
///
/// # Errors
/// All mistakes, in the provider's words.
pub fn parameters(origin: &str, text: &str) -> Result<Spec, SpecErrors> {
    let mut findings = Findings::default();
    let mapping = document(text, &mut findings);
    let spec = mapping.map(|mapping| {
        let parameters = members(&mapping, &mut findings);
        lift(Form::CsiParameters, origin, &parameters, &mut findings)
    });
    findings.finish(origin, spec)
}

/// The only document of a text.
fn document(text: &str, findings: &mut Findings) -> Option<Node> {
    let mut documents = yaml::read(text, findings)?.into_iter();
    let first = documents.next();
    if let Some(second) = documents.next() {
        findings.mistake(Some(second.at), "a second document begins here: `parameters` are one mapping");
    }
    if first.is_none() {
        findings.mistake(None, "nothing is in it");
    }
    first
}

/// The fields of `parameters` that the provider knows.
const KNOWN: [&str; 6] =
    ["region", "failoverRegion", "pathTranslation", "usePodIdentity", "preferredAddressType", "objects"];

/// Gives all parameters their meaning.
pub(in crate::spec) fn lift(form: Form, origin: &str, parameters: &[Parameter<'_>], findings: &mut Findings) -> Spec {
    let find = |key| parameters.iter().find(|parameter| parameter.key == key && !parameter.value.is_empty());
    for parameter in parameters.iter().filter(|parameter| !KNOWN.contains(&parameter.key)) {
        findings.notice(parameter.at, format!("`{}` in `parameters` means nothing here", parameter.key));
    }
    let place = place::read(find, findings);
    let translation = place::path_translation(find("pathTranslation"), findings);
    let mut spec = Spec {
        form,
        origin: origin.to_owned(),
        place,
        batch: None,
        defaults: File::default(),
        entries: Vec::new(),
        composites: Vec::new(),
        notices: Vec::new(),
    };
    let Some(objects) = parameters.iter().find(|parameter| parameter.key == "objects") else { return spec };
    let mut found = embedded::Found::new(Embedded::new(objects), findings);
    let objects = object::all(objects.value, &mut found);
    check::all(&objects, &spec.place, translation, &mut found);
    spec.entries = entry::all(&objects, &spec.place, translation, &found);
    spec
}

/// The members of a mapping as parameters: the API takes strings and nothing else, and so does this.
pub(in crate::spec) fn members<'a>(mapping: &'a Node, findings: &mut Findings) -> Vec<Parameter<'a>> {
    let Value::Mapping(members) = &mapping.value else {
        findings.mistake(Some(mapping.at), format!("`parameters` must be a mapping, not {}", mapping.kind()));
        return Vec::new();
    };
    if mapping.member("objects").is_none() {
        findings.mistake(Some(mapping.at), "`objects` is missing: there is nothing to fetch");
    }
    let mut parameters = Vec::new();
    for Member { key, node, .. } in members {
        let at = Some(node.at);
        match (&node.value, node.text()) {
            (value, Some(text)) => {
                let is_literal = matches!(value, Value::Literal(_));
                parameters.push(Parameter { key, value: text, at, is_literal });
            }
            (Value::List(_), None) if key == "objects" => {
                findings.mistake(at, "`objects` must be a string that holds a list: write `objects: |` before it");
            }
            _ => {
                let kind = node.kind();
                findings.mistake(at, format!("`{key}` must be a string, not {kind}: write it in quotes"));
            }
        }
    }
    parameters
}

#[cfg(test)]
mod tests;
