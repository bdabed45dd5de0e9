//! What is answered to a request.

use std::fmt::Write as _;
use std::time::Duration;

use http::StatusCode;
use sealkit_host::endpoints::{Answer, Asked, not_allowed, not_found, text, with_type};
use tokio::time::timeout;

use super::Endpoints;
use crate::health::Verdict;
use crate::metrics;

/// As long AEP's health check may take: so long it waits for the first probe.
const DEEP: Duration = Duration::from_secs(5);

impl sealkit_host::endpoints::Endpoints for Endpoints {
    async fn answer(&self, asked: Asked<'_>) -> Answer {
        if !asked.reads() {
            return not_allowed("GET, HEAD");
        }
        match asked.path {
            "/metrics" => self.metrics(),
            "/readyz" => self.readyz(),
            path if path == self.livez_path => text(StatusCode::OK, "OK"),
            path if path == self.healthz_path && self.deep_healthz => self.deep_healthz().await,
            path if path == self.healthz_path => text(StatusCode::OK, "OK"),
            _ => not_found(),
        }
    }
}

impl Endpoints {
    fn metrics(&self) -> Answer {
        let sockets = self.sockets.load();
        let body = self.metrics.render(sockets.iter().map(AsRef::as_ref), self.audit.as_deref());
        with_type(StatusCode::OK, metrics::CONTENT_TYPE, body)
    }

    fn readyz(&self) -> Answer {
        let (mut code, mut lines) = (StatusCode::OK, String::new());
        for socket in self.sockets.load().iter() {
            let (health, verdict) = (socket.health(), socket.verdict());
            let (word, reason) = match verdict {
                Verdict::Ok => ("ok", health.reason()),
                Verdict::Unhealthy(reason) => ("unhealthy", Some(reason)),
                Verdict::Failed(reason) => ("failed", Some(reason)),
            };
            if verdict != Verdict::Ok {
                code = StatusCode::SERVICE_UNAVAILABLE;
            }
            let reason = reason.map(|reason| format!(", {reason}")).unwrap_or_default();
            // Writing to memory does not fail.
            let _ = writeln!(lines, "{}: {word} (state {}{reason})", socket.label(), health.state().as_str());
        }
        text(code, lines)
    }

    /// AEP's: the last Encrypt and Decrypt under each write key, which are never older than half a minute.
    async fn deep_healthz(&self) -> Answer {
        for socket in self.sockets.load_full().iter() {
            let health = socket.health();
            let probed = timeout(DEEP, health.first_probe()).await;
            let failed = match health.last_probe() {
                Some(outcome) => outcome.reason(),
                None => probed.is_err().then_some(crate::health::Reason::Starting),
            };
            if let Some(reason) = failed {
                return text(StatusCode::INTERNAL_SERVER_ERROR, format!("{}: {reason}\n", socket.label()));
            }
        }
        text(StatusCode::OK, "OK")
    }
}
