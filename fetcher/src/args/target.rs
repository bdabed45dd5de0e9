//! Flags about the directory that secrets go to.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};

use super::value;

/// Where secrets are published.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Target")]
pub struct TargetArgs {
    /// The directory, on a tmpfs that is mounted already
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub target: PathBuf,

    #[command(flatten)]
    #[expect(missing_docs, reason = "shared with exec, which says it")]
    pub rules: TargetRules,
}

/// What is asked of the target.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Target")]
pub struct TargetRules {
    /// Take a target that is no memory: for tests, for secrets stay on the disk
    #[arg(long)]
    pub allow_disk: bool,

    /// How long the previous generation stays after a switch, for its readers
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = value::any_time)]
    pub keep: Duration,
}
