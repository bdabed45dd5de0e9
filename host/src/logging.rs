//! Logs: one line an event on standard error, JSON or text.
//!
//! The libraries below speak from `warn` on, whatever the level is: at `debug` the AWS SDK logs requests and answers,
//! plaintext among them. Its target `aws_config` is switched off altogether, for it logs the error output of credential
//! processes, which nobody promised to hold no secret. `aws_smithy_http_client` asks whoever reads its warning to file
//! an issue whenever a peer does not speak HTTP, which our own lines tell of.

use std::io::{self, IsTerminal as _, Write};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::text::harmless_json;

/// What is logged, to standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogSettings {
    /// The form of lines; unless given, text on a terminal and JSON otherwise.
    pub format: Option<LogFormat>,
    /// The least level.
    pub level: LogLevel,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// The least level that is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the levels of every log")]
pub enum LogLevel {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
}

/// Libraries of ours, whose events are logged at the level that is configured, as those of the program itself.
const OURS: [&str; 2] = ["sealkit_host", "sealkit_aws"];

/// Begins to log what `program`, the crates that it is made of, and our libraries tell. Only the first call in a process
/// counts.
pub fn begin(settings: LogSettings, program: &[&'static str]) {
    let format =
        settings.format.unwrap_or_else(|| if io::stderr().is_terminal() { LogFormat::Text } else { LogFormat::Json });
    let lines = tracing_subscriber::fmt::layer();
    let lines = match format {
        LogFormat::Json => lines.json().flatten_event(true).with_writer(JsonLines).boxed(),
        LogFormat::Text => lines.with_ansi(false).with_writer(io::stderr).boxed(),
    };
    // A second subscriber is a test's.
    let _ = tracing_subscriber::registry().with(lines.with_filter(filter(settings.level, program))).try_init();
}

fn filter(level: LogLevel, program: &[&'static str]) -> Targets {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_targets(OURS.iter().chain(program).map(|target| (*target, level)))
        .with_target("aws_config", LevelFilter::OFF)
        .with_target("aws_smithy_http_client", LevelFilter::ERROR)
}

/// Standard error, for lines that are harmless to look at too: JSON itself escapes C0 alone.
#[derive(Clone, Copy)]
struct JsonLines;

impl Write for JsonLines {
    /// Takes a whole event, as the layer writes it.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let body = text.strip_suffix('\n').unwrap_or(&text);
        let mut safe = harmless_json(body);
        safe.push('\n');
        io::stderr().lock().write_all(safe.as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for JsonLines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        *self
    }
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn the_sdk_stays_quiet_at_every_level() {
        let enabled = |level, target, at| filter(level, &["sealkit_kms_plugin"]).would_enable(target, &at);
        for level in [LogLevel::Error, LogLevel::Warn, LogLevel::Info, LogLevel::Debug] {
            assert!(!enabled(level, "aws_config::profile::credentials", Level::ERROR));
            for quiet in ["aws_smithy_runtime::client::orchestrator", "hyper_util::client", "rustls", "aws_sdk_kms"] {
                assert!(!enabled(level, quiet, Level::INFO), "{quiet}");
            }
        }
        assert!(enabled(LogLevel::Debug, "sealkit_kms_plugin::health", Level::DEBUG));
        assert!(!enabled(LogLevel::Info, "sealkit_kms_plugin::health", Level::DEBUG));
        assert!(enabled(LogLevel::Info, "aws_smithy_runtime", Level::WARN));
        assert!(!enabled(LogLevel::Error, "aws_smithy_runtime", Level::WARN));
    }
}
