//! What `--listen` serves.
//!
//! | path | answers |
//! |---|---|
//! | `/livez` | 200 while the process serves |
//! | `/startupz`, `/readyz` | 200 once everything that is wanted is published, however old; else 503 |
//! | `/metrics` | Prometheus text, without a name of a secret |
//! | `/status` | age and reason of each unit, as JSON; to this machine alone, for it has names |
//! | `POST /refresh` | 202, and everything is fetched anew; from this machine alone |

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use http::{Method, StatusCode};
use sealkit_host::endpoints::{self, Answer, Endpoints, not_allowed, not_found, text, with_type};
use tokio::sync::Notify;
use tokio::time::{Duration, Instant, sleep_until};

use super::freshness::Freshness;
use super::metrics::{CONTENT_TYPE, Metrics};

/// Who asks again and again still leaves AWS this much time between two refreshes.
const LEAST_PAUSE: Duration = Duration::from_secs(1);

/// What is served, and from what.
pub(super) struct Served {
    pub(super) freshness: Arc<Freshness>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) asked: Arc<Asked>,
    pub(super) lost_lines: Arc<AtomicU64>,
}

/// Whether somebody asked for a refresh. However many do, it is one.
#[derive(Default)]
pub(super) struct Asked(Notify);

impl Asked {
    /// Asks for one.
    pub(super) fn ask(&self) {
        self.0.notify_one();
    }

    /// Waits until somebody asks, and until `earliest` at least. Whoever stops waiting takes no wish with them.
    pub(super) async fn refresh(&self, earliest: Instant) {
        sleep_until(earliest).await;
        self.0.notified().await;
    }

    /// When the next refresh may begin.
    pub(super) fn earliest() -> Instant {
        Instant::now() + LEAST_PAUSE
    }
}

impl Endpoints for Served {
    async fn answer(&self, asked: endpoints::Asked<'_>) -> Answer {
        if asked.path == "/refresh" {
            return self.refresh(asked);
        }
        if !asked.reads() {
            return not_allowed("GET, HEAD");
        }
        let now = SystemTime::now();
        match asked.path {
            "/livez" => text(StatusCode::OK, "ok\n"),
            "/startupz" | "/readyz" => self.ready(now),
            "/metrics" => {
                let body = self.metrics.render(&self.freshness.status(now), self.lost_lines.load(Ordering::Relaxed));
                with_type(StatusCode::OK, CONTENT_TYPE, body)
            }
            "/status" if asked.is_local() => {
                let mut body = serde_json::to_vec(&self.freshness.status(now)).unwrap_or_default();
                body.push(b'\n');
                with_type(StatusCode::OK, "application/json", body)
            }
            "/status" => text(StatusCode::FORBIDDEN, "only from this machine\n"),
            _ => not_found(),
        }
    }
}

impl Served {
    fn refresh(&self, asked: endpoints::Asked<'_>) -> Answer {
        if asked.method != Method::POST {
            return not_allowed("POST");
        }
        if !asked.is_local() {
            return text(StatusCode::FORBIDDEN, "only from this machine\n");
        }
        self.asked.ask();
        text(StatusCode::ACCEPTED, "refreshing\n")
    }

    fn ready(&self, now: SystemTime) -> Answer {
        let status = self.freshness.status(now);
        let missing = status.units.iter().filter(|unit| unit.age_seconds.is_none()).count();
        let kept = status.units.iter().filter(|unit| unit.class.is_some() && unit.age_seconds.is_some()).count();
        let mut body = String::new();
        // Writing to memory does not fail.
        let _ = writeln!(body, "{}: {missing} missing, {kept} kept", if status.ready { "ready" } else { "not ready" });
        text(if status.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, body)
    }
}
