//! All that a run came to, in one place: told on standard error, in a file as JSON, and to Kubernetes as the
//! termination message.
//!
//! ```text
//!             ┌─ text ─┬─ log, one line each
//! Report ─────┤        └─ termination ── 4,096 bytes
//!             └─ json ── --report FILE (docs/fetcher-report.schema.json)
//! ```
//!
//! None of them holds a value: a [`Failure`] has none.

mod json;
mod termination;
mod text;

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use sealkit_host::audit;
use sealkit_host::exit::Exit;
use sealkit_host::text::error_chain;

use crate::failure::{Cause, Failure};
use crate::output::Origin;

pub use json::{SCHEMA, write_json};
pub use termination::{LIMIT, default_termination_message, write_termination_message};

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Report {
    /// The mode, as it was typed: `init`, `exec`.
    pub mode: &'static str,
    /// What the specification is called; empty if there is none.
    pub spec: String,
    /// What failed, in the order in which it was found.
    pub failures: Vec<Failure>,
    /// What was published; absent if nothing was.
    pub published: Option<Published>,
    /// What the process ends with instead of the failures' code: 126 or 127 of a command that can't be run.
    pub exit_code: Option<u8>,
}

/// What was published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// The directory; absent if all went into variables or memfds.
    pub target: Option<PathBuf>,
    /// The name of the generation that readers see.
    pub generation: Option<String>,
    /// Whether it differs from what was there before.
    pub is_changed: bool,
    /// The files, by path below the target, and the variables by name.
    pub outputs: Vec<PublishedOutput>,
}

/// A file or a variable, and which versions of which objects it was made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedOutput {
    /// What it is.
    pub kind: OutputKind,
    /// Path below the target, or name of the variable.
    pub name: String,
    /// The versions.
    pub origins: Vec<Origin>,
}

/// What an output is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputKind {
    /// A file below the target.
    File,
    /// A memfd, named as the file would be.
    Memfd,
    /// A variable of the environment.
    Variable,
}

impl Report {
    /// A run of `mode` in which nothing has happened yet.
    #[must_use]
    pub fn new(mode: &'static str, spec: impl Into<String>) -> Self {
        Self { mode, spec: spec.into(), failures: Vec::new(), published: None, exit_code: None }
    }

    /// The same with these failures.
    #[must_use]
    pub fn failed(mut self, failures: impl IntoIterator<Item = Failure>) -> Self {
        self.failures.extend(failures);
        self
    }

    /// The code that the process ends with: that of the failure that comes first in `docs/exit-codes.md`.
    #[must_use]
    pub fn exit(&self) -> Exit {
        Exit::worst_of(self.failures.iter().map(Failure::exit))
    }

    /// The failures, each cause once with all objects that it happened to; what decides the exit code comes first.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem<'_>> {
        let mut problems: Vec<Problem<'_>> = Vec::new();
        for failure in &self.failures {
            let object = failure.object.as_str();
            let found = problems.iter_mut().find(|problem| problem.cause.is_same(&failure.cause));
            match found {
                Some(problem) if problem.objects.contains(&object) => {}
                Some(problem) => problem.objects.push(object),
                None => problems.push(Problem { objects: vec![object], class: failure.class(), cause: &failure.cause }),
            }
        }
        problems.sort_by(|a, b| more_urgent(a.class.into(), b.class.into()));
        problems
    }

    /// Tells all of it: in the log, and in the files that were asked for. What can't be written is told in the log
    /// alone, and makes a run that had succeeded fail.
    pub fn tell(&mut self, json: Option<&Path>, termination: Option<&Path>) -> Exit {
        if let Some(path) = json
            && let Err(error) = write_json(self, path)
        {
            let message = format!("the report can't be written: {}", error_chain(&error));
            self.failures.push(Failure::other(
                "",
                audit::Failure::Io,
                message,
                "correct --report, or the rights there",
            ));
        }
        text::log(self);
        if let Some(path) = termination
            && let Err(error) = write_termination_message(self, path)
        {
            tracing::warn!(path = %path.display(), %error, "the termination message can't be written");
        }
        self.exit()
    }
}

/// One cause, and all objects that it happened to.
#[derive(Clone, Debug)]
pub struct Problem<'a> {
    /// Labels and paths; one empty string for what concerns the whole run.
    pub objects: Vec<&'a str>,
    /// Its class.
    pub class: audit::Failure,
    /// What happened.
    pub cause: &'a Cause,
}

/// The order of `docs/exit-codes.md`.
fn more_urgent(a: Exit, b: Exit) -> Ordering {
    match (a == b, Exit::worst_of([a, b]) == a) {
        (true, _) => Ordering::Equal,
        (false, true) => Ordering::Less,
        (false, false) => Ordering::Greater,
    }
}

#[cfg(test)]
mod tests;
