//! What the command line says.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

const EXAMPLES: &str = "\
Plugins are started with the flags that aws-encryption-provider and seal-kms-plugin share (--key, --listen, \
--health-port, --kms-endpoint, --region). A command with arguments of its own is taken as it is, with {socket}, \
{health}, {endpoint}, {key} and {dir} replaced, so that any plugin that can be pointed at a KMS endpoint can be measured.

Examples:
  Two plugins side by side, 10,000 v1 objects, a KMS of 10 ms and 100 requests/s, decrypted as a LIST does:
    sealkit-kms-load --plugin ours=target/release/seal-kms-plugin \\
        --plugin aep=aws-encryption-provider --kms-latency 10ms --kms-rate 100 list --api v1 --objects 10000

  What a plugin adds to the bare SDK at 500 uncached Decrypts a second:
    sealkit-kms-load --plugin ours=target/release/seal-kms-plugin --kms-latency 50ms open --rate 500

  A plugin with arguments of its own:
    sealkit-kms-load --plugin 'mine=/opt/plugin --config {dir}/c.yaml --socket {socket} --kms {endpoint}' steady

  A plugin that runs already, at a KMS endpoint on a port that is known before:
    seal-kms-plugin --key arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab \\
        --listen /tmp/kms.sock --kms-endpoint http://127.0.0.1:4599 --region us-east-1 &
    sealkit-kms-load --kms-port 4599 --socket mine=/tmp/kms.sock steady

Every answer is compared with what was encrypted. Latencies of an open loop count from the moment a call was due, \
so that a plugin that stalls does not hide it (no coordinated omission). Quantiles are exact.";

/// Drives the socket of any Kubernetes KMS plugin, and says what it costs.
#[derive(Parser)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Starts this plugin; repeat it to measure several side by side.
    #[arg(long = "plugin", value_name = "NAME=COMMAND", value_parser = named)]
    pub(crate) plugins: Vec<(String, String)>,
    /// Drives a plugin that runs already. It must have been pointed at the port given by --kms-port.
    #[arg(long = "socket", value_name = "NAME=PATH", value_parser = named)]
    pub(crate) sockets: Vec<(String, String)>,
    /// The key; its material follows from its ARN.
    #[arg(
        long,
        value_name = "ARN",
        default_value = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    )]
    pub(crate) key: String,
    /// How long KMS takes for each answer, while something is measured.
    #[arg(long, value_name = "DURATION", default_value = "10ms", value_parser = humantime::parse_duration)]
    pub(crate) kms_latency: Duration,
    /// Calls a second that KMS takes of each operation before it throttles, while something is measured.
    #[arg(long, value_name = "CALLS")]
    pub(crate) kms_rate: Option<u32>,
    /// Port of the first plugin's KMS endpoint on 127.0.0.1; the next has the next one. Free ones unless given.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub(crate) kms_port: u16,
    /// Prints JSON, one object a line.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) mode: Mode,
}

#[derive(Subcommand)]
pub(crate) enum Mode {
    /// Objects are written, the plugin restarted, and all of them read as by a LIST: cold, and again.
    List(List),
    /// Encrypt, Decrypt and Status in a mix, as fast as so many callers can.
    Steady(Steady),
    /// Decrypts at a fixed rate, whether earlier ones have ended or not, beside the bare SDK in turns.
    Open(Open),
    /// Every figure that seal-kms-plugin is held to, beside its target.
    Targets(Targets),
    /// A mixed load for a long time, with KMS failing now and then: errors, and memory at start and end.
    Soak(Soak),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Api {
    V1,
    V2,
}

#[derive(clap::Args)]
pub(crate) struct List {
    /// The version of the plugin API.
    #[arg(long, value_enum, default_value = "v1")]
    pub(crate) api: Api,
    /// How many objects.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) objects: usize,
    /// Decrypts at one time. kube-apiserver has one for v1, and for v2 one for each distinct seed.
    #[arg(long, default_value_t = 1)]
    pub(crate) concurrency: usize,
    /// Writes the objects by the bare SDK in aws-encryption-provider's form, not through the plugin.
    #[arg(long)]
    pub(crate) foreign: bool,
}

#[derive(clap::Args)]
pub(crate) struct Steady {
    /// The version of the plugin API.
    #[arg(long, value_enum, default_value = "v2")]
    pub(crate) api: Api,
    /// How long.
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = humantime::parse_duration)]
    pub(crate) duration: Duration,
    /// Callers at one time.
    #[arg(long, default_value_t = 8)]
    pub(crate) concurrency: usize,
    /// Objects that exist and are read again and again.
    #[arg(long, default_value_t = 1000)]
    pub(crate) objects: usize,
    /// Encrypts among 100 calls; of the others one in twenty is Status (v1: Version), the rest Decrypt.
    #[arg(long, default_value_t = 10)]
    pub(crate) encrypt_percent: u32,
}

#[derive(clap::Args)]
pub(crate) struct Open {
    /// The version of the plugin API.
    #[arg(long, value_enum, default_value = "v2")]
    pub(crate) api: Api,
    /// Decrypts a second.
    #[arg(long, default_value_t = 500)]
    pub(crate) rate: u32,
    /// How long each turn takes.
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = humantime::parse_duration)]
    pub(crate) duration: Duration,
    /// Turns of each contestant; the median of the differences counts.
    #[arg(long, default_value_t = 5)]
    pub(crate) turns: usize,
    /// Decrypts what was decrypted before, in place of new objects only.
    #[arg(long)]
    pub(crate) cached: bool,
}

#[derive(clap::Args)]
pub(crate) struct Targets {
    /// The program.
    #[arg(value_name = "SEAL-KMS-PLUGIN", default_value = "target/release/seal-kms-plugin")]
    pub(crate) program: PathBuf,
    /// Small and short: it runs, its figures mean nothing and are not judged.
    #[arg(long)]
    pub(crate) smoke: bool,
    /// Prints the table for docs/performance.md.
    #[arg(long)]
    pub(crate) markdown: bool,
}

#[derive(clap::Args)]
pub(crate) struct Soak {
    /// The program.
    #[arg(value_name = "SEAL-KMS-PLUGIN", default_value = "target/release/seal-kms-plugin")]
    pub(crate) program: PathBuf,
    /// How long.
    #[arg(long, value_name = "DURATION", default_value = "30m", value_parser = humantime::parse_duration)]
    pub(crate) duration: Duration,
    /// How long KMS stays well between two faults, and how long each fault lasts.
    #[arg(long, value_name = "DURATION", default_value = "20s", value_parser = humantime::parse_duration)]
    pub(crate) spell: Duration,
}

fn named(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() && !name.contains('/') => {
            Ok((name.to_owned(), value.to_owned()))
        }
        _ => Err("write NAME=VALUE, such as ours=/usr/bin/seal-kms-plugin".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
        assert_eq!(named("a=b --c=d"), Ok(("a".to_owned(), "b --c=d".to_owned())));
        assert!(named("target/plugin").is_err());
    }
}
