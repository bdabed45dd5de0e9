//! The report as JSON, for whoever reads it by program.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use sealkit_host::atomic::{AtomicError, NewFile, Overwrite, Target};
use sealkit_host::text::harmless_json;
use serde::Serialize;

use super::{OutputKind, Problem, Published, Report};
use crate::failure::Cause;
use crate::output::Origin;

/// The version of `docs/fetcher-report.schema.json`.
pub const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Json<'a> {
    schema: u32,
    time: String,
    binary: &'static str,
    version: &'static str,
    mode: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    spec: &'a str,
    outcome: &'static str,
    exit: ExitJson,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failures: Vec<FailureJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    published: Option<PublishedJson<'a>>,
}

#[derive(Serialize)]
struct ExitJson {
    code: u8,
    name: &'static str,
    retry_helps: bool,
}

#[derive(Default, Serialize)]
struct FailureJson<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    objects: Vec<&'a str>,
    class: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    hint: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

#[derive(Serialize)]
struct PublishedJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation: Option<&'a str>,
    changed: bool,
    outputs: Vec<OutputJson<'a>>,
}

#[derive(Serialize)]
struct OutputJson<'a> {
    kind: &'static str,
    name: &'a str,
    versions: Vec<VersionJson<'a>>,
}

#[derive(Serialize)]
struct VersionJson<'a> {
    object: &'a str,
    version: &'a str,
}

impl<'a> FailureJson<'a> {
    fn of(problem: &Problem<'a>) -> Self {
        let mut objects = problem.objects.clone();
        objects.retain(|object| !object.is_empty());
        let told = Self { objects, class: problem.class.class(), ..Self::default() };
        match problem.cause {
            Cause::Aws(fault) if fault.is_of_login() => Self {
                message: fault.cause(),
                hint: fault.hint(),
                action: fault.login_action(),
                code: fault.code(),
                request_id: fault.request_id(),
                ..told
            },
            Cause::Aws(fault) => Self {
                message: fault.cause(),
                hint: fault.hint(),
                action: Some(fault.action()),
                resource: Some(fault.resource()),
                region: fault.region(),
                code: fault.code(),
                request_id: fault.request_id(),
                ..told
            },
            Cause::Content { message, hint } | Cause::Other { message, hint, .. } => Self { message, hint, ..told },
        }
    }
}

impl<'a> PublishedJson<'a> {
    fn of(published: &'a Published) -> Self {
        let outputs = published.outputs.iter().map(|output| OutputJson {
            kind: match output.kind {
                OutputKind::File => "file",
                OutputKind::Memfd => "memfd",
                OutputKind::Variable => "variable",
            },
            name: &output.name,
            versions: output
                .origins
                .iter()
                .map(|Origin { object, version, .. }| VersionJson { object, version })
                .collect(),
        });
        Self {
            target: published.target.as_ref().map(|path| path.to_string_lossy().into_owned()),
            generation: published.generation.as_deref(),
            changed: published.is_changed,
            outputs: outputs.collect(),
        }
    }
}

/// The report in the form of the schema.
pub(super) fn to_json(report: &Report, now: SystemTime) -> Vec<u8> {
    let exit = report.exit();
    let json = Json {
        schema: SCHEMA,
        time: humantime::format_rfc3339_millis(now).to_string(),
        binary: "seal-fetcher",
        version: env!("CARGO_PKG_VERSION"),
        mode: report.mode,
        spec: &report.spec,
        outcome: if report.failures.is_empty() { "ok" } else { "failed" },
        exit: ExitJson {
            code: report.exit_code.unwrap_or(exit.code()),
            name: exit.name(),
            retry_helps: exit.retry_helps(),
        },
        failures: report.problems().iter().map(FailureJson::of).collect(),
        published: report.published.as_ref().map(PublishedJson::of),
    };
    let text = serde_json::to_string_pretty(&json).expect("strings and numbers always have a JSON form");
    text.lines().flat_map(|line| (harmless_json(line) + "\n").into_bytes()).collect()
}

/// How long a reader of a pipe may take to make room.
const PATIENCE: Duration = Duration::from_secs(5);

/// Writes all of `bytes` to what does not block.
fn write_within(limit: Duration, mut to: &File, bytes: &[u8]) -> io::Result<()> {
    let begun = Instant::now();
    let mut left = bytes;
    while !left.is_empty() {
        match to.write(left) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => left = &left[written..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && begun.elapsed() < limit => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Writes the report to `path`, complete or not at all; a device or a FIFO is written as it is.
///
/// # Errors
/// If the file can't be made.
pub fn write_json(report: &Report, path: &Path) -> Result<(), AtomicError> {
    let bytes = to_json(report, SystemTime::now());
    let failed = |source| AtomicError::Failed { action: "write", path: path.to_owned(), source };
    match Target::classify(path)? {
        Target::File(place) => {
            let new = NewFile::create(place)?;
            new.file().write_all(&bytes).map_err(failed)?;
            new.commit(Overwrite::Replace)
        }
        Target::Stream(stream) => write_within(PATIENCE, &stream.open_without_waiting()?, &bytes).map_err(failed),
    }
}
