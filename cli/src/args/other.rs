//! The commands that take no keys: `inspect`, `keygen`, `completions` and `man`.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use clap_complete::Shell;

use super::LimitArgs;

const INSPECT_EXAMPLES: &str = "\
Examples:
  sealctl inspect notes.txt.sealed
  sealctl inspect --json *.sealed | jq -r '.keys[].id'";

const KEYGEN_EXAMPLES: &str = "\
Examples:
  sealctl keygen backups
  sealctl encrypt --key local:backups db.dump";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  sealctl completions bash > ~/.local/share/bash-completion/completions/sealctl
  sealctl completions zsh > ~/.zfunc/_sealctl
  sealctl completions fish > ~/.config/fish/completions/sealctl.fish";

const MAN_EXAMPLES: &str = "\
Examples:
  sealctl man | man -l -
  sealctl man ~/.local/share/man/man1";

/// Say what a message's header claims, without a key
///
/// Nothing of it is verified: anyone may have written it. `verify` checks it.
#[derive(Debug, Clone, Args)]
#[command(after_help = INSPECT_EXAMPLES)]
pub(crate) struct InspectArgs {
    /// Files and directories; `-`, or nothing, is standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub(crate) inputs: Vec<PathBuf>,

    /// Print one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

/// Make a local key
///
/// `encrypt --key local:NAME` makes a missing key by itself; this makes one beforehand. Whoever
/// loses the key file loses what was encrypted with it.
#[derive(Debug, Clone, Args)]
#[command(after_help = KEYGEN_EXAMPLES)]
pub(crate) struct KeygenArgs {
    /// The key's name: `--key local:NAME`
    #[arg(value_name = "NAME", default_value = "default")]
    pub(crate) name: String,

    /// Print a JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Print a shell's completion script
#[derive(Debug, Clone, Args)]
#[command(after_help = COMPLETIONS_EXAMPLES)]
pub(crate) struct CompletionsArgs {
    /// Which shell
    #[arg(value_name = "SHELL")]
    pub(crate) shell: Shell,
}

/// Print the manual page, or write one a command to a directory
#[derive(Debug, Clone, Args)]
#[command(after_help = MAN_EXAMPLES)]
pub(crate) struct ManArgs {
    /// Where to write sealctl.1 and a page for each command
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) directory: Option<PathBuf>,
}
