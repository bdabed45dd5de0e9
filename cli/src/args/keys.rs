//! Flags that say which keys, and for what context.

use clap::Args;

use crate::keys::Intent;

/// Keys, and where AWS is asked for them.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Keys")]
pub(crate) struct KeyArgs {
    /// A key: local:NAME, or a KMS key ARN, key id, alias/NAME or alias ARN (repeatable)
    ///
    /// When encrypting, any one of several keys can decrypt later. `--key local:NAME` makes the
    /// key if there is none of that name.
    #[arg(long = "key", short, value_name = "KEY")]
    pub(crate) keys: Vec<String>,

    /// Encryption context: authenticated and stored in the clear (repeatable)
    ///
    /// When decrypting, the pair must be stored in the message with that value, or have been
    /// required but not stored when it was written.
    #[arg(long, short, value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) context: Vec<(String, String)>,

    /// A name that the encryption context must have (repeatable)
    #[arg(long = "require-context-key", value_name = "NAME")]
    pub(crate) require_context_keys: Vec<String>,

    /// AWS profile [default: AWS_PROFILE, or else the profile "default"]
    #[arg(long, value_name = "PROFILE")]
    pub(crate) profile: Option<String>,

    /// AWS Region of keys whose name has none [default: from the environment or the profile]
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,

    /// Where to try a multi-Region key next when its Region is down or throttles (repeatable, in order)
    #[arg(long = "failover-region", value_name = "REGION")]
    pub(crate) failover_regions: Vec<String>,
}

impl KeyArgs {
    pub(super) fn apply(&self, intent: &mut Intent) {
        intent.keys.clone_from(&self.keys);
        intent.context.clone_from(&self.context);
        intent.require_context_keys.clone_from(&self.require_context_keys);
        intent.profile.clone_from(&self.profile);
        intent.region.clone_from(&self.region);
        intent.failover_regions.clone_from(&self.failover_regions);
    }
}

fn pair(typed: &str) -> Result<(String, String), String> {
    match typed.split_once('=') {
        Some(("", _)) => Err("the name before = is empty".to_owned()),
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => Err("write it as NAME=VALUE".to_owned()),
    }
}
