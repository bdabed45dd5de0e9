//! New settings in a running plugin: all of them, or none.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use sealkit_aws::AwsConfig;
use tracing::info;

use super::Plugin;
use super::error::Problems;
use super::provider::Provider;
use crate::keys::{Api, AwsClients, KeySet, KeySetError, KeySetSettings, KmsCall, Observer};
use crate::metrics::{Metrics, Reload};
use crate::service::SocketState;
use crate::settings::{ProviderSettings, Settings};
use crate::socket::{Activated, bind_all};

/// Every reason why new settings are not in force; never empty. The old ones are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReloadError {
    lines: Vec<String>,
}

impl ReloadError {
    /// One line for each.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.lines
    }
}

impl fmt::Display for ReloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines.join("\n"))
    }
}

impl std::error::Error for ReloadError {}

impl Plugin {
    /// What counts its reloads.
    #[must_use]
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.instruments.metrics
    }

    /// Puts `new` in force: opens all key sets that changed beside those in use, then exchanges them. Calls in flight end
    /// with the keys that they began with, and what is in memory stays for keys that stay. Sockets that are new are
    /// served too, those that are gone drain.
    ///
    /// # Errors
    ///
    /// Every mistake, and every change that only a start can make. Nothing is changed then.
    pub async fn reload(&mut self, new: Settings) -> Result<Reload, ReloadError> {
        if new == self.settings {
            return Ok(Reload::Unchanged);
        }
        let fixed = fixed(&self.settings, &new);
        if !fixed.is_empty() {
            return Err(ReloadError { lines: fixed });
        }
        let mut problems = Problems::default();
        let options = new.aws_options();
        let aws = if options == self.aws_options {
            Some(self.aws.clone())
        } else {
            // The Region to fall back to came from a key that changed.
            problems.take_aws(AwsConfig::load(&options).await).map(AwsClients::new)
        };
        // Sockets that are new listen from here on, and answer once all is known to be right.
        let is_served = |path: &Path| self.providers.iter().any(|provider| provider.path == path);
        let added: Vec<_> = new.providers.iter().filter(|provider| !is_served(&provider.socket.path)).collect();
        let rights: Vec<_> = added.iter().map(|provider| provider.socket.clone()).collect();
        let bound = problems.take_all(bind_all(&rights, Activated::default())).unwrap_or_default();
        let (mut prepared, mut opened) = (Vec::new(), Vec::new());
        if let Some(aws) = &aws {
            for (provider, after) in self.changed(&new) {
                let keys = problems.take_keys(&provider.path, provider.state.prepare(after, aws).await);
                prepared.extend(keys.map(|keys| (provider.path.clone(), Arc::clone(&provider.state), keys)));
            }
            for ProviderSettings { socket, keys } in added {
                let state = SocketState::open(&socket.path.to_string_lossy(), keys, aws, &self.instruments).await;
                opened.extend(problems.take_keys(&socket.path, state));
            }
        }
        let lines = problems.into_lines();
        let Some(aws) = aws.filter(|_| lines.is_empty()) else { return Err(ReloadError { lines }) };
        for (path, state, keys) in prepared {
            state.install(keys);
            info!(socket = %path.display(), "its keys or their settings are changed");
        }
        let stays = |provider: &Provider| new.providers.iter().any(|after| after.socket.path == provider.path);
        for gone in self.providers.extract_if(.., |provider| !stays(provider)) {
            gone.stop();
            info!(socket = %gone.path.display(), "the socket is removed; calls under way may end");
        }
        for added in &bound {
            info!(socket = %added.path().display(), "the socket is added");
        }
        self.serve(bound.into_iter().zip(opened));
        (self.aws, self.aws_options, self.settings) = (aws, options, new);
        Ok(Reload::Applied)
    }

    /// What is served now and has other keys in `new`.
    fn changed<'a>(&'a self, new: &'a Settings) -> impl Iterator<Item = (&'a Provider, &'a KeySetSettings)> {
        new.providers.iter().filter_map(|after| {
            let provider = self.providers.iter().find(|provider| provider.path == after.socket.path)?;
            (*provider.state.keys().settings() != after.keys).then_some((provider, &after.keys))
        })
    }
}

/// What differs and only a start can change, a line each.
fn fixed(old: &Settings, new: &Settings) -> Vec<String> {
    let changed = [
        ("healthPort", old.endpoints.address != new.endpoints.address),
        ("healthzPath", old.endpoints.healthz_path != new.endpoints.healthz_path),
        ("livezPath", old.endpoints.livez_path != new.endpoints.livez_path),
        ("deepHealthz", old.endpoints.deep_healthz != new.endpoints.deep_healthz),
        ("profile", old.aws.profile != new.aws.profile),
        ("region", old.aws.region != new.aws.region),
        ("kmsEndpoint", old.aws.kms_endpoint != new.aws.kms_endpoint),
        ("sourceArn", old.aws.source_arn != new.aws.source_arn),
        ("retryTokenCapacity", old.aws.retry_tokens != new.aws.retry_tokens),
        ("audit", old.audit != new.audit),
        ("logFormat", old.log.format != new.log.format),
        ("logLevel", old.log.level != new.log.level),
    ];
    let changed = changed.into_iter().filter(|(_, differs)| *differs);
    let mut lines: Vec<_> = changed.map(|(field, _)| format!("`{field}` changed: this needs a restart")).collect();
    for old in &old.providers {
        let new = new.providers.iter().find(|new| new.socket.path == old.socket.path);
        if let Some(new) = new.filter(|new| new.socket != old.socket) {
            let path = new.socket.path.display();
            lines.push(format!("socket {path}: its owner, group, mode or allowedUids changed: this needs a restart"));
        }
    }
    lines
}

/// Opens keys to see what is wrong with them.
pub(super) fn check_keys(keys: &KeySetSettings, aws: &AwsClients) -> Result<(), KeySetError> {
    KeySet::check(keys, aws, Arc::new(Nobody))
}

/// Nobody is told of calls that nobody makes.
struct Nobody;

impl Observer for Nobody {
    fn kms_call(&self, _: &KmsCall<'_>) {}
    fn served_from_memory(&self, _: Api, _: &str, _: Option<&str>) {}
    fn encrypted_in_memory(&self, _: Api, _: &str, _: Option<&str>) {}
}
