//! When the next probe begins. Pure: times are readings of the caller's clock.

use std::time::Duration;

/// From one probe's beginning to the next.
const WELL: Duration = Duration::from_secs(30);
const TROUBLED: Duration = Duration::from_secs(5);

/// The times of the probes of one key.
///
/// Jitter keeps the plugins of a cluster apart, and breaks none of the bounds: it shortens the long interval, by up
/// to 2 s, and lengthens the short one, by up to 0.5 s, so that two probes in trouble are 5 s apart as the state
/// table wants them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Schedule {
    began: Option<Duration>,
    jitter: u8,
}

impl Schedule {
    /// A probe begins at `at`; `jitter` is any number, new each time.
    pub fn begun(&mut self, at: Duration, jitter: u8) {
        *self = Self { began: Some(at), jitter };
    }

    /// When the next one is due; `troubled`: anything is wrong with the key, or its traffic has failed.
    #[must_use]
    pub fn next(&self, troubled: bool) -> Duration {
        let Some(began) = self.began else { return Duration::ZERO };
        let share = u32::from(self.jitter);
        if troubled {
            began + TROUBLED + Duration::from_millis(500) * share / 255
        } else {
            began + WELL - Duration::from_secs(2) * share / 255
        }
    }
}
