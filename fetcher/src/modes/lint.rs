//! `lint`: every mistake and every doubt about a specification, without asking anybody.

use serde::Serialize;

use sealkit_host::config::Position;
use sealkit_host::exit::Exit;
use sealkit_host::text::{Escaped, without_controls};

use super::offline::{self, say};
use crate::args::LintArgs;
use crate::plan::Plan;
use crate::plan::doubts::doubts;
use crate::spec::load::{LoadError, load};
use crate::spec::{Form, Spec, SpecErrors};

/// What was found, as `--json` prints it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Findings {
    spec: String,
    form: Option<&'static str>,
    mistakes: Vec<Finding>,
    doubts: Vec<Finding>,
}

/// One mistake or doubt. What does not stand in a file has no place.
#[derive(Debug, Serialize)]
struct Finding {
    line: Option<usize>,
    column: Option<usize>,
    message: String,
}

impl Finding {
    fn new(at: Option<Position>, message: &str) -> Self {
        let message = without_controls(message);
        Self { line: at.map(|at| at.line), column: at.map(|at| at.column), message }
    }
}

/// Reads and checks it; ends with 3 if there is a mistake.
pub async fn run(args: &LintArgs) -> Exit {
    let findings = match load(&args.spec).await {
        Ok(spec) => Findings::of(spec, args),
        Err(LoadError::Spec(errors)) => Findings::wrong(None, &errors),
        Err(error) => return offline::failed(&error),
    };
    let text = if args.json { offline::json(&findings) } else { findings.text() };
    match say(&text) {
        Exit::Ok if !findings.mistakes.is_empty() => Exit::Config,
        exit => exit,
    }
}

impl Findings {
    fn of(spec: Spec, args: &LintArgs) -> Self {
        let form = spec.form;
        match Plan::new(spec, &(&args.place).into(), &offline::defaults()) {
            Ok(plan) => {
                let doubts = doubts(&plan, &args.notify);
                let doubts = doubts.iter().map(|doubt| Finding::new(doubt.at, &doubt.message)).collect();
                Self { spec: plan.origin, form: Some(form.name()), mistakes: Vec::new(), doubts }
            }
            Err(errors) => Self::wrong(Some(form), &errors),
        }
    }

    fn wrong(form: Option<Form>, errors: &SpecErrors) -> Self {
        let mistakes = errors.mistakes().iter().map(|it| Finding::new(it.at, &it.message)).collect();
        Self { spec: errors.origin().to_owned(), form: form.map(Form::name), mistakes, doubts: Vec::new() }
    }

    /// A line each, as compilers write them.
    fn text(&self) -> String {
        let origin = Escaped::new(&self.spec);
        let lines = |kind: &str, findings: &[Finding]| {
            let lines = findings.iter().map(|finding| match (finding.line, finding.column) {
                (Some(line), Some(column)) => format!("{origin}:{line}:{column}: {kind}: {}\n", finding.message),
                _ => format!("{origin}: {kind}: {}\n", finding.message),
            });
            lines.collect::<String>()
        };
        if self.mistakes.is_empty() && self.doubts.is_empty() {
            return format!("{origin}: no mistake, no doubt\n");
        }
        lines("mistake", &self.mistakes) + &lines("doubt", &self.doubts)
    }
}
