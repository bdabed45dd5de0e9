//! `sealctl encrypt`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::keys::KeyArgs;
use super::{LimitArgs, RunArgs};
use crate::keys::Intent;

const EXAMPLES: &str = "\
Examples:
  sealctl encrypt --key local:demo notes.txt          notes.txt.sealed beside it; notes.txt stays
  sealctl encrypt -k local:demo --rm notes.txt        the same, then remove notes.txt
  sealctl encrypt -k local:demo -o sealed/ data/ x    data/ and x, mirrored below sealed/
  sealctl encrypt -k alias/backups -c app=demo db.dump
                                                      a key in AWS KMS, bound to a context
  pg_dump db | sealctl encrypt -k local:demo > db.sealed
  sealctl encrypt -k local:demo --armor - < token     base64, to paste";

/// Encrypt files, directories or standard input
///
/// FILE becomes FILE.sealed beside it and stays. Files are written unnamed with mode 0600, synced
/// and linked into place when complete: an interrupted run leaves the target as it was.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct EncryptArgs {
    /// Files and directories; `-`, or nothing, is standard input
    ///
    /// In directories, symbolic links are not followed, and files that end in .sealed and
    /// sealctl.toml are left out.
    #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub(crate) inputs: Vec<PathBuf>,

    /// The file for one input, the directory for several or for a tree; `-` is standard output
    #[arg(long, short, value_name = "PATH", value_hint = ValueHint::AnyPath, help_heading = "Output")]
    pub(crate) output: Option<PathBuf>,

    /// Replace targets that exist
    #[arg(long, short, help_heading = "Output")]
    pub(crate) force: bool,

    /// Write base64 without markers: about a third longer, safe to paste
    #[arg(long, short, help_heading = "Output")]
    pub(crate) armor: bool,

    /// Remove each input once its encrypted file is synced to disk
    ///
    /// The blocks of the removed file are not overwritten.
    #[arg(long, help_heading = "Output")]
    pub(crate) rm: bool,

    /// Sign the message (suite 0x0578): who can only decrypt cannot alter it unnoticed
    #[arg(long, help_heading = "Message")]
    pub(crate) sign: bool,

    /// Plaintext bytes in a frame [default: 262144]
    ///
    /// Python's AWS Encryption SDKs read multiples of 128 only; the default is one.
    #[arg(long, value_name = "BYTES", help_heading = "Message", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) frame_length: Option<u32>,

    #[command(flatten)]
    pub(crate) keys: KeyArgs,

    /// Let encryption, too, move on to the next --failover-region
    #[arg(long, requires = "failover_regions", help_heading = "Keys")]
    pub(crate) encrypt_failover: bool,

    #[command(flatten)]
    pub(crate) limits: LimitArgs,

    #[command(flatten)]
    pub(crate) run: RunArgs,
}

impl EncryptArgs {
    /// What was typed about keys, context and message.
    pub(crate) fn intent(&self) -> Intent {
        let mut intent = Intent {
            encrypt_failover: self.encrypt_failover,
            sign: self.sign,
            frame_length: self.frame_length,
            ..Intent::default()
        };
        self.keys.apply(&mut intent);
        self.limits.apply(&mut intent);
        self.run.apply(&mut intent);
        intent
    }
}
