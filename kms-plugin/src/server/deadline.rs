//! When a call must be answered.

use std::time::Duration;

use http::HeaderMap;
use tokio::time::Instant;

/// kube-apiserver's own timeout unless its configuration names another.
const UNSAID: Duration = Duration::from_secs(3);
/// No call may last longer, whatever its client says.
const LONGEST: Duration = Duration::from_secs(60);
/// Kept back, so that the answer is with the client before it gives up.
const MARGIN: Duration = Duration::from_millis(100);

/// The instant at which a handler's answer must be ready, in the extensions of each request: the client's own deadline
/// (`grpc-timeout`, or 3 seconds where it sends none) less 100 milliseconds, or less a quarter where it is shorter than
/// that allows.
///
/// Half of that margin later the server answers DeadlineExceeded itself and drops the handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline(pub Instant);

/// The two instants of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Times {
    /// What the handler is told.
    pub(super) handler: Deadline,
    /// When the server answers in its place.
    pub(super) server: Instant,
}

impl Times {
    /// Of a call that began at `start` with these headers.
    pub(super) fn of(headers: &HeaderMap, start: Instant) -> Self {
        let timeout =
            headers.get("grpc-timeout").and_then(|value| parse(value.as_bytes())).unwrap_or(UNSAID).min(LONGEST);
        let margin = MARGIN.min(timeout / 4);
        Self { handler: Deadline(start + timeout - margin), server: start + timeout - margin / 2 }
    }
}

/// `grpc-timeout` of gRPC's HTTP/2 protocol: one to eight digits and a unit. Anything else counts as unsaid.
fn parse(value: &[u8]) -> Option<Duration> {
    let (unit, digits) = value.split_last()?;
    if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = digits.iter().fold(0, |number: u64, digit| number * 10 + u64::from(digit - b'0'));
    Some(match unit {
        b'H' => Duration::from_secs(number * 3600),
        b'M' => Duration::from_secs(number * 60),
        b'S' => Duration::from_secs(number),
        b'm' => Duration::from_millis(number),
        b'u' => Duration::from_micros(number),
        b'n' => Duration::from_nanos(number),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_read_and_anything_else_is_unsaid() {
        let known = [
            ("1H", 3_600_000_000_000),
            ("2M", 120_000_000_000),
            ("3S", 3_000_000_000),
            ("2999m", 2_999_000_000),
            ("99999999u", 99_999_999_000),
            ("7n", 7),
            ("0S", 0),
        ];
        for (text, nanoseconds) in known {
            assert_eq!(parse(text.as_bytes()), Some(Duration::from_nanos(nanoseconds)), "{text}");
        }
        for text in ["", "S", "3", "3s", "-3S", "+3S", "3 S", "3.5S", "123456789n", "3SS", "\u{fc}S"] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn an_answer_is_ready_before_the_client_gives_up() {
        let start = Instant::now();
        let milliseconds = |timeout: Option<&str>| {
            let headers = timeout.map(|text| (http::header::HeaderName::from_static("grpc-timeout"), text));
            let headers = headers.map(|(name, text)| (name, text.parse().expect("a header value")));
            let times = Times::of(&headers.into_iter().collect(), start);
            ((times.handler.0 - start).as_millis(), (times.server - start).as_millis())
        };
        assert_eq!(milliseconds(Some("10S")), (9900, 9950));
        assert_eq!(milliseconds(Some("3000m")), (2900, 2950));
        assert_eq!(milliseconds(None), (2900, 2950));
        assert_eq!(milliseconds(Some("soon")), (2900, 2950));
        assert_eq!(milliseconds(Some("200m")), (150, 175));
        assert_eq!(milliseconds(Some("0m")), (0, 0));
        assert_eq!(milliseconds(Some("99999999H")), (59_900, 59_950));
    }
}
