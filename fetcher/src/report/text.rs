//! One line a failure.

use std::fmt::{self, Write as _};

use sealkit_host::text::without_controls;

use super::{Problem, Report};

impl fmt::Display for Problem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.line(f, usize::MAX)
    }
}

impl Problem<'_> {
    /// Its line with as many objects as `most` by name.
    pub(super) fn abbreviated(&self, most: usize) -> String {
        let mut line = String::new();
        let _into_a_string = self.line(&mut line, most);
        line
    }

    fn line(&self, f: &mut dyn fmt::Write, most: usize) -> fmt::Result {
        let named: Vec<_> = self.objects.iter().filter(|object| !object.is_empty()).collect();
        for (place, object) in named.iter().take(most).enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}{}", without_controls(object))?;
        }
        if let Some(more @ 1..) = named.len().checked_sub(most) {
            write!(f, " and {more} more")?;
        }
        if !named.is_empty() {
            f.write_str(": ")?;
        }
        f.write_str(&without_controls(&self.cause.to_string()))
    }
}

/// What became of the run, in one line.
pub(super) fn summary(report: &Report) -> String {
    let problems = report.problems();
    let mut line = format!("{}: ", report.mode);
    let _into_a_string = match (problems.len(), report.published.is_some()) {
        (0, _) => write!(line, "done"),
        (count, published) => write!(
            line,
            "{}, {count} {} (exit code {}, {})",
            if published { "published, but not without failures" } else { "nothing was published" },
            if count == 1 { "failure" } else { "failures" },
            report.exit_code.unwrap_or(report.exit().code()),
            report.exit().name()
        ),
    };
    line
}

/// Standard error.
pub(super) fn log(report: &Report) {
    let problems = report.problems();
    for problem in &problems {
        tracing::error!(class = problem.class.class(), "{problem}");
    }
    if problems.len() > 1 {
        tracing::error!("{}", summary(report));
    }
}
