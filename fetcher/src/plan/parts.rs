//! What composites and expressions refer to: labels, templates and JMESPath, checked before the first call.

use std::collections::HashSet;

use sealkit_host::config::Position;
use sealkit_host::text::Escaped;

use crate::output;
use crate::spec::{Content, Form, Pair, Part, Select, Spec, SpecMistake};

pub(super) fn check(spec: &Spec) -> Vec<SpecMistake> {
    let mut notes = Notes { form: spec.form, labels: HashSet::new(), mistakes: Vec::new() };
    for entry in &spec.entries {
        if !notes.labels.insert(&entry.label) {
            notes.add(entry.at, format!("the label `{}` is there twice", Escaped::new(&entry.label)));
        }
        for output in &entry.outputs {
            notes.check_select(output.at.or(entry.at), &output.select);
        }
    }
    for composite in &spec.composites {
        let at = composite.at;
        match &composite.content {
            Content::Dotenv(pairs) | Content::Properties(pairs) | Content::Json(pairs) | Content::Yaml(pairs) => {
                pairs.iter().for_each(|pair| notes.check_pair(at, pair));
            }
            Content::Template(source) => notes.check_template(at, source),
            Content::Tls(pair) => {
                for file in [Some(&pair.certificate), Some(&pair.key), pair.authority.as_ref()].into_iter().flatten() {
                    notes.check_part(at, &file.part);
                }
            }
        }
    }
    notes.mistakes
}

struct Notes<'a> {
    form: Form,
    labels: HashSet<&'a str>,
    mistakes: Vec<SpecMistake>,
}

impl Notes<'_> {
    fn add(&mut self, at: Option<Position>, message: String) {
        self.mistakes.push(SpecMistake { at, message });
    }

    fn check_pair(&mut self, at: Option<Position>, pair: &Pair) {
        match pair {
            Pair::One { part, .. } => self.check_part(at, part),
            Pair::All { entry, .. } => self.check_label(at, entry),
        }
    }

    fn check_part(&mut self, at: Option<Position>, part: &Part) {
        self.check_label(at, &part.entry);
        self.check_select(at, &part.select);
    }

    fn check_label(&mut self, at: Option<Position>, label: &str) {
        if !self.labels.contains(label) {
            self.add(at, format!("`{}` is no label of an entry", Escaped::new(label)));
        }
    }

    fn check_select(&mut self, at: Option<Position>, select: &Select) {
        let Select::JmesPath(expression) = select else { return };
        let Err(reason) = output::check_jmespath(expression) else { return };
        let shown = Escaped::new(expression);
        let message = match self.form {
            // The provider's text, which it gives only when it has fetched.
            Form::CsiParameters | Form::SecretProviderClass => format!("Invalid JMES Path: {shown}."),
            _ => format!("`{shown}` is no JMESPath expression: {reason}"),
        };
        self.add(at, message);
    }

    /// The syntax, and that every variable is a label.
    fn check_template(&mut self, at: Option<Position>, source: &str) {
        if let Err(mistakes) = output::template_uses(source, self.labels.iter().copied()) {
            mistakes.into_iter().for_each(|mistake| self.add(at, mistake));
        }
    }
}
