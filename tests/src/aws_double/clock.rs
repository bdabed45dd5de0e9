//! The endpoint's clock, which a test may set wrong.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use super::error::ServiceError;

/// How far a signature's time may be from the endpoint's, as AWS has it.
const TOLERANCE: Duration = Duration::from_secs(5 * 60);

#[derive(Default)]
pub(super) struct Clock {
    skew_seconds: AtomicI64,
}

impl Clock {
    pub(super) fn set_skew(&self, seconds: i64) {
        self.skew_seconds.store(seconds, Ordering::Relaxed);
    }

    pub(super) fn now(&self) -> SystemTime {
        let skew = self.skew_seconds.load(Ordering::Relaxed);
        let distance = Duration::from_secs(skew.unsigned_abs());
        if skew < 0 { SystemTime::now() - distance } else { SystemTime::now() + distance }
    }

    /// The time as the header `Date` has it (RFC 9110).
    pub(super) fn http_date(&self) -> String {
        httpdate::fmt_http_date(self.now())
    }

    /// Refuses a request whose `X-Amz-Date` (`20261124T194922Z`) is too far from the endpoint's time.
    pub(super) fn check(&self, amz_date: &str) -> Result<(), ServiceError> {
        let signed = parse(amz_date).ok_or_else(|| ServiceError::incomplete_signature("X-Amz-Date"))?;
        let now = self.now();
        let (distance, verb, relation) = match now.duration_since(signed) {
            Ok(age) => (age, "expired", "earlier"),
            Err(ahead) => (ahead.duration(), "not yet current", "later"),
        };
        if distance <= TOLERANCE {
            return Ok(());
        }
        let now = format(now);
        Err(ServiceError::new(
            400,
            "InvalidSignatureException",
            format!("Signature {verb}: {amz_date} is now {relation} than {now} (5 min.)"),
        ))
    }
}

/// Reads the basic format of ISO 8601 by way of the extended one.
fn parse(amz_date: &str) -> Option<SystemTime> {
    let part = |range| amz_date.get(range);
    let (year, month, day) = (part(0..4)?, part(4..6)?, part(6..8)?);
    let (hour, minute, second) = (part(9..11)?, part(11..13)?, part(13..15)?);
    let extended = format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z");
    humantime::parse_rfc3339(&extended).ok().filter(|&time| format(time) == amz_date)
}

fn format(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string().replace(['-', ':'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_signed_now_passes_only_an_unskewed_clock() {
        let clock = Clock::default();
        let signed = format(clock.now());
        assert!(clock.check(&signed).is_ok());
        for skew in [-3600, 3600] {
            clock.set_skew(skew);
            assert!(clock.check(&signed).is_err(), "skew {skew}");
        }
    }

    #[test]
    fn a_malformed_date_is_refused() {
        for date in ["", "yesterday", "20261124T194922", "2026-11-24T19:49:22Z", "20261324T194922Z"] {
            assert!(Clock::default().check(date).is_err(), "{date}");
        }
    }
}
