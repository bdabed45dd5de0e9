//! From what was typed and configured to a keyring: the seam between the commands and the keys.
//!
//! ```text
//! Intent (typed) ─┐
//! sealctl.toml   ─┼─▶ choice: which keys, and may they be used ─▶ keyring ─▶ plan, one for all inputs under one rule
//! user's config  ─┘
//! ```

mod audit;
mod choice;
#[cfg(feature = "aws")]
mod giving_up;
mod keyring;
mod kms;
mod plan;
pub(crate) mod reference;
mod runtime;
mod session;
pub(crate) mod store;

use std::path::PathBuf;

pub(crate) use self::audit::Entry;
pub(crate) use self::plan::{DecryptPlan, EncryptPlan};
pub(crate) use self::session::{Session, keygen, new_key_note};

/// Everything about keys, context and policy that was typed: no file has been read yet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Intent {
    /// `decrypt` or `verify`, where a key may have to be named yet.
    #[cfg_attr(not(feature = "aws"), expect(dead_code, reason = "only a key in AWS KMS has to be named"))]
    pub(crate) command: Option<&'static str>,
    /// What was typed behind the command, quoted for a shell, unless that is long.
    #[cfg_attr(not(feature = "aws"), expect(dead_code, reason = "only a key in AWS KMS has to be named"))]
    pub(crate) retype: Option<String>,
    /// `--key`, in the order given: the first generates the data key.
    pub(crate) keys: Vec<String>,
    /// `--context KEY=VALUE`.
    pub(crate) context: Vec<(String, String)>,
    /// `--require-context-key`.
    pub(crate) require_context_keys: Vec<String>,
    /// `--discovery-account`.
    pub(crate) discovery_accounts: Vec<String>,
    /// `--failover-region`, in the order to try.
    pub(crate) failover_regions: Vec<String>,
    /// `--encrypt-failover`.
    pub(crate) encrypt_failover: bool,
    /// `--profile`.
    pub(crate) profile: Option<String>,
    /// `--region`.
    pub(crate) region: Option<String>,
    /// `--sign`: suite 0x0578 in place of 0x0478.
    pub(crate) sign: bool,
    /// `--frame-length`, in bytes.
    pub(crate) frame_length: Option<u32>,
    /// `--max-encrypted-data-keys`.
    pub(crate) max_encrypted_data_keys: Option<usize>,
    /// `--max-header-bytes`.
    pub(crate) max_header_bytes: Option<usize>,
    /// `--max-frame-length`, in bytes.
    pub(crate) max_frame_length: Option<u32>,
    /// `--refuse-signed`.
    pub(crate) refuse_signed: bool,
    /// `--audit FILE`.
    pub(crate) audit: Option<PathBuf>,
    /// `--dry-run`: keys are resolved and nothing is made, neither key nor call to KMS.
    pub(crate) dry_run: bool,
    /// `--quiet`: no notes on standard error.
    pub(crate) quiet: bool,
}

/// What the command does with its inputs, so that a session asks for no more than it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Data keys are generated and wrapped.
    Encrypt,
    /// Data keys are unwrapped, by `decrypt` and `verify`.
    Decrypt,
}
