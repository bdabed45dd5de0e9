//! How often the list is asked for.

use std::time::Duration;

use tokio::time::Instant;

use super::order::Listed;
use crate::keys::Refusal;

/// After an answer: a host of KMS may not list yet what another one uses.
const AFTER_ANSWER: Duration = Duration::from_millis(250);
/// After an outage.
const AFTER_OUTAGE: Duration = Duration::from_secs(5);
/// After a refusal: somebody has to change a policy.
const AFTER_REFUSAL: Duration = Duration::from_secs(60);

/// When the list of which key may be asked for again.
#[derive(Default)]
pub(super) struct Pace {
    last: Option<(String, Instant)>,
}

impl Pace {
    pub(super) fn allows(&self, arn: &str, now: Instant) -> bool {
        self.last.as_ref().is_none_or(|(of, again)| of != arn || now >= *again)
    }

    pub(super) fn asked(&mut self, arn: &str, answer: &Result<Vec<Listed>, Refusal>, now: Instant) {
        let pause = match answer {
            Ok(_) => AFTER_ANSWER,
            Err(refusal) if refusal.is_of_the_moment() => AFTER_OUTAGE,
            Err(_) => AFTER_REFUSAL,
        };
        self.last = Some((arn.to_owned(), now + pause));
    }
}
