//! From the forms of others to our own.

mod document;

use std::fmt::Write as _;

use sealkit_host::exit::Exit;
use sealkit_host::pages;
use sealkit_host::text::{error_chain, without_controls};

use self::document::Document;
use crate::args::ConvertArgs;
use crate::pages::ended;
use crate::plan::Plan;
use crate::spec::load::load;
use crate::spec::{Destination, File, Form, Spec, SpecErrors, native};

/// Why there is no text in our own form.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// It is in that form.
    #[error("{0}: it is in our own form already")]
    Native(String),
    /// Our own form has stricter rules, for example for names.
    #[error("our own form can't say this")]
    Stricter(#[source] SpecErrors),
    /// Our own form has no words for it.
    #[error("{origin}: our own form has no words for `{label}`")]
    Unsaid {
        /// What the specification is called.
        origin: String,
        /// The label of the first entry that would come back as another one.
        label: String,
    },
}

/// Prints the specification in our own form.
pub async fn run(args: &ConvertArgs) -> Exit {
    let spec = match load(&args.spec).await.and_then(|spec| Ok(Plan::check_names(spec)?)) {
        Ok(spec) => spec,
        Err(error) => {
            eprintln!("seal-fetcher: {}", error_chain(&error));
            return error.exit();
        }
    };
    match to_native(&spec) {
        Ok(text) => ended("standard output", pages::print(text.as_bytes())),
        Err(error) => {
            eprintln!("seal-fetcher: {}", error_chain(&error));
            Exit::Config
        }
    }
}

/// The text of a specification in our own form. It is read back before it is given: it means the same, in files, modes,
/// variables and calls.
///
/// # Errors
/// If it is in our own form already, or can't be said in it.
pub fn to_native(spec: &Spec) -> Result<String, ConvertError> {
    if spec.form == Form::Native {
        return Err(ConvertError::Native(spec.origin.clone()));
    }
    let unsaid = |label: &str| ConvertError::Unsaid { origin: spec.origin.clone(), label: label.to_owned() };
    let document = Document::new(spec).map_err(|label| unsaid(&label))?;
    let body = document.print().map_err(|_| unsaid(""))?;
    let text = heading(spec) + &body;
    let back = native::read("what was made", &text).map_err(ConvertError::Stricter)?;
    let (wanted, found) = (meaning(spec), meaning(&back));
    if wanted != found {
        let differing = wanted.entries.iter().zip(&found.entries).find(|(a, b)| a != b);
        return Err(unsaid(differing.map_or("", |(entry, _)| &entry.label)));
    }
    Ok(text)
}

/// What was not converted, and what is not as the reader may expect.
fn heading(spec: &Spec) -> String {
    let mut text = String::new();
    let mut line = |words: &str| {
        let _ = writeln!(text, "# {}", without_controls(words));
    };
    line(&format!("From {}, by `seal-fetcher convert`.", spec.origin));
    for notice in &spec.notices {
        let place = notice.at.map(|at| format!(" (at {at})")).unwrap_or_default();
        line(&format!("Not converted{place}: {}", notice.message));
    }
    line(
        "`batch: never`, for policies that came with it lack secretsmanager:BatchGetSecretValue. With that, `auto` saves",
    );
    line("calls.");
    text
}

/// A specification without what says nothing about what is fetched and published, and with all defaults said.
fn meaning(spec: &Spec) -> Spec {
    let default_mode = if spec.form.is_drop_in() { 0o644 } else { 0o400 };
    let mut meaning = spec.clone();
    meaning.batch = Some(spec.batch.unwrap_or(spec.form.default_batch()));
    meaning.form = Form::Native;
    meaning.origin.clear();
    meaning.notices.clear();
    let outputs = || spec.entries.iter().flat_map(|entry| &entry.outputs);
    if !outputs().any(|output| matches!(output.to, Destination::Variable(_) | Destination::Variables { .. })) {
        // Files say all rights themselves.
        meaning.defaults = File::default();
    }
    for entry in &mut meaning.entries {
        entry.at = None;
        for output in &mut entry.outputs {
            output.at = None;
            if let Destination::File(file) | Destination::Files { directory: file, .. } = &mut output.to {
                file.mode.get_or_insert(default_mode);
            }
        }
    }
    meaning
}

#[cfg(test)]
mod tests;
