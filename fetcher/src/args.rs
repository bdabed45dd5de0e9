//! What was typed, without side effects: nothing here reads a file, a variable or an AWS setting.
//!
//! One structure a mode; flags that several modes share are flattened into each, so that the help of a mode lists
//! what it takes and nothing else.

mod aws;
mod exec;
mod fetch;
mod other;
mod plan;
mod signal;
mod spec;
mod target;
mod value;
mod watch;

use clap::{Parser, Subcommand};

pub use self::aws::AwsArgs;
pub use self::exec::{Delivery, DeliveryArgs, ExecArgs, SupervisionArgs};
pub use self::fetch::{FetchArgs, InitArgs, LogArgs, ReportArgs};
pub use self::other::{CompletionsArgs, ConvertArgs, InstallArgs, ManArgs, ProbeArgs};
pub use self::plan::{EstimateArgs, LintArgs, PlanArgs};
pub use self::signal::{NotifySignal, SignalNumber};
pub use self::spec::{BatchChoice, PlaceArgs, SpecArgs, SpecSource};
pub use self::target::{TargetArgs, TargetRules};
pub use self::watch::{NotifyArgs, RefreshArgs, WatchArgs};

const EXAMPLES: &str = "\
Examples:
  seal-fetcher init --spec secrets.yaml --target /secrets
                                    Fetch once, publish, end
  seal-fetcher watch --spec secrets.yaml --target /secrets --listen :8080
                                    The same, and keep them fresh: a native sidecar
  seal-fetcher exec --spec env:SECRET_ --env -- ./server --port 80
                                    Give secrets to a program as variables, and become it
  seal-fetcher lint --spec secrets.yaml
                                    Say every mistake and every doubt; ask nobody
  seal-fetcher plan --spec secrets.yaml --pods 2000 --interval 1h
                                    Calls, IAM policy, rate and monthly cost; ask nobody
  seal-fetcher convert --spec secret-provider-class.yaml > secrets.yaml
                                    From the CSI provider or ECS to our own form

Exit codes: 0 done, 2 usage, 3 a mistake in the specification, 4 denied, 5 not found, 6 unavailable,
7 content that can't be used, 9 a target that is no memory, too small or not writable.";

/// Secrets in memory-backed files before the application starts, and fresh while it runs.
///
/// Reads a specification (its own YAML, a SecretProviderClass, an ECS task definition or variables), fetches from
/// Secrets Manager, Parameter Store and sealed files, and publishes all or nothing.
#[derive(Clone, Debug, Parser)]
#[command(name = "seal-fetcher", version, max_term_width = 100, after_help = EXAMPLES, disable_help_subcommand = true)]
pub struct Args {
    /// The mode.
    #[command(subcommand)]
    pub command: Command,
}

/// One mode a variant.
#[derive(Clone, Debug, Subcommand)]
#[expect(missing_docs, reason = "a text here would take the place of the one at the type, which is the mode's help")]
pub enum Command {
    Init(Box<InitArgs>),
    Watch(Box<WatchArgs>),
    Exec(Box<ExecArgs>),
    Plan(Box<PlanArgs>),
    Lint(Box<LintArgs>),
    Convert(ConvertArgs),
    Install(InstallArgs),
    Probe(ProbeArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

impl Command {
    /// What is logged, by modes that log: the others answer on standard output, and err on standard error.
    pub(crate) fn log(&self) -> Option<LogArgs> {
        match self {
            Self::Init(args) => Some(args.fetch.log),
            Self::Watch(args) => Some(args.fetch.log),
            Self::Exec(args) => Some(args.fetch.log),
            _ => None,
        }
    }

    /// Whether a program that is not ours is run by this process, or becomes it, and so inherits what `execve` keeps.
    #[must_use]
    pub fn runs_others(&self) -> bool {
        match self {
            Self::Exec(_) => true,
            Self::Watch(args) => args.notify.command.is_some(),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests;
