//! `watch`, and the flags of all that refreshes.

use std::time::Duration;

use clap::Args;
use sealkit_host::endpoints::ListenAddress;

use super::{FetchArgs, NotifySignal, TargetArgs, value};

const EXAMPLES: &str = "\
Examples:
  seal-fetcher watch --spec secrets.yaml --target /secrets --listen :8080
  seal-fetcher watch --spec secrets.yaml --target /secrets --notify-signal HUP:nginx
  seal-fetcher watch --spec secrets.yaml --target /secrets --notify-http http://localhost/reload

SIGHUP, and POST /refresh from this machine, refresh now. SIGTERM ends it with 0. Published files
are never removed by a refresh: while an object can't be had its last good bytes stay.";

/// Fetch, publish, and keep fresh until told to end
///
/// For a native sidecar: an init container with `restartPolicy: Always`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
#[expect(missing_docs, reason = "each is said at its type")]
pub struct WatchArgs {
    #[command(flatten)]
    pub fetch: FetchArgs,
    #[command(flatten)]
    pub target: TargetArgs,
    #[command(flatten)]
    pub refresh: RefreshArgs,
    #[command(flatten)]
    pub notify: NotifyArgs,
}

/// When it is fetched again, and who can ask.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Refresh")]
pub struct RefreshArgs {
    /// How often everything is fetched again, each time 20 % sooner or later
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = value::interval)]
    pub interval: Duration,

    /// Serve /startupz, /readyz, /livez, /metrics, /status and POST /refresh: :PORT, or ADDRESS:PORT
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<ListenAddress>,
}

/// Who is told of a switch.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Notification after a switch")]
pub struct NotifyArgs {
    /// POST to a URL of this machine
    #[arg(long = "notify-http", value_name = "URL", value_parser = value::http_url)]
    pub http: Option<http::Uri>,

    /// Send a signal to all processes of a name: HUP:nginx
    ///
    /// Those of other containers are seen only in a shared process namespace, and reached only with the same uid.
    #[arg(long = "notify-signal", value_name = "SIGNAL:NAME")]
    pub signal: Option<NotifySignal>,

    /// Run a command, its words separated by blanks; no shell reads it
    #[arg(long = "notify-command", value_name = "COMMAND")]
    pub command: Option<String>,
}
