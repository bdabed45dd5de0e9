//! `/livez`, `/healthz`, `/readyz` and `/metrics` over HTTP/1.1, on an address that anybody may reach: so what one
//! client can take is bounded, and nothing is said but states, classes and numbers.
//!
//! | path | answers |
//! |---|---|
//! | `/livez`, `/healthz` | 200 while the process serves, whatever KMS does |
//! | `/healthz` with `--deep-healthz` | AEP's: 500 if the last probe failed |
//! | `/readyz` | 200, or 503 if Status of a socket is not `ok`; a line for each |
//! | `/metrics` | Prometheus text |

mod answer;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::audit::Audit;
use crate::metrics::Metrics;
use crate::service::SocketState;

/// What the endpoints answer, and from what.
#[derive(Clone)]
pub struct Endpoints {
    /// The path of the health check.
    pub healthz_path: String,
    /// The path of the liveness check.
    pub livez_path: String,
    /// Whether the health check is AEP's: of KMS.
    pub deep_healthz: bool,
    /// The sockets that are served: a reload may exchange them.
    pub sockets: Arc<ArcSwap<Vec<Arc<SocketState>>>>,
    /// What was counted.
    pub metrics: Arc<Metrics>,
    /// Where audit lines go.
    pub audit: Option<Arc<Audit>>,
}
