//! From what was typed and configured to a keyring: the seam between the commands and the keys.

use std::path::PathBuf;

/// Everything about keys, context and policy that was typed: no file has been read yet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Intent {
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

// The rest of the seam, in the order in which the commands call it:
//
// impl Session {
//     fn open(intent: Intent, direction: Direction) -> Result<Session, CliError>;
//     /// Plans are cached by governing configuration file. `None` is standard input.
//     fn encrypt_plan(&self, input: Option<&Path>) -> Result<Arc<EncryptPlan>, CliError>;
//     /// Local keys and Regions are found from the header.
//     fn decrypt_plan(&self, input: Option<&Path>, header: &UnverifiedHeader) -> Result<Arc<DecryptPlan>, CliError>;
//     /// The limits that reading a header already has to keep.
//     fn limits(&self, input: Option<&Path>) -> Result<Limits, CliError>;
//     fn block_on<F: Future>(&self, future: F) -> F::Output;
//     fn kms_calls(&self) -> u64;
//     fn audit(&self, event) ;
// }
// struct EncryptPlan { encryptor: Encryptor, context: EncryptionContext, keys: Vec<String> /* as shown by --dry-run and --json */ }
// struct DecryptPlan { decryptor: Decryptor, context: EncryptionContext }
// Session is Sync: the workers of a batch share it.
