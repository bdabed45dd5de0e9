//! The running plugin: what settings become.
//!
//! ```text
//! Settings ── sockets bound ── AWS configured ── keys opened ── served ── drained
//!             accept from here                   no call to KMS
//! ```

mod error;
mod provider;
mod reload;

use std::sync::Arc;

use arc_swap::ArcSwap;
use sealkit_aws::{AwsConfig, Options};
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use error::StartError;
pub use reload::ReloadError;

use crate::audit::Audit;
use crate::endpoints::Endpoints;
use crate::keys::AwsClients;
use crate::metrics::Metrics;
use crate::service::{Instruments, SocketState};
use crate::settings::{EndpointSettings, ProviderSettings, Settings};
use crate::socket::{Activated, Bound, bind_all};
use error::Problems;
use provider::{Provider, watched};

/// A plugin that serves.
pub struct Plugin {
    settings: Settings,
    /// As it is bound.
    health: String,
    aws_options: Options,
    aws: AwsClients,
    instruments: Instruments,
    providers: Vec<Provider>,
    /// What the endpoints tell of: the states of all providers.
    sockets: Arc<ArcSwap<Vec<Arc<SocketState>>>>,
    /// Servers under way; each says why it ended, unless it was told to.
    servers: JoinSet<Option<String>>,
    /// Ends the endpoints.
    stop: watch::Sender<bool>,
}

impl Plugin {
    /// Makes everything, and serves. Asks KMS nothing before it serves, so it starts while KMS is out.
    ///
    /// # Errors
    ///
    /// Everything that keeps it from serving as configured; no socket is left behind.
    pub async fn start(settings: Settings, activated: Activated) -> Result<Self, StartError> {
        let mut problems = Problems::default();
        // First of all: from here on clients connect, and wait for what follows instead of failing.
        let rights: Vec<_> = settings.providers.iter().map(|provider| provider.socket.clone()).collect();
        let bound = problems.take_all(bind_all(&rights, activated));
        let health = problems.take_port(settings.endpoints.address, settings.endpoints.address.bind());
        let audit = settings.audit.as_deref().and_then(|path| problems.take_audit(Audit::open(path)));
        let aws_options = settings.aws_options();
        let aws = problems.take_aws(AwsConfig::load(&aws_options).await).map(AwsClients::new);
        let instruments = Instruments::new(Arc::new(Metrics::new()), audit.map(Arc::new));
        let mut states = Vec::new();
        if let Some(aws) = &aws {
            for ProviderSettings { socket, keys } in &settings.providers {
                let label = socket.path.to_string_lossy();
                let opened = SocketState::open(&label, keys, aws, &instruments).await;
                states.extend(problems.take_keys(&socket.path, opened));
            }
        }
        problems.finish()?;
        let (Some(bound), Some(aws), Some(health)) = (bound, aws, health) else {
            unreachable!("what is missing is a problem");
        };
        // A port of 0 is one that the system chose.
        let address = health.local_addr().map_or_else(|_| settings.endpoints.address.to_string(), |it| it.to_string());
        let mut plugin = Self {
            settings,
            health: address,
            aws_options,
            aws,
            instruments,
            providers: Vec::new(),
            sockets: Arc::default(),
            servers: JoinSet::new(),
            stop: watch::Sender::new(false),
        };
        plugin.serve(bound.into_iter().zip(states));
        plugin.serve_endpoints(health);
        Ok(plugin)
    }

    /// Serves these too.
    fn serve(&mut self, sockets: impl IntoIterator<Item = (Bound, Arc<SocketState>)>) {
        for (bound, state) in sockets {
            self.providers.push(Provider::serve(bound, state, &mut self.servers));
        }
        self.sockets.store(Arc::new(self.providers.iter().map(|provider| Arc::clone(&provider.state)).collect()));
    }

    fn serve_endpoints(&mut self, health: std::net::TcpListener) {
        let EndpointSettings { healthz_path, livez_path, deep_healthz, .. } = self.settings.endpoints.clone();
        let Instruments { metrics, audit, .. } = self.instruments.clone();
        let sockets = Arc::clone(&self.sockets);
        let endpoints = Endpoints { healthz_path, livez_path, deep_healthz, sockets, metrics, audit };
        let name = format!("the health port {}", self.settings.endpoints.address);
        self.servers.spawn(watched(name, self.stop.subscribe(), |stopped| {
            sealkit_host::endpoints::serve(health, endpoints, stopped)
        }));
    }

    /// What it does, as it was told.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Where the HTTP endpoints listen.
    #[must_use]
    pub fn health_address(&self) -> &str {
        &self.health
    }

    /// Ends when a server does, which none does by itself: what it says is a bug, or a descriptor that the system
    /// refused.
    pub async fn failed(&mut self) -> String {
        loop {
            match self.servers.join_next().await {
                None => std::future::pending().await,
                Some(Ok(None)) => {}
                Some(Ok(Some(why))) => return why,
                Some(Err(panic)) => return format!("a server broke off: {panic}"),
            }
        }
    }

    /// Takes no connection any more, lets calls in flight end within the limits of the server, and writes the audit
    /// file to its end.
    pub async fn drain(mut self) {
        self.stop.send_replace(true);
        self.providers.iter().for_each(Provider::stop);
        while self.servers.join_next().await.is_some() {}
        if let Some(audit) = self.instruments.audit {
            // It waits for a disk.
            let _ = tokio::task::spawn_blocking(move || audit.close()).await;
        }
    }

    /// Audit lines go to the file that has the name now; for whoever rotates it.
    pub fn reopen_audit(&self) {
        if let Some(audit) = &self.instruments.audit {
            audit.reopen();
        }
    }

    /// Checks what can be checked without serving: key files, names, Regions, AWS settings. Asks KMS nothing.
    ///
    /// # Errors
    ///
    /// Everything that is wrong.
    pub async fn check(settings: &Settings) -> Result<(), StartError> {
        let mut problems = Problems::default();
        if let Some(aws) = problems.take_aws(AwsConfig::load(&settings.aws_options()).await).map(AwsClients::new) {
            for ProviderSettings { socket, keys } in &settings.providers {
                problems.take_keys(&socket.path, reload::check_keys(keys, &aws));
            }
        }
        problems.finish()
    }
}

#[cfg(test)]
mod tests;
