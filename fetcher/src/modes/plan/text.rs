//! A plan for people.

use std::fmt::Write as _;
use std::time::Duration;

use sealkit_host::text::Escaped;
use serde::Serialize;

use crate::source::DEADLINE;

use super::view::{EstimateView, ObjectView, PolicyView, View};

/// Blanks before each line of a section.
const INDENT: &str = "  ";

impl View {
    pub(super) fn text(&self) -> String {
        let mut text = Text::default();
        let calls = &self.calls;
        text.line(format_args!(
            "{}: {}, batch: {}; {} objects in {}{} calls a start",
            Escaped::new(&self.spec),
            self.form,
            self.batch,
            self.objects.len(),
            if calls.is_at_least { "at least " } else { "" },
            calls.total
        ));
        for notice in &self.notices {
            text.line(format_args!("notice: {}", Escaped::new(notice)));
        }
        let objects = self.objects.iter().map(ObjectView::row);
        text.table("Objects", objects);
        text.table(
            "Files",
            self.files.iter().map(|file| [file.mode.clone(), shown(&file.path), rights(file.uid, file.gid)]),
        );
        text.table(
            "Variables of exec --env; elsewhere files of these names",
            self.variables.iter().map(|it| [it.mode.clone(), shown(&it.name), shown(&it.label)]),
        );
        text.table(
            "Calls of a start, and of each refresh (AssumeRole: of each session)",
            calls.by_operation.iter().map(|(operation, count)| [(*operation).to_owned(), count.to_string()]),
        );
        text.estimate(&self.estimate);
        for policy in &self.policies {
            text.policy(policy);
        }
        text.0
    }
}

impl ObjectView {
    fn row(&self) -> [String; 4] {
        let mut name = shown(&self.name);
        if let Some(version) = &self.version {
            let _ = write!(name, " ({})", Escaped::new(version));
        }
        let mut place: Vec<_> = self.region.iter().chain(&self.failover_regions).map(|region| shown(region)).collect();
        place.extend(self.fallback.iter().map(|path| shown(path)));
        let mut labels = shown(&self.labels);
        if self.optional {
            labels.push_str(" (optional)");
        }
        [self.kind.to_owned(), name, place.join(", then "), labels]
    }
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        let _ = writeln!(self.0, "{line}");
    }

    fn heading(&mut self, heading: &str) {
        self.line(format_args!("\n{heading}"));
    }

    /// Columns as wide as their widest cell; nothing where there is no row.
    fn table<const N: usize>(&mut self, heading: &str, rows: impl IntoIterator<Item = [String; N]>) {
        let rows: Vec<_> = rows.into_iter().collect();
        if rows.is_empty() {
            return;
        }
        self.heading(heading);
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
        let widths: [usize; N] = std::array::from_fn(width);
        for row in &rows {
            let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
            let line = cells.collect::<Vec<_>>().join("  ");
            self.line(format_args!("{INDENT}{}", line.trim_end()));
        }
    }

    fn estimate(&mut self, estimate: &EstimateView) {
        let interval = humantime::format_duration(Duration::from_secs(estimate.interval_seconds));
        let heading = match estimate.pods {
            1 => format!("Estimate for one pod that refreshes every {interval}"),
            pods => format!("Estimate for {pods} pods that refresh every {interval}"),
        };
        self.heading(&heading);
        let rate: f64 = estimate.calls_per_second.values().sum();
        self.line(format_args!(
            "{INDENT}{rate:.2} calls a second on average, {} calls and {:.2} USD a month",
            estimate.monthly_calls, estimate.monthly_usd
        ));
        for herd in &estimate.herd {
            self.line(format_args!(
                "{INDENT}all at once: {} calls against {} {} a second{}{}: {:.1} s at best",
                herd.calls,
                herd.calls_per_second,
                herd.quota,
                herd.region.as_deref().map(|region| format!(" in {region}")).unwrap_or_default(),
                if herd.is_adjustable { ", which AWS raises" } else { "" },
                herd.seconds_at_best
            ));
        }
        let longest = estimate.herd.first().map_or(0.0, |herd| herd.seconds_at_best);
        if longest > DEADLINE.as_secs_f64() {
            self.line(format_args!(
                "{INDENT}that is beyond the default deadline of {}: start them in waves, or raise --deadline",
                humantime::format_duration(DEADLINE)
            ));
        }
        self.line(format_args!("{INDENT}prices: {}", estimate.prices));
    }

    fn policy(&mut self, policy: &PolicyView) {
        match &policy.role {
            None => self.heading("Policy of the pod's or task's role"),
            Some(role) => self.heading(&format!("Policy of {}", Escaped::new(role))),
        }
        self.json(&policy.document);
        if !policy.with_customer_keys.is_empty() {
            self.heading(
                "Statements to add where secrets or parameters are encrypted under customer managed keys: they hold \
                 through\nthe services alone. Put the keys' ARNs in place of key/*; the AWS managed keys need none.",
            );
            self.json(&policy.with_customer_keys);
        }
    }

    fn json(&mut self, value: &impl Serialize) {
        self.0.push_str(&super::offline::json(value));
    }
}

fn shown(text: &str) -> String {
    Escaped::new(text).to_string()
}

fn rights(uid: Option<u32>, gid: Option<u32>) -> String {
    let uid = uid.map(|uid| format!("uid {uid}"));
    uid.into_iter().chain(gid.map(|gid| format!("gid {gid}"))).collect::<Vec<_>>().join(" ")
}
