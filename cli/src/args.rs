//! What was typed, without side effects: nothing here reads a file or an AWS setting.

mod config;
mod decrypt;
mod encrypt;
mod keys;
#[cfg(feature = "kube")]
mod kube;
mod limits;
mod other;
mod run;

use std::path::Path;

use clap::{Parser, Subcommand};
use sealkit_host::private_file::shell_word;

pub(crate) use self::config::{ConfigAction, ConfigArgs};
pub(crate) use self::decrypt::{DecryptArgs, VerifyArgs};
pub(crate) use self::encrypt::EncryptArgs;
#[cfg(feature = "kube")]
pub(crate) use self::kube::{EncryptionConfigArgs, KubeAction, KubeArgs, Manifest};
pub(crate) use self::limits::LimitArgs;
pub(crate) use self::other::{CompletionsArgs, InspectArgs, KeygenArgs, ManArgs};
pub(crate) use self::run::RunArgs;

const EXAMPLES: &str = "\
Examples:
  sealctl encrypt --key local:demo notes.txt      Write notes.txt.sealed; make the key if missing
  sealctl decrypt notes.txt.sealed                Print it: the key is found from the file
  sealctl encrypt --key alias/backups -o sealed/ data/
                                                  Encrypt a tree with a key in AWS KMS
  tar c data | sealctl encrypt --key local:demo > data.tar.sealed
                                                  Encrypt a stream
  sealctl inspect notes.txt.sealed                Say what can be known without the key

Files are messages of the AWS Encryption SDK: every official SDK reads them.
Exit codes: 0 done, 2 usage, 3 configuration, 4 denied, 5 not found, 6 unavailable, 7 refused or not
authentic, 8 some of a batch failed, 9 reading or writing failed.";

/// Encrypt and decrypt files with a local key or AWS KMS.
#[derive(Debug, Parser)]
#[command(name = "sealctl", version, max_term_width = 100, after_help = EXAMPLES)]
pub(crate) struct LowArgs {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// One command a variant.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Encrypt(EncryptArgs),
    Decrypt(DecryptArgs),
    Verify(VerifyArgs),
    Inspect(InspectArgs),
    Keygen(KeygenArgs),
    Config(ConfigArgs),
    #[cfg(feature = "kube")]
    Kube(KubeArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

/// The longest command line that an error repeats, in bytes.
const LONGEST_TO_RETYPE: usize = 400;

/// What stands behind the command, each word after a blank and quoted for a shell; `None` where that is long, or no
/// shell could be given it.
fn typed_behind_the_command() -> Option<String> {
    let mut typed = String::new();
    for word in std::env::args_os().skip(2) {
        let word = word.into_string().ok()?;
        let bare = word.trim_start_matches('-');
        typed.push(' ');
        typed.push_str(&word[..word.len() - bare.len()]);
        if !bare.is_empty() {
            typed.push_str(&shell_word(Path::new(bare))?);
        }
    }
    (typed.len() <= LONGEST_TO_RETYPE).then_some(typed)
}
