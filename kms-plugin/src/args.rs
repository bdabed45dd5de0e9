//! What was typed: the flags of aws-encryption-provider (AEP), whose values are read as pflag reads them, and our own.
//!
//! clap finds flags and complains of those that it does not know; values stay text until [`Args::read`], so that all
//! mistakes in them are told at once, beside those of the file.

mod read;

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueHint};
use clap_complete::Shell;

pub use read::Reading;

/// Shown below `--help`, and in the manual page.
const EXAMPLES: &str = "\
Examples:
  seal-kms-plugin --key arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
                                    Serve /var/run/kmsplugin/socket.sock, as aws-encryption-provider does
  seal-kms-plugin --key alias/app --listen /run/kms/a.sock --encryption-context cluster=blue --local-kek
                                    Stay able to restart kube-apiserver while KMS is out
  seal-kms-plugin --config /etc/kubernetes/seal-kms-plugin.yaml
                                    Many keys, contexts and Regions; read again on SIGHUP and when it changes
  seal-kms-plugin --config /etc/kubernetes/seal-kms-plugin.yaml --check-config
                                    Say every mistake in it, and serve nothing
  seal-kms-plugin --key local:/etc/kms/test.key
                                    A test cluster without AWS (make the key with `sealctl keygen`)

A value has one place: what the file says, no flag may say. KMS need not answer at the start.
Exit codes: 0 drained after SIGTERM, 2 an unknown flag, 3 a mistake in flags or file, 9 a socket, port
or file cannot be had.";

/// The KMS encryption provider for Kubernetes Secrets.
///
/// Runs beside kube-apiserver and serves KMS v2 and v1 on unix sockets. It takes all flags of
/// aws-encryption-provider and writes the same bytes.
#[derive(Clone, Debug, Default, Parser)]
#[command(
    name = "seal-kms-plugin", version, max_term_width = 100, after_help = EXAMPLES,
    // As pflag: the last one counts.
    args_override_self = true,
    subcommand_negates_reqs = true, disable_help_subcommand = true,
)]
pub struct Args {
    #[command(flatten)]
    pub(crate) shared: SharedArgs,

    #[command(flatten)]
    pub(crate) own: OwnArgs,

    /// What to do instead of serving.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What else there is to do.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum Command {
    /// Print a shell's completion script
    Completions {
        /// Which shell
        #[arg(value_name = "SHELL")]
        shell: Shell,
    },
    /// Print the manual page
    Man,
}

/// The flags of aws-encryption-provider, of the same meaning.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "As aws-encryption-provider")]
pub(crate) struct SharedArgs {
    /// Keys that encrypt, one a socket: key ARN, key id, alias, or local:PATH of a key file
    ///
    /// A comma-separated list, or repeated. As typed it is the key_id that kube-apiserver stores: keep it as it is.
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Vec<String>,

    /// Sockets, as many as keys [default: /var/run/kmsplugin/socket.sock]
    ///
    /// A comma-separated list, or repeated.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(crate) listen: Vec<String>,

    /// The encryption context of the first key, of the second where it is repeated, and so on: a=b,c=d
    #[arg(long, value_name = "PAIRS")]
    pub(crate) encryption_context: Vec<String>,

    /// The Region of keys that name none [default: environment, profile, instance]
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,

    /// The endpoint of KMS, instead of AWS' own
    #[arg(long, value_name = "URL")]
    pub(crate) kms_endpoint: Option<String>,

    /// On whose behalf KMS is called: sent as x-amz-source-arn and x-amz-source-account
    #[arg(long, value_name = "ARN")]
    pub(crate) source_arn: Option<String>,

    /// Capacity of the bucket that retries are paid from [default: 500 a Region]
    #[arg(long, value_name = "TOKENS")]
    pub(crate) retry_token_capacity: Option<String>,

    /// Where the HTTP endpoints listen: :PORT, or ADDRESS:PORT [default: :8080]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) health_port: Option<String>,

    /// The path of the health check [default: /healthz]
    #[arg(long, value_name = "PATH")]
    pub(crate) healthz_path: Option<String>,

    /// The path of the liveness check [default: /livez]
    #[arg(long, value_name = "PATH")]
    pub(crate) livez_path: Option<String>,

    /// Log more, as --log-level debug
    #[arg(long, value_name = "BOOLEAN", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) debug: Option<String>,

    /// v1 or v2; without effect, a probe being the same for both
    #[arg(long, value_name = "VERSION", hide_short_help = true)]
    pub(crate) health_kms_version: Option<String>,

    /// Deprecated, without effect: --retry-token-capacity
    #[arg(long, value_name = "NUMBER", hide_short_help = true)]
    pub(crate) qps_limit: Option<String>,

    /// Deprecated, without effect: --retry-token-capacity
    #[arg(long, value_name = "NUMBER", hide_short_help = true)]
    pub(crate) burst_limit: Option<String>,
}

/// Our own flags. Those of sockets and keys hold for every socket that flags name.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Further flags")]
pub(crate) struct OwnArgs {
    /// The configuration file (YAML; docs/kms-plugin-config.md)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,

    /// Check flags, file, key files and AWS settings, say every mistake, and end
    #[arg(long, value_name = "BOOLEAN", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) check_config: Option<String>,

    /// The AWS profile [default: AWS_PROFILE]
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    /// Append audit lines to FILE (JSON; docs/audit.md)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) audit: Option<String>,

    /// Let the health check ask KMS, as that of aws-encryption-provider does
    #[arg(long, value_name = "BOOLEAN", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) deep_healthz: Option<String>,

    /// Entries of each socket's cache of unwraps; 0 for none [default: 20000]
    #[arg(long, value_name = "NUMBER")]
    pub(crate) cache_entries: Option<String>,

    /// From a certain revocation to the flush of what was unwrapped under the key [default: 60s]
    #[arg(long, value_name = "TIME")]
    pub(crate) flush_after: Option<String>,

    /// Encrypt under a key of our own, wrapped by the KMS key: a restart of kube-apiserver needs no KMS
    ///
    /// Only once all kube-apiservers run this plugin; aws-encryption-provider cannot read what it writes.
    #[arg(long, value_name = "BOOLEAN", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) local_kek: Option<String>,

    /// Let the key_id follow the key material of AWS, so that rotation there makes a new seed here
    #[arg(long, value_name = "BOOLEAN", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) follow_key_material: Option<String>,

    /// Remember wrapped KEKs and key materials in FILE (no secrets); for one socket
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) state_file: Option<String>,

    /// Permission bits of the sockets, in octal [default: 0600]
    #[arg(long, value_name = "MODE")]
    pub(crate) socket_mode: Option<String>,

    /// The uid that owns the sockets [default: that of this process]
    #[arg(long, value_name = "UID")]
    pub(crate) socket_owner: Option<String>,

    /// The gid of the sockets [default: that of this process]
    #[arg(long, value_name = "GID")]
    pub(crate) socket_group: Option<String>,

    /// Serve only processes of these uids; a comma-separated list, or repeated
    #[arg(long, value_name = "UID")]
    pub(crate) allowed_uids: Vec<String>,

    /// json or text [default: text on a terminal, else json]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) log_format: Option<String>,

    /// error, warn, info or debug [default: info]
    #[arg(long, value_name = "LEVEL")]
    pub(crate) log_level: Option<String>,
}

#[cfg(test)]
mod tests;
