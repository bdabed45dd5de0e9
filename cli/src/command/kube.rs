//! `sealctl kube`: text for a cluster, made of what was typed alone.

mod encryption_config;
mod plan;
mod static_pod;
mod yaml;

use std::io::Write;

use sealkit_host::exit::Exit;

use self::plan::Plan;
use crate::args::{EncryptionConfigArgs, KubeAction, KubeArgs, Manifest};
use crate::error::CliError;

/// Prints what was asked for.
///
/// # Errors
/// What cannot be a name, key or path in it, and standard output's.
pub(crate) fn run(args: &KubeArgs) -> Result<Exit, CliError> {
    let KubeAction::EncryptionConfig(args) = &args.action;
    let text = manifests(args)?;
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|it| CliError::writing("standard output", &it))?;
    Ok(Exit::Ok)
}

fn manifests(args: &EncryptionConfigArgs) -> Result<String, CliError> {
    let plan = Plan::of(args)?;
    Ok(match args.only {
        Some(Manifest::EncryptionConfig) => encryption_config::print(&plan),
        Some(Manifest::StaticPod) => static_pod::print(&plan),
        None => format!("{}---\n{}", encryption_config::print(&plan), static_pod::print(&plan)),
    })
}

#[cfg(test)]
mod tests;
