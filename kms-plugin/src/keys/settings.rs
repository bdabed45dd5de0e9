//! What a socket's keys are configured with.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// The keys of one socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySetSettings {
    /// The key that encrypts. Its name is the `key_id`, verbatim.
    pub write: KeySettings,
    /// Keys that only decrypt what they encrypted before.
    pub read: Vec<KeySettings>,
    /// The local-KEK mode; without it, the direct one.
    pub local_kek: Option<LocalKekSettings>,
    /// Whether the `key_id` follows the key material of AWS.
    pub follow_key_material: bool,
    /// Entries of the unwrap cache (20,000 unless configured).
    pub cache_entries: usize,
    /// From a revocation that is certain to the flush of what was unwrapped under the key (60 s).
    pub flush_after: Duration,
    /// Where wrapped KEKs and rotations are remembered: ciphertext and names only.
    pub state_file: Option<PathBuf>,
}

/// One key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySettings {
    /// As it was typed: key ARN, key id, alias, or `local:PATH`.
    pub name: String,
    /// The encryption context of all calls for it.
    pub context: BTreeMap<String, String>,
    /// The Region, where the name carries none: the process' own if this is none too.
    pub region: Option<String>,
    /// Regions of replicas of a multi-Region key, which Decrypt fails over to on an outage.
    pub replicas: Vec<String>,
    /// Whether Encrypt fails over too.
    pub encrypt_failover: bool,
}

/// Limits of the KEKs that the plugin makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalKekSettings {
    /// A KEK older than this is replaced (7 days).
    pub renew_after: Duration,
    /// A KEK older than this encrypts no more, whether it could be replaced or not (14 days).
    pub max_age: Duration,
    /// Uses after which it is replaced (2^21).
    pub renew_after_uses: u64,
    /// Uses after which it encrypts no more (2^22 - 1).
    pub max_uses: u64,
}

impl Default for LocalKekSettings {
    fn default() -> Self {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        Self { renew_after: 7 * DAY, max_age: 14 * DAY, renew_after_uses: 1 << 21, max_uses: (1 << 22) - 1 }
    }
}
