//! Flags of every mode that fetches, and the mode that does nothing else.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};
use sealkit_host::logging::{LogFormat, LogLevel, LogSettings};

use super::{AwsArgs, PlaceArgs, SpecArgs, TargetArgs};

const INIT_EXAMPLES: &str = "\
Examples:
  seal-fetcher init --spec /etc/sealkit/secrets.yaml --target /secrets
  seal-fetcher init --spec kube:app --target /secrets --report /tmp/report.json
  seal-fetcher init --spec secrets.yaml --target /secrets --failover-region eu-central-1";

/// Fetch once, publish, end
///
/// For an init container. If anything is missing nothing is published, and the exit code says why.
#[derive(Clone, Debug, Args)]
#[command(after_help = INIT_EXAMPLES)]
pub struct InitArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flags of several modes, said at the type")]
    pub fetch: FetchArgs,

    #[command(flatten)]
    #[expect(missing_docs, reason = "flags of several modes, said at the type")]
    pub target: TargetArgs,
}

/// What every mode that fetches takes.
#[derive(Clone, Debug, Args)]
#[expect(missing_docs, reason = "each is said at its type")]
pub struct FetchArgs {
    #[command(flatten)]
    pub spec: SpecArgs,
    #[command(flatten)]
    pub place: PlaceArgs,
    #[command(flatten)]
    pub aws: AwsArgs,
    #[command(flatten)]
    pub reports: ReportArgs,
    #[command(flatten)]
    pub log: LogArgs,
}

/// Where a run tells how it went, beside standard error and its exit code.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Reports")]
pub struct ReportArgs {
    /// Append one audit line for each call and each publication to FILE (JSON; docs/audit.md)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub audit: Option<PathBuf>,

    /// Write how the run went to FILE, as JSON without any value
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub report: Option<PathBuf>,

    /// Write failures to FILE, 4,096 bytes at most [default: /dev/termination-log where it is there]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub termination_message: Option<PathBuf>,
}

/// What is logged, to standard error.
#[derive(Clone, Copy, Debug, Default, Args)]
#[command(next_help_heading = "Logs")]
pub struct LogArgs {
    /// How log lines are written [default: text on a terminal, else json]
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<FormatChoice>,

    /// The least level that is logged
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    log_level: LevelChoice,
}

impl LogArgs {
    /// The same as the log takes it.
    #[must_use]
    pub fn settings(self) -> LogSettings {
        LogSettings {
            format: self.log_format.map(|format| match format {
                FormatChoice::Text => LogFormat::Text,
                FormatChoice::Json => LogFormat::Json,
            }),
            level: match self.log_level {
                LevelChoice::Error => LogLevel::Error,
                LevelChoice::Warn => LogLevel::Warn,
                LevelChoice::Info => LogLevel::Info,
                LevelChoice::Debug => LogLevel::Debug,
            },
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatChoice {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum LevelChoice {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
}
