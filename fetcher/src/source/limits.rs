//! Until when something is tried.

use std::time::Duration;

use tokio::time::Instant;

/// The most that a Region which does not answer is waited for while another could be asked.
const PATIENCE: Duration = Duration::from_secs(20);

/// The most that is kept back for sealed files that stand in: one call to KMS with its retries.
const RESERVE: Duration = Duration::from_secs(10);

/// Until when a call is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// Nothing goes on longer.
    pub(super) until: Instant,
    /// As long an outage is tried again here; after it another Region is asked.
    pub(super) outage_until: Instant,
    /// Whether throttling is waited out, rather than left to the caller at once.
    pub(super) waits_when_throttled: bool,
}

impl Limits {
    /// Of one Region, when `others` more could be asked after it: an equal share of what is left, 20 seconds at most,
    /// and all of it for the last one.
    ///
    /// Throttling is no outage, and may last until the end.
    pub(super) fn of_region(now: Instant, until: Instant, others: usize) -> Self {
        let left = until.saturating_duration_since(now);
        let share = match u32::try_from(others) {
            Ok(0) => left,
            Ok(others) => (left / (others + 1)).min(PATIENCE),
            Err(_) => Duration::ZERO,
        };
        Self { until, outage_until: now + share, waits_when_throttled: true }
    }

    /// The same for what can be asked of nobody else.
    pub(super) fn until(until: Instant) -> Self {
        Self { until, outage_until: until, waits_when_throttled: true }
    }

    /// The same for a call that has a substitute.
    pub(super) fn without_patience(self) -> Self {
        Self { waits_when_throttled: false, ..self }
    }
}

/// When the services must have answered, so that sealed files can stand in before `deadline`: a tenth of the time is
/// kept back, 10 seconds at most.
pub(super) fn before_fallback(now: Instant, deadline: Instant) -> Instant {
    let reserve = deadline.saturating_duration_since(now) / 10;
    deadline - reserve.min(RESERVE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_share_what_is_left_and_the_last_has_all_of_it() {
        let now = Instant::now();
        let after = |seconds| now + Duration::from_secs(seconds);
        let outage_until = |left, others| Limits::of_region(now, after(left), others).outage_until;
        assert_eq!(outage_until(120, 1), after(20));
        assert_eq!(outage_until(30, 1), after(15));
        assert_eq!(outage_until(30, 2), after(10));
        assert_eq!(outage_until(120, 0), after(120));
        assert_eq!(outage_until(0, 1), now);
    }

    #[test]
    fn a_fallback_has_time_of_its_own() {
        let now = Instant::now();
        assert_eq!(before_fallback(now, now + Duration::from_secs(120)), now + Duration::from_secs(110));
        assert_eq!(before_fallback(now, now + Duration::from_secs(20)), now + Duration::from_secs(18));
    }
}
