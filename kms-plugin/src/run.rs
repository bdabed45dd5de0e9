//! The life of the process: from what was typed to its exit code.

use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use sealkit_envelope::{DataKey, MemoryLock, memory_lock};
use sealkit_host::exit::Exit;
use sealkit_host::hardening::Hardened;
use sealkit_host::logging;
use tracing::{error, info, warn};

use crate::args::{Args, Reading};
use crate::notify;
use crate::plugin::Plugin;
use crate::settings::{ProviderSettings, Settings};
use crate::socket::Activated;

mod signals;
mod watched;

use signals::{Ends, Signals, next};
use watched::Watched;

/// How often the file is looked at.
const POLL: Duration = Duration::from_secs(10);

/// Serves until a signal ends it; the exit code of the process.
pub async fn run(
    args: &Args,
    hardened: Hardened,
    activated: Result<Activated, Vec<crate::socket::SocketError>>,
) -> Exit {
    let Reading { settings, log, warnings, text } = args.read();
    logging::begin(log, &["sealkit_kms_plugin", "seal_kms_plugin"]);
    let (checks_only, settings) = match (args.checks_only(), settings) {
        (Ok(checks_only), Ok(settings)) => (checks_only, settings),
        (_, Err(mistakes)) | (Err(mistakes), _) => {
            mistakes.mistakes().iter().for_each(|mistake| error!("{mistake}"));
            return Exit::Config;
        }
    };
    warnings.iter().for_each(|warning| warn!("{warning}"));
    if checks_only {
        return check(&settings).await;
    }
    let activated = match activated {
        Ok(activated) => activated,
        Err(errors) => {
            errors.iter().for_each(|error| error!("{error}"));
            return Exit::Io;
        }
    };
    warn_of_missing(hardened);
    let signals = match Signals::new() {
        Ok(signals) => signals,
        Err(error) => {
            error!(%error, "no signal can be waited for");
            return Exit::Io;
        }
    };
    match Plugin::start(settings, activated).await {
        Err(problems) => {
            problems.lines().iter().for_each(|line| error!("{line}"));
            problems.exit()
        }
        Ok(plugin) => {
            say_ready(&plugin);
            serve(args, plugin, signals, Watched::new(args.config(), text)).await
        }
    }
}

async fn check(settings: &Settings) -> Exit {
    match Plugin::check(settings).await {
        Ok(()) => {
            info!(sockets = settings.providers.len(), "the configuration is right");
            Exit::Ok
        }
        Err(problems) => {
            problems.lines().iter().for_each(|line| error!("{line}"));
            problems.exit()
        }
    }
}

/// Waits for signals and changes of the file, until one ends the work.
async fn serve(args: &Args, mut plugin: Plugin, signals: Signals, mut file: Watched) -> Exit {
    let Signals { mut ends, mut hangup } = signals;
    let mut polls = tokio::time::interval_at(tokio::time::Instant::now() + POLL, POLL);
    let mut watchdog = std::pin::pin!(notify::watchdog());
    loop {
        tokio::select! {
            never = &mut watchdog => match never {},
            name = ends.next() => return drain(plugin, ends, name).await,
            () = next(&mut hangup) => {
                plugin.reopen_audit();
                if file.exists() {
                    file.look();
                    reload(args, &mut plugin).await;
                } else {
                    info!("SIGHUP: there is no configuration file to read again");
                }
            }
            _ = polls.tick() => {
                if file.exists() && file.look() {
                    reload(args, &mut plugin).await;
                }
            }
            failure = plugin.failed() => {
                error!("{failure}");
                return Exit::Internal;
            }
        }
    }
}

async fn drain(plugin: Plugin, mut ends: Ends, name: &'static str) -> Exit {
    info!(signal = name, "draining; a second signal ends at once");
    notify::stopping();
    tokio::select! {
        () = plugin.drain() => {
            info!("drained");
            Exit::Ok
        }
        never = notify::watchdog() => match never {},
        again = ends.next() => {
            warn!(signal = again, "ended before calls in flight did");
            Exit::Signal(if again == "SIGINT" { 2 } else { 15 })
        }
    }
}

/// Reads flags and file again; whatever is wrong, the plugin goes on as it was.
async fn reload(args: &Args, plugin: &mut Plugin) {
    notify::reloading();
    let Reading { settings, .. } = args.read();
    let outcome = match settings {
        Err(mistakes) => Err(mistakes.mistakes().to_vec()),
        Ok(settings) => plugin.reload(settings).await.map_err(|error| error.lines().to_vec()),
    };
    let metric = match outcome {
        Ok(done) => {
            info!(outcome = done.as_str(), "configuration read again");
            done
        }
        Err(lines) => {
            error!(mistakes = lines.len(), "the new configuration is not used, and the old one stays:");
            lines.iter().for_each(|line| error!("{line}"));
            crate::metrics::Reload::Refused
        }
    };
    plugin.metrics().reloaded(metric);
    notify::ready();
}

fn say_ready(plugin: &Plugin) {
    for ProviderSettings { socket, keys } in &plugin.settings().providers {
        // As it is, not as configured: the rights of an activated socket are systemd's.
        let mode = std::fs::metadata(&socket.path).map_or(socket.mode, |found| found.mode() & 0o7777);
        info!(
            socket = %socket.path.display(),
            mode = format_args!("{mode:04o}"),
            key = keys.write.name,
            read_keys = keys.read.len(),
            // Values may be secret enough not to be here; how many there are shows a flag that was forgotten.
            context_pairs = keys.write.context.len(),
            local_kek = keys.local_kek.is_some(),
            "serving"
        );
    }
    info!(version = env!("CARGO_PKG_VERSION"), health = plugin.health_address(), "ready");
    notify::ready();
}

/// None of these is worth not serving for.
fn warn_of_missing(hardened: Hardened) {
    if !hardened.not_dumpable {
        warn!("other processes of this user can read this one's memory: the system refused PR_SET_DUMPABLE");
    }
    if !hardened.no_core_file {
        warn!("core dumps cannot be switched off: the system refused RLIMIT_CORE");
    }
    // The first key takes a page, so that it is known from the start whether it can be locked.
    drop(DataKey::zeroed());
    if let MemoryLock::Refused { limit_bytes } = memory_lock() {
        warn!(
            limit_bytes,
            "keys may be swapped out: the limit on locked memory is too low; raise it (`ulimit -l`, LimitMEMLOCK=), or \
             grant CAP_IPC_LOCK"
        );
    }
}
