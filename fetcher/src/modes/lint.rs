//! `lint`: every mistake and every doubt about a specification, without asking anybody.

use serde::Serialize;

use sealkit_host::config::Position;
use sealkit_host::exit::Exit;
use sealkit_host::text::{Escaped, without_controls};

use super::offline::{self, say};
use super::specification;
use crate::args::LintArgs;
use crate::plan::Plan;
use crate::plan::doubts::doubts;
use crate::spec::load::LoadError;
use crate::spec::{Form, Spec, SpecErrors};

/// What was found, as `--json` prints it: `docs/fetcher-lint.schema.json`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Findings {
    spec: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    form: Option<&'static str>,
    mistakes: Vec<Finding>,
    doubts: Vec<Finding>,
}

/// One mistake or doubt. What does not stand in a file has no place.
#[derive(Debug, Serialize)]
struct Finding {
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
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
    let findings = match specification::load(&args.spec).await {
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
        // What is ignored may well be the mistake.
        let notices = errors.readable().map(|spec| spec.notices.as_slice()).unwrap_or_default();
        let doubts = notices.iter().map(|it| Finding::new(it.at, &it.message)).collect();
        Self { spec: errors.origin().to_owned(), form: form.map(Form::name), mistakes, doubts }
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

    use clap::Parser as _;
    use sealkit_rig::schema::assert_valid;

    use super::*;
    use crate::args::{Args, Command};
    use crate::plan::testing::{entry, pod, secret};
    use crate::spec::Entry;

    const SCHEMA: &str = include_str!("../../../docs/fetcher-lint.schema.json");

    fn findings(spec: Spec) -> Findings {
        let Command::Lint(args) = Args::try_parse_from(["seal-fetcher", "lint", "--spec", "-"]).unwrap().command else {
            unreachable!()
        };
        let findings = Findings::of(spec, &args);
        assert_valid(SCHEMA, &serde_json::to_value(&findings).unwrap());
        findings
    }

    #[test]
    fn doubts_and_mistakes_have_one_form() {
        assert_eq!(findings(pod(Form::Native)).text(), "spec.yaml: no mistake, no doubt\n");
        assert!(findings(pod(Form::CsiParameters)).text().starts_with("spec.yaml: doubt: `secret-0`"));
        let mut wrong = pod(Form::Native);
        wrong.entries.push(Entry { at: Some(Position { line: 7, column: 3 }), ..entry("secret-0", secret("x")) });
        let found = findings(wrong);
        assert_eq!((found.mistakes.len(), found.mistakes[0].line), (2, Some(7)));
        assert!(found.text().starts_with("spec.yaml:7:3: mistake: "), "{}", found.text());
    }
}
