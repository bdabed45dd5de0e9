//! `sealctl kube`: text for a cluster, made of what was typed alone.

mod check;
mod encryption_config;
mod plan;
mod plugin_config;
mod static_pod;
mod yaml;

use std::io::Write;

use sealkit_host::exit::Exit;

use self::plan::Plan;
use crate::args::{EncryptionConfigArgs, KubeAction, KubeArgs, Manifest};
use crate::error::CliError;
use crate::{progress, report};

/// Prints what was asked for.
///
/// # Errors
/// What cannot be a name, key or path in it, and standard output's. Of several mistakes the last one is returned, and
/// those before it are told here.
pub(crate) fn run(args: &KubeArgs) -> Result<Exit, CliError> {
    let KubeAction::EncryptionConfig(args) = &args.action;
    let text = match manifests(args) {
        Ok(text) => text,
        Err(mistakes) => return mistakes.into_iter().reduce(told_before).map_or(Ok(Exit::Ok), Err),
    };
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|it| CliError::writing("standard output", &it))?;
    Ok(Exit::Ok)
}

/// Tells a mistake, and gives the next one.
fn told_before(mistake: CliError, next: CliError) -> CliError {
    progress::say(&report::presented(&mistake));
    next
}

fn manifests(args: &EncryptionConfigArgs) -> Result<String, Vec<CliError>> {
    let plan = Plan::of(args)?;
    let config = plan.has_config().then(|| plugin_config::print(&plan));
    Ok(match args.only {
        Some(Manifest::EncryptionConfig) => encryption_config::print(&plan),
        Some(Manifest::PluginConfig) => config.ok_or_else(|| {
            let message = "the flags of the static pod say it all";
            vec![CliError::usage("--only", message).hint("print static-pod; a file is for several keys")]
        })?,
        Some(Manifest::StaticPod) => static_pod::print(&plan),
        None => {
            let documents = [Some(encryption_config::print(&plan)), config, Some(static_pod::print(&plan))];
            documents.into_iter().flatten().collect::<Vec<_>>().join("---\n")
        }
    })
}

#[cfg(test)]
mod tests;
