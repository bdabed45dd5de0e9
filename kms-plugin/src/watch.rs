//! Who is told of each call to KMS: health, metrics and audit alike.

use std::sync::Arc;

use crate::audit::{Audit, Served};
use crate::health::KeyHealth;
use crate::keys::{Api, KmsCall, Observer};
use crate::metrics::SocketMetrics;

/// The observer of one key set.
pub struct Watch {
    health: Arc<KeyHealth>,
    metrics: SocketMetrics,
    audit: Option<Arc<Audit>>,
}

impl Watch {
    /// Tells these three; there is no audit unless it was asked for.
    #[must_use]
    pub fn new(health: Arc<KeyHealth>, metrics: SocketMetrics, audit: Option<Arc<Audit>>) -> Self {
        Self { health, metrics, audit }
    }

    fn in_memory(&self, api: Api, served: Served, key: &str, request_id: Option<&str>) {
        self.metrics.served_from_memory(api, served);
        if let Some(audit) = &self.audit {
            audit.served_from_memory(served, key, request_id);
        }
    }
}

impl Observer for Watch {
    fn kms_call(&self, call: &KmsCall<'_>) {
        self.health.called(call);
        self.metrics.kms_call(call);
        if let Some(audit) = &self.audit {
            audit.kms_call(call);
        }
    }

    fn served_from_memory(&self, api: Api, key: &str, request_id: Option<&str>) {
        self.in_memory(api, Served::Decrypt, key, request_id);
    }

    fn encrypted_in_memory(&self, api: Api, key: &str, request_id: Option<&str>) {
        self.in_memory(api, Served::Encrypt, key, request_id);
    }
}
