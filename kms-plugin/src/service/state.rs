//! One socket: its keys, their health and its prober, exchanged together on a reload.

use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use arc_swap::ArcSwap;
use sealkit_envelope::cache::{Clock, SystemClock};

use super::{V1Beta1Service, V2Service};
use crate::audit::Audit;
use crate::health::{KeyHealth, Prober, Reason, Verdict};
use crate::keys::{AwsClients, KeySet, KeySetError, KeySetSettings};
use crate::metrics::{Metrics, SocketMetrics};
use crate::quiet::Quiet;
use crate::socket::SocketCounts;
use crate::watch::Watch;

/// What all sockets of the process are watched with.
#[derive(Clone)]
pub struct Instruments {
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Audit lines, if they are wanted.
    pub audit: Option<Arc<Audit>>,
    /// The clock of health.
    pub clock: Arc<dyn Clock>,
}

/// What both services of a socket share.
pub struct SocketState {
    metrics: SocketMetrics,
    audit: Option<Arc<Audit>>,
    clock: Arc<dyn Clock>,
    live: ArcSwap<Live>,
    connections: OnceLock<Arc<SocketCounts>>,
    pub(super) quiet: Quiet,
}

/// Keys that are being probed, ready to be [installed](SocketState::install).
pub struct Prepared(Live);

struct Live {
    keys: Arc<KeySet>,
    aws: AwsClients,
    health: Arc<KeyHealth>,
    _prober: Prober,
}

impl Instruments {
    /// With the system's clock.
    #[must_use]
    pub fn new(metrics: Arc<Metrics>, audit: Option<Arc<Audit>>) -> Self {
        Self { metrics, audit, clock: Arc::new(SystemClock::default()) }
    }
}

impl SocketState {
    /// Opens the keys of the socket that is called `label` in metrics, and starts to probe them. KMS need not answer.
    ///
    /// # Errors
    ///
    /// All mistakes in the settings of the keys.
    pub async fn open(
        label: &str,
        settings: &KeySetSettings,
        aws: &AwsClients,
        instruments: &Instruments,
    ) -> Result<Arc<Self>, KeySetError> {
        let Instruments { metrics, audit, clock } = instruments.clone();
        let metrics = SocketMetrics::new(metrics, label);
        let health = Arc::new(KeyHealth::new(&settings.write.name, Arc::clone(&clock)));
        let watch = Arc::new(Watch::new(Arc::clone(&health), metrics.clone(), audit.clone()));
        let live = Live::start(KeySet::open(settings, aws, watch).await?, health, aws);
        Ok(Arc::new(Self {
            metrics,
            audit,
            clock,
            live: ArcSwap::from_pointee(live),
            connections: OnceLock::new(),
            quiet: Quiet::default(),
        }))
    }

    /// Opens the keys of new settings, beside those in use. Where the write key stays as it is, so does what is known of
    /// its health, and what is in memory stays for all keys that do.
    ///
    /// # Errors
    ///
    /// All mistakes in the settings of the keys; those in use are not touched.
    pub async fn prepare(&self, settings: &KeySetSettings, aws: &AwsClients) -> Result<Prepared, KeySetError> {
        let live = self.live.load_full();
        let health = if live.keys.settings().write == settings.write {
            Arc::clone(&live.health)
        } else {
            Arc::new(KeyHealth::new(&settings.write.name, Arc::clone(&self.clock)))
        };
        let watch = Arc::new(Watch::new(Arc::clone(&health), self.metrics.clone(), self.audit.clone()));
        Ok(Prepared(Live::start(live.keys.reopen(settings, aws, watch).await?, health, aws)))
    }

    /// Serves with these keys from now on; calls in flight end with the old ones.
    pub fn install(&self, prepared: Prepared) {
        self.live.store(Arc::new(prepared.0));
    }

    /// The service of KMS v1.
    #[must_use]
    pub fn v1(self: &Arc<Self>) -> V1Beta1Service {
        V1Beta1Service::new(Arc::clone(self))
    }

    /// The service of KMS v2.
    #[must_use]
    pub fn v2(self: &Arc<Self>) -> V2Service {
        V2Service::new(Arc::clone(self))
    }

    /// What the socket is called in metrics.
    #[must_use]
    pub fn label(&self) -> &Arc<str> {
        self.metrics.socket()
    }

    /// The keys in use.
    #[must_use]
    pub fn keys(&self) -> Arc<KeySet> {
        Arc::clone(&self.live.load().keys)
    }

    /// Their health.
    #[must_use]
    pub fn health(&self) -> Arc<KeyHealth> {
        Arc::clone(&self.live.load().health)
    }

    /// What v2 Status says.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let (keys, health) = self.keys_and_health();
        verdict(&keys, &health)
    }

    /// When the credentials of its calls expire, if that is known.
    #[must_use]
    pub fn credentials_expiry(&self) -> Option<SystemTime> {
        self.live.load().aws.credentials_expiry()
    }

    /// Where the connections of the socket are counted, for metrics. Only the first call counts.
    pub fn count_connections(&self, counts: Arc<SocketCounts>) {
        // A second one would be of the same socket.
        let _ = self.connections.set(counts);
    }

    /// The connections of the socket.
    #[must_use]
    pub fn connections(&self) -> Option<&SocketCounts> {
        self.connections.get().map(Arc::as_ref)
    }

    pub(super) fn metrics(&self) -> &SocketMetrics {
        &self.metrics
    }

    pub(super) fn audit(&self) -> Option<&Audit> {
        self.audit.as_deref()
    }

    /// Both at one moment: of the same keys.
    pub(super) fn keys_and_health(&self) -> (Arc<KeySet>, Arc<KeyHealth>) {
        let live = self.live.load();
        (Arc::clone(&live.keys), Arc::clone(&live.health))
    }
}

/// What Status says of these keys: what their health does, and in local-KEK mode whether there is something to encrypt
/// under. Probes do not show that, for they need no kms:GenerateDataKey.
pub(super) fn verdict(keys: &KeySet, health: &KeyHealth) -> Verdict {
    let carried = keys.carries_writes();
    match health.verdict(carried) {
        // Without a failure the first Encrypt makes a KEK.
        Verdict::Ok if !carried && keys.settings().local_kek.is_some() && keys.statistics().keks.failures > 0 => {
            Verdict::Unhealthy(Reason::NoKek)
        }
        verdict => verdict,
    }
}

impl Live {
    fn start(keys: KeySet, health: Arc<KeyHealth>, aws: &AwsClients) -> Self {
        let (keys, flush_after) = (Arc::new(keys.clone()), keys.settings().flush_after);
        let prober = Prober::spawn(Arc::clone(&keys), Arc::clone(&health), flush_after);
        Self { keys, aws: aws.clone(), health, _prober: prober }
    }
}
