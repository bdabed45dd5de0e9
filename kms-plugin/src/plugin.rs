//! The running plugin: what settings become.
//!
//! ```text
//! Settings ── sockets bound ── AWS configured ── keys opened ── served ── drained
//!             accept from here                   no call to KMS
//! ```

mod error;
mod reload;

use std::future::Future;
use std::sync::Arc;

use sealkit_aws::{AwsConfig, Options};
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use error::StartError;
pub use reload::ReloadError;

use crate::audit::Audit;
use crate::endpoints::{self, Endpoints};
use crate::keys::AwsClients;
use crate::metrics::Metrics;
use crate::server::{self, Limits};
use crate::service::{Instruments, SocketState};
use crate::settings::{EndpointSettings, ProviderSettings, Settings};
use crate::socket::{Activated, Bound, bind_all};
use error::Problems;
pub(crate) use error::told;

/// A plugin that serves.
pub struct Plugin {
    settings: Settings,
    aws_options: Options,
    aws: AwsClients,
    instruments: Instruments,
    sockets: Vec<Arc<SocketState>>,
    servers: JoinSet<std::io::Result<()>>,
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
        let mut sockets = Vec::new();
        if let Some(aws) = &aws {
            for ProviderSettings { socket, keys } in &settings.providers {
                let label = socket.path.to_string_lossy();
                let opened = SocketState::open(&label, keys, aws, &instruments).await;
                sockets.extend(problems.take_keys(&socket.path, opened));
            }
        }
        problems.finish()?;
        let (Some(bound), Some(aws), Some(health)) = (bound, aws, health) else {
            unreachable!("what is missing is a problem");
        };
        let mut plugin = Self {
            settings,
            aws_options,
            aws,
            instruments,
            sockets,
            servers: JoinSet::new(),
            stop: watch::Sender::new(false),
        };
        plugin.serve(bound, health);
        Ok(plugin)
    }

    fn serve(&mut self, bound: Vec<Bound>, health: std::net::TcpListener) {
        for (bound, state) in bound.into_iter().zip(&self.sockets) {
            state.count_connections(bound.counts());
            let stopped = self.stopped();
            self.servers.spawn(server::serve(bound, state.v1(), state.v2(), Limits::default(), stopped));
        }
        let EndpointSettings { healthz_path, livez_path, deep_healthz, .. } = self.settings.endpoints.clone();
        let Instruments { metrics, audit, .. } = self.instruments.clone();
        let sockets = self.sockets.clone();
        let endpoints = Endpoints { healthz_path, livez_path, deep_healthz, sockets, metrics, audit };
        self.servers.spawn(endpoints::serve(health, endpoints, self.stopped()));
    }

    /// Ends when the plugin stops to serve.
    fn stopped(&self) -> impl Future<Output = ()> + use<> {
        let mut stop = self.stop.subscribe();
        async move {
            // An error means that the plugin is gone.
            let _ = stop.wait_for(|stop| *stop).await;
        }
    }

    /// What it does, as it was told.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Ends when a server does, which none does by itself: what it says is a bug, or a descriptor that the system
    /// refused.
    pub async fn failed(&mut self) -> String {
        match self.servers.join_next().await {
            None => std::future::pending().await,
            Some(Ok(Ok(()))) => "a server ended by itself".to_owned(),
            Some(Ok(Err(error))) => format!("a socket cannot be served: {error}"),
            Some(Err(panic)) => format!("a server broke off: {panic}"),
        }
    }

    /// Takes no connection any more, lets calls in flight end within the limits of the server, and writes the audit
    /// file to its end.
    pub async fn drain(mut self) {
        // Nobody receives it where no server is left.
        let _ = self.stop.send(true);
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
                problems.take_keys(&socket.path, reload::check_keys(keys, &aws).await);
            }
        }
        problems.finish()
    }
}

#[cfg(test)]
mod tests;
