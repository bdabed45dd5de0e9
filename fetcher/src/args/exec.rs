//! `exec`

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};

use super::target::TargetRules;
use super::{FetchArgs, SignalNumber, value};

const EXAMPLES: &str = "\
Examples:
  seal-fetcher exec --spec secrets.yaml -- ./server
                                    Files below $SEALKIT_SECRETS, in /dev/shm
  seal-fetcher exec --spec env:SECRET_ --env -- ./server
                                    As ECS does: SECRET_TOKEN=valueFrom becomes TOKEN
  seal-fetcher exec --spec secrets.yaml --memfd -- ./server
                                    No mount is needed: paths in $SEALKIT_FILE_NAME
  seal-fetcher exec --spec secrets.yaml --watch --stop-signal INT --grace 30s -- ./server
                                    Stay, and start it again when secrets change

126 means that the command can't be executed, 127 that there is none of that name. Once it runs, the
exit code is its own.";

/// Fetch, then become a command
///
/// For ECS tasks, and wherever no container can run before. Rlimits, masks and capabilities are those that the
/// container set.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ExecArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flags of several modes, said at the type")]
    pub fetch: FetchArgs,

    #[command(flatten)]
    #[expect(missing_docs, reason = "said at the type")]
    pub delivery: DeliveryArgs,

    #[command(flatten)]
    #[expect(missing_docs, reason = "flags of several modes, said at the type")]
    pub rules: TargetRules,

    #[command(flatten)]
    #[expect(missing_docs, reason = "said at the type")]
    pub supervision: SupervisionArgs,

    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "CMD", value_hint = ValueHint::CommandWithArguments)]
    pub command: Vec<OsString>,
}

/// How the command is given its secrets.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Delivery")]
#[group(multiple = false)]
pub struct DeliveryArgs {
    /// As files of a directory on a tmpfs [default: a private directory of /dev/shm]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    target: Option<PathBuf>,

    /// As sealed memory files, which no other process can open by a path
    #[arg(long)]
    memfd: bool,

    /// As variables of its environment, and files of the specification in a private directory
    ///
    /// Processes of the same user can read them in /proc/PID/environ, and children inherit them: files are safer.
    #[arg(long)]
    env: bool,
}

impl DeliveryArgs {
    /// The one that was chosen.
    #[must_use]
    pub fn chosen(&self) -> Delivery {
        match (&self.target, self.memfd, self.env) {
            (Some(target), _, _) => Delivery::Target(target.clone()),
            (None, true, _) => Delivery::Memfd,
            (None, false, true) => Delivery::Environment,
            (None, false, false) => Delivery::SharedMemory,
        }
    }
}

/// How a command is given its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Files of this directory.
    Target(PathBuf),
    /// Files of a private directory of `/dev/shm`.
    SharedMemory,
    /// Memory files.
    Memfd,
    /// Variables.
    Environment,
}

/// Whether and how the command is supervised.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Supervision")]
pub struct SupervisionArgs {
    /// Stay, refresh, and start the command again when secrets change
    #[arg(long)]
    pub watch: bool,

    /// How often everything is fetched again, each time 20 % sooner or later
    #[arg(long, value_name = "TIME", default_value = "1h", requires = "watch", value_parser = value::interval)]
    pub interval: Duration,

    /// What ends the command before it is started again
    #[arg(long, value_name = "SIGNAL", default_value = "TERM", requires = "watch")]
    pub stop_signal: SignalNumber,

    /// How long it may take to end, before SIGKILL
    #[arg(long, value_name = "TIME", default_value = "10s", requires = "watch", value_parser = value::any_time)]
    pub grace: Duration,
}
