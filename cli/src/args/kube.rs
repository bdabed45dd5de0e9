//! `sealctl kube`.

use clap::{Args, Subcommand, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  sealctl kube encryption-config --key alias/app
                                        EncryptionConfiguration and static pod, to read
  sealctl kube encryption-config --key alias/app --only encryption-config > encryption-config.yaml
  sealctl kube encryption-config --key alias/app --only static-pod > seal-kms-plugin.yaml
  sealctl kube encryption-config --key alias/new --key alias/old
                                        Write under the first, read what the second wrote too
                                        (with a configuration file for the plugin)
  sealctl kube encryption-config --from-aep --key alias/app
                                        Where aws-encryption-provider runs now: only the pod changes";

/// Prepare a Kubernetes cluster to encrypt its Secrets with AWS KMS
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct KubeArgs {
    #[command(subcommand)]
    pub(crate) action: KubeAction,
}

/// What there is to prepare.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum KubeAction {
    EncryptionConfig(EncryptionConfigArgs),
}

/// Print an EncryptionConfiguration and the static pod of seal-kms-plugin
///
/// Both for every control-plane node of a cluster that you run yourself. Nothing is read or asked for: neither AWS nor
/// a cluster. The guide is deploy/README.md.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct EncryptionConfigArgs {
    /// A key: key ARN, key id, alias/NAME, alias ARN, or local:PATH of a key file (repeatable: the first writes, the others only read)
    #[arg(long = "key", short, value_name = "KEY", required = true)]
    pub(crate) keys: Vec<String>,

    /// The encryption context of the first key, of the second where it is repeated, and so on: a=b,c=d
    #[arg(long = "encryption-context", value_name = "PAIRS")]
    pub(crate) contexts: Vec<String>,

    /// The Region of keys that name none [default: the instance's]
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,

    /// The name of the KMS provider; it is written to etcd with every object: never change it. Repeated, one a key, it
    /// makes a provider of each key [default: seal-kms-plugin]
    #[arg(long = "name", value_name = "NAME")]
    pub(crate) names: Vec<String>,

    /// The socket, or one a key, all in one directory [default: /var/run/kmsplugin/socket.sock, socket-2.sock, …]
    #[arg(long = "socket", value_name = "PATH")]
    pub(crate) sockets: Vec<String>,

    /// What is encrypted; a comma-separated list
    #[arg(long, value_name = "RESOURCE", value_delimiter = ',', default_value = "secrets")]
    pub(crate) resources: Vec<String>,

    /// KMS v1 in place of v2: before Kubernetes 1.27, and while v1 objects are rewritten
    #[arg(long)]
    pub(crate) v1: bool,

    /// DEKs that kube-apiserver keeps in memory: more than there are objects (v1 only)
    #[arg(long, value_name = "N", default_value_t = 1000, requires = "v1")]
    pub(crate) cachesize: u32,

    /// Refuse what was never encrypted: once everything was rewritten
    #[arg(long)]
    pub(crate) no_identity: bool,

    /// A cluster where aws-encryption-provider runs: its provider name, and its health port
    #[arg(long, conflicts_with_all = ["local_kek", "follow_key_material"])]
    pub(crate) from_aep: bool,

    /// The local-KEK mode: kube-apiserver can restart while KMS is out. Once every node runs seal-kms-plugin
    #[arg(long)]
    pub(crate) local_kek: bool,

    /// Let the key_id follow the key material of AWS (v2 only)
    #[arg(long, conflicts_with = "v1")]
    pub(crate) follow_key_material: bool,

    /// The image of seal-kms-plugin
    #[arg(long, value_name = "IMAGE", default_value = concat!("seal-kms-plugin:", env!("CARGO_PKG_VERSION")))]
    pub(crate) image: String,

    /// Print one of them alone
    #[arg(long, value_name = "WHAT")]
    pub(crate) only: Option<Manifest>,
}

/// What is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Manifest {
    /// kube-apiserver's EncryptionConfiguration
    EncryptionConfig,
    /// The plugin's configuration file, which several keys need
    PluginConfig,
    /// The static pod
    StaticPod,
}
