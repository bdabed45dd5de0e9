//! Flags that raise or lower what a message may claim.

use clap::Args;
use clap::builder::RangedU64ValueParser;

use crate::keys::Intent;

/// Limits kept before memory is reserved or a key is asked for; they hold when encrypting too.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    /// Most encrypted data keys in a message [default: 16]
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..=65_535))]
    pub(crate) max_encrypted_data_keys: Option<usize>,

    /// Longest header, in bytes [default: 1048576]
    #[arg(long, value_name = "BYTES")]
    pub(crate) max_header_bytes: Option<usize>,

    /// Longest frame, in bytes [default: 16777216]
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_frame_length: Option<u32>,
}

impl LimitArgs {
    pub(super) fn apply(&self, intent: &mut Intent) {
        intent.max_encrypted_data_keys = self.max_encrypted_data_keys;
        intent.max_header_bytes = self.max_header_bytes;
        intent.max_frame_length = self.max_frame_length;
    }
}

impl LimitArgs {
    /// The limits alone, for `inspect`, which has neither keys nor configuration.
    pub(crate) fn resolve(&self) -> sealkit_envelope::Limits {
        let default = sealkit_envelope::Limits::default();
        sealkit_envelope::Limits {
            max_encrypted_data_keys: self.max_encrypted_data_keys.unwrap_or(default.max_encrypted_data_keys),
            max_header_bytes: self.max_header_bytes.unwrap_or(default.max_header_bytes),
            max_frame_length: self.max_frame_length.unwrap_or(default.max_frame_length),
        }
    }
}
