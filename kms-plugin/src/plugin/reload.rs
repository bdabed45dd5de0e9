//! New settings in a running plugin: all of them, or none.

use std::fmt;
use std::sync::Arc;

use sealkit_aws::AwsConfig;

use super::Plugin;
use super::error::Problems;
use crate::keys::{Api, AwsClients, KeySet, KeySetError, KeySetSettings, KmsCall, Observer};
use crate::metrics::{Metrics, Reload};
use crate::settings::Settings;

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
    /// with the keys that they began with, and what is in memory stays for keys that stay.
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
        let mut prepared = Vec::new();
        let changes = self.sockets.iter().zip(&self.settings.providers).zip(&new.providers);
        for ((state, before), after) in changes {
            let Some(aws) = aws.as_ref().filter(|_| before.keys != after.keys) else { continue };
            let keys = problems.take_keys(&after.socket.path, state.prepare(&after.keys, aws).await);
            prepared.extend(keys.map(|keys| (state, keys)));
        }
        let lines = problems.into_lines();
        let Some(aws) = aws.filter(|_| lines.is_empty()) else { return Err(ReloadError { lines }) };
        for (state, keys) in prepared {
            state.install(keys);
        }
        (self.aws, self.aws_options, self.settings) = (aws, options, new);
        Ok(Reload::Applied)
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
    let paths = |settings: &Settings| -> Vec<_> {
        settings.providers.iter().map(|provider| provider.socket.path.clone()).collect()
    };
    if paths(old) != paths(new) {
        lines.push("`sockets`: one was added, removed or moved: this needs a restart".to_owned());
        return lines;
    }
    for (old, new) in old.providers.iter().zip(&new.providers) {
        if old.socket != new.socket {
            let path = new.socket.path.display();
            lines.push(format!("socket {path}: its owner, group, mode or allowedUids changed: this needs a restart"));
        }
    }
    lines
}

/// Opens keys to see what is wrong with them.
pub(super) async fn check_keys(keys: &KeySetSettings, aws: &AwsClients) -> Result<(), KeySetError> {
    KeySet::open(keys, aws, Arc::new(Nobody)).await.map(drop)
}

/// Nobody is told of calls that nobody makes.
struct Nobody;

impl Observer for Nobody {
    fn kms_call(&self, _: &KmsCall<'_>) {}
    fn served_from_memory(&self, _: Api, _: &str, _: Option<&str>) {}
    fn encrypted_in_memory(&self, _: Api, _: &str, _: Option<&str>) {}
}
