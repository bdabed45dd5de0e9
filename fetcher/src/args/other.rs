//! The modes that fetch nothing and plan nothing.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args, ValueHint};
use clap_complete::Shell;

use super::{SpecArgs, value};

const CONVERT_EXAMPLES: &str = "\
Examples:
  seal-fetcher convert --spec secret-provider-class.yaml > secrets.yaml
  seal-fetcher convert --spec task-definition.json --container app > secrets.yaml";

const INSTALL_EXAMPLES: &str = "\
Examples:
  seal-fetcher install /shared/bin   Fill an emptyDir that the application's container mounts too";

const PROBE_EXAMPLES: &str = "\
Examples:
  seal-fetcher probe --target /secrets
  seal-fetcher probe --url http://127.0.0.1:8080/readyz";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  seal-fetcher completions bash > ~/.local/share/bash-completion/completions/seal-fetcher";

const MAN_EXAMPLES: &str = "\
Examples:
  seal-fetcher man | man -l -
  seal-fetcher man ~/.local/share/man/man1";

/// Print a SecretProviderClass or an ECS task definition in our own form
#[derive(Clone, Debug, Args)]
#[command(after_help = CONVERT_EXAMPLES)]
pub struct ConvertArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flags of several modes, said at the type")]
    pub spec: SpecArgs,
}

/// Copy this binary into a directory, for images without a shell or cp
#[derive(Clone, Debug, Args)]
#[command(after_help = INSTALL_EXAMPLES)]
pub struct InstallArgs {
    /// The directory
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub directory: PathBuf,
}

/// Say by the exit code whether secrets are published, or a URL answers
///
/// For exec probes and health checks of images without a shell or curl.
#[derive(Clone, Debug, Args)]
#[command(after_help = PROBE_EXAMPLES)]
#[command(group = ArgGroup::new("probed").args(["target", "url"]).required(true))]
pub struct ProbeArgs {
    /// 0 if a generation is published in this directory
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub target: Option<PathBuf>,

    /// Only if each of its objects was fetched, or found unchanged, within this time
    #[arg(long, value_name = "TIME", requires = "target", value_parser = value::time)]
    pub max_age: Option<Duration>,

    /// 0 if GET of this URL is answered with 2xx within a second
    #[arg(long, value_name = "URL", conflicts_with = "max_age", value_parser = value::http_url)]
    pub url: Option<http::Uri>,
}

/// Print a shell's completion script
#[derive(Clone, Debug, Args)]
#[command(after_help = COMPLETIONS_EXAMPLES)]
pub struct CompletionsArgs {
    /// Which shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// Print the manual page, or write one a mode to a directory
#[derive(Clone, Debug, Args)]
#[command(after_help = MAN_EXAMPLES)]
pub struct ManArgs {
    /// Where to write seal-fetcher.1 and a page for each mode
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub directory: Option<PathBuf>,
}
