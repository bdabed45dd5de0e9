//! What stories have in common: a KMS, a key, a plugin, and waiting.

use std::future::Future;
use std::time::{Duration, Instant};

use sealkit_rig::kms_plugin::Plan;
use sealkit_rig::{AwsDouble, KmsClient, KmsPlugin, Operation};

/// A KMS with one key.
pub(crate) struct Scene {
    pub(crate) aws: AwsDouble,
    pub(crate) key: String,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let aws = AwsDouble::start();
        let key = aws.kms().create_key("us-east-1");
        Self { aws, key }
    }

    /// A plugin in direct mode, by flags alone.
    pub(crate) fn direct(&self) -> Plan {
        Plan::new(&self.aws, &self.key)
    }

    /// A plugin whose socket has these lines of YAML more, beside `path` and `key`.
    pub(crate) fn configured(&self, socket: &[&str]) -> Plan {
        let more: String = socket.iter().map(|line| format!("    {line}\n")).collect();
        Plan::new(&self.aws, &self.key).with_config(&format!(
            "sockets:\n  - path: '{{socket}}'\n    key: '{{key}}'\n{more}healthPort: '{{health}}'\n\
             kmsEndpoint: '{{endpoint}}'\nregion: us-east-1\naudit: '{{dir}}/audit.jsonl'\nlogLevel: debug\n"
        ))
    }

    /// A plugin with a local KEK and a state file.
    pub(crate) fn local_kek(&self) -> Plan {
        self.configured(&["localKek: true", "stateFile: '{dir}/state'"])
    }

    pub(crate) fn calls(&self, operation: Operation) -> u64 {
        self.aws.calls().count(operation)
    }

    /// Decrypt calls that were no probe's, while nothing but reading was asked: each probe Encrypts once and Decrypts
    /// once.
    pub(crate) fn decrypts_apart_from_probes(&self) -> u64 {
        self.calls(Operation::Decrypt).saturating_sub(self.calls(Operation::Encrypt))
    }
}

/// Waits until Status says `ok`.
pub(crate) async fn until_ok(plugin: &KmsPlugin) -> Duration {
    let client = plugin.client();
    eventually("Status is ok", async || healthz(&client).await == "ok").await
}

/// What Status says: `ok`, a reason, or the name of a gRPC code.
pub(crate) async fn healthz(client: &KmsClient) -> String {
    match client.status().await {
        Ok(status) => status.healthz,
        Err(status) => format!("{:?}", status.code()),
    }
}

/// Waits until something holds, for two minutes at most, and says how long it took.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, holds: impl Fn() -> F) -> Duration {
    let begin = Instant::now();
    while !holds().await {
        assert!(begin.elapsed() < Duration::from_secs(120), "it never came true: {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    begin.elapsed()
}

/// Whether stories are to take as long as in earnest (`./check --long`).
pub(crate) fn is_long() -> bool {
    std::env::var_os("SEALKIT_LONG").is_some()
}

/// A request's UUID.
pub(crate) const UID: &str = "00000000-0000-4000-8000-000000000001";
