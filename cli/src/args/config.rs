//! `sealctl config`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

const EXAMPLES: &str = "\
Examples:
  sealctl config secrets/db.env         which keys, context and limits apply, and who says so
  sealctl config allow .                show what a sealctl.toml chooses, and allow it
  sealctl config revoke .               take that back
  sealctl config ./allow                about a file of that name";

/// Say which configuration applies to a path, and why
///
/// A sealctl.toml in the directory of a file, or in one above it up to the root of the repository,
/// maps paths to keys, context and policy. It can only narrow what you allow; the keys and the
/// context that it chooses are used once you have allowed them here.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    pub(crate) action: Option<ConfigAction>,

    /// A file or directory, present or not; `-`, or nothing, is standard input
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,

    /// Print one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

/// What else there is to do about configuration.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum ConfigAction {
    /// Show the keys and the context that a sealctl.toml chooses, and allow them
    ///
    /// This holds for the file as it is now: when it changes, you are asked again.
    Allow {
        /// The sealctl.toml, or a path that it governs
        #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath, default_value = ".")]
        path: PathBuf,

        /// Allow without asking
        #[arg(long, short)]
        yes: bool,
    },
    /// Take back what was allowed about a sealctl.toml
    Revoke {
        /// The sealctl.toml, or a path that it governs
        #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath, default_value = ".")]
        path: PathBuf,
    },
}
