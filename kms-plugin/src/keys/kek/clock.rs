//! The time of day: a KEK's age goes on while the plugin does not run.

use std::time::{SystemTime, UNIX_EPOCH};

/// Reads the time of day.
pub(in crate::keys) trait WallClock: Send + Sync + 'static {
    /// Seconds since 1970.
    fn unix_seconds(&self) -> u64;
}

/// The system's.
pub(in crate::keys) struct SystemWallClock;

impl WallClock for SystemWallClock {
    fn unix_seconds(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
    }
}
