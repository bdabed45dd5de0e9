//! Flags about the run itself, the same for every command that takes many inputs.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueHint};

use crate::keys::Intent;

/// How the run goes and what it says about itself.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Run")]
pub(crate) struct RunArgs {
    /// Say what would be done, and do nothing
    ///
    /// Inputs, targets, configuration and keys are resolved; no key is made, no call to KMS, no
    /// file written.
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Print one JSON object a line on standard output: one for each input and a summary
    #[arg(long)]
    pub(crate) json: bool,

    /// How many files to work on at once [default: one a core]
    ///
    /// A single file is worked on by all cores in any case.
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,

    /// Print errors only: no notes, summary or progress
    #[arg(long, short)]
    pub(crate) quiet: bool,

    /// Append one audit line a file to FILE (JSON; docs/audit.md)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) audit: Option<PathBuf>,
}

impl RunArgs {
    pub(super) fn apply(&self, intent: &mut Intent) {
        intent.audit.clone_from(&self.audit);
        intent.dry_run = self.dry_run;
        intent.quiet = self.quiet;
    }
}
