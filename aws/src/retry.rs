//! How often and how long an operation is tried.
//!
//! An operation ends at its deadline, whatever it is doing: finding credentials, connecting,
//! waiting for an answer or before the next attempt. Between attempts it waits a random time from
//! nothing to a bound that doubles (full jitter), so that a herd of callers that was throttled
//! together does not come back together.
//!
//! Source: AWS Architecture Blog, "Exponential Backoff And Jitter".

use std::time::Duration;

use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use crate::environment::Environment;
use crate::error::ConfigError;
use crate::profile::Profile;

/// The bound of the first wait; it doubles with each further one.
const FIRST_BACKOFF: Duration = Duration::from_millis(200);

/// The most that any wait is bound by.
const MAX_BACKOFF: Duration = Duration::from_secs(5);

/// A connection inside a Region takes milliseconds, and around the world under half a second.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// The retries of every operation; `AWS_MAX_ATTEMPTS` or the profile's `max_attempts` outranks
/// `attempts`.
pub(crate) fn retries(attempts: u32, environment: &Environment, profile: &Profile) -> Result<RetryConfig, ConfigError> {
    let asked = environment
        .first(&["AWS_MAX_ATTEMPTS"])
        .or_else(|| Some(("the profile's max_attempts", profile.get("max_attempts")?)));
    let attempts = match asked {
        None => attempts.max(1),
        Some((origin, value)) => {
            let parsed = value.parse().ok().filter(|attempts| *attempts > 0);
            parsed.ok_or_else(|| ConfigError::Attempts { origin, value: value.to_owned() })?
        }
    };
    Ok(RetryConfig::standard()
        .with_max_attempts(attempts)
        .with_initial_backoff(FIRST_BACKOFF)
        .with_max_backoff(MAX_BACKOFF))
}

/// The time-outs of every operation.
///
/// There is none for a whole attempt, since finding credentials is part of the first one and may
/// ask a person for a second factor; a server's silence has its own, a third of the deadline, so
/// that another attempt fits in.
pub(crate) fn timeouts(deadline: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .operation_timeout(deadline)
        .connect_timeout(CONNECT_TIMEOUT.min(deadline))
        .read_timeout(deadline / 3)
        .build()
}

/// How long finding credentials may take: a little less than the whole operation, so that the error
/// is the one that says what was waited for.
pub(crate) fn login_timeout(deadline: Duration) -> Duration {
    deadline - deadline / 10
}
