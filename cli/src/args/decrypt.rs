//! `sealctl decrypt` and `sealctl verify`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::keys::KeyArgs;
use super::{LimitArgs, RunArgs};
use crate::keys::Intent;

const DECRYPT_EXAMPLES: &str = "\
Examples:
  sealctl decrypt notes.txt.sealed                    to standard output; finds a local key
  sealctl decrypt -o notes.txt notes.txt.sealed       to a file
  sealctl decrypt --beside *.sealed                   each beside its input, without .sealed
  sealctl decrypt -o data/ sealed/                    a tree, mirrored
  sealctl decrypt -k arn:aws:kms:eu-west-1:111122223333:key/... -c app=demo db.dump.sealed
                                                      a key in AWS KMS; the context must match";

const VERIFY_EXAMPLES: &str = "\
Examples:
  sealctl verify notes.txt.sealed
  sealctl verify --json backups/ > report.jsonl";

/// Flags about keys that only reading knows.
#[derive(Debug, Clone, Args)]
struct UnwrapArgs {
    #[command(flatten)]
    keys: KeyArgs,

    /// Without --key: unwrap with any KMS key of this account that the message names (repeatable)
    #[arg(long = "discovery-account", value_name = "ACCOUNT", help_heading = "Keys", conflicts_with = "keys")]
    discovery_accounts: Vec<String>,

    #[command(flatten)]
    limits: LimitArgs,

    /// Refuse signed messages: of those, frames are released before the signature is verified
    #[arg(long, help_heading = "Limits")]
    refuse_signed: bool,
}

impl UnwrapArgs {
    fn intent(&self, command: &'static str, run: &RunArgs) -> Intent {
        let mut intent = Intent {
            command: Some(command),
            // Errors don't repeat the values of a context.
            retype: self.keys.context.is_empty().then(super::typed_behind_the_command).flatten(),
            discovery_accounts: self.discovery_accounts.clone(),
            refuse_signed: self.refuse_signed,
            ..Intent::default()
        };
        self.keys.apply(&mut intent);
        self.limits.apply(&mut intent);
        run.apply(&mut intent);
        intent
    }
}

/// Decrypt files, directories or standard input
///
/// One input goes to standard output unless -o or --beside says otherwise. Each frame is released
/// once it is verified: when a later one turns out to be damaged, what was printed is authentic but
/// not all, and the exit code is not 0. A file is linked into place only when all of it is verified.
#[derive(Debug, Clone, Args)]
#[command(after_help = DECRYPT_EXAMPLES)]
pub(crate) struct DecryptArgs {
    /// Files and directories; `-`, or nothing, is standard input
    ///
    /// In directories, files that end in .sealed are taken and symbolic links are not followed.
    #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub(crate) inputs: Vec<PathBuf>,

    /// The file for one input, the directory for several or for a tree; `-` is standard output
    #[arg(long, short, value_name = "PATH", value_hint = ValueHint::AnyPath, help_heading = "Output")]
    pub(crate) output: Option<PathBuf>,

    /// Write FILE.sealed to FILE, in the same directory
    #[arg(long, conflicts_with = "output", help_heading = "Output")]
    pub(crate) beside: bool,

    /// Replace targets that exist
    #[arg(long, short, help_heading = "Output")]
    pub(crate) force: bool,

    #[command(flatten)]
    unwrap: UnwrapArgs,

    #[command(flatten)]
    pub(crate) run: RunArgs,
}

impl DecryptArgs {
    /// What was typed about keys, context and policy.
    pub(crate) fn intent(&self) -> Intent {
        self.unwrap.intent("decrypt", &self.run)
    }
}

/// Authenticate whole messages and write nothing
///
/// Unwraps the data key and checks every frame and the signature as `decrypt` does.
#[derive(Debug, Clone, Args)]
#[command(after_help = VERIFY_EXAMPLES)]
pub(crate) struct VerifyArgs {
    /// Files and directories; `-`, or nothing, is standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub(crate) inputs: Vec<PathBuf>,

    #[command(flatten)]
    unwrap: UnwrapArgs,

    #[command(flatten)]
    pub(crate) run: RunArgs,
}

impl VerifyArgs {
    /// What was typed about keys, context and policy.
    pub(crate) fn intent(&self) -> Intent {
        self.unwrap.intent("verify", &self.run)
    }
}
