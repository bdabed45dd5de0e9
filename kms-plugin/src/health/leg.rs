//! One of the two things that a key must do, Encrypt or Decrypt, and what is known of it.

use std::time::Duration;

use super::reason::Reason;

/// As long without a success, and as many failures: then the key is out.
const OUT_AFTER: Duration = Duration::from_secs(30);
const OUT_FAILURES: u32 = 3;

/// Two probes that saw a revocation are this far apart at least.
pub(super) const REVOKED_AFTER: Duration = Duration::from_secs(5);

/// A denial that lasts this long is a revocation; IAM needs minutes to take over a change everywhere.
const DENIED_AFTER: Duration = Duration::from_secs(5 * 60);

/// A denial *lasts* while a probe sees it at least this often: an outage of minutes between two denials proves none.
const DENIED_GAP: Duration = Duration::from_secs(60);

/// Times are readings of one clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Leg {
    /// The last success, of whichever call.
    success: Option<Duration>,
    /// Failures since then that count, and what the last one said.
    failures: u32,
    reason: Option<Reason>,
    /// First and last denied probe of a run.
    denied: Option<(Duration, Duration)>,
    /// The first probe that saw a revocation.
    sighted: Option<Duration>,
    /// Since when the revocation is certain, and what it is.
    revoked: Option<(Duration, Reason)>,
}

impl Leg {
    /// A call of traffic succeeded. It ends an outage, but takes back no revocation: KMS' hosts do not learn of one at
    /// the same moment, and only probes judge it.
    pub(super) fn served(&mut self, at: Duration) {
        self.success = Some(at);
        self.failures = 0;
        self.reason = None;
    }

    /// A call failed in a way that counts towards being out.
    pub(super) fn failed(&mut self, reason: Reason) {
        self.failures = self.failures.saturating_add(1);
        self.reason = Some(reason);
    }

    /// A probe succeeded: nothing that was before matters.
    pub(super) fn probed_well(&mut self, at: Duration) {
        *self = Self { success: Some(at), ..Self::default() };
    }

    /// A probe that began at `at` failed.
    pub(super) fn probed_ill(&mut self, reason: Reason, at: Duration) {
        self.failed(reason);
        if reason.is_revocation() {
            let first = *self.sighted.get_or_insert(at);
            if at.saturating_sub(first) >= REVOKED_AFTER {
                self.revoked.get_or_insert((at, reason));
            }
        } else if reason == Reason::Denied {
            let first = match self.denied {
                Some((first, last)) if at.saturating_sub(last) <= DENIED_GAP => first,
                _ => at,
            };
            self.denied = Some((first, at));
            if at.saturating_sub(first) >= DENIED_AFTER {
                self.revoked.get_or_insert((at, reason));
            }
        }
    }

    /// Why it is out at `now`, if it is. `first_failure_counts`: without any success so far, one failure is enough.
    pub(super) fn out(&self, now: Duration, first_failure_counts: bool) -> Option<Reason> {
        let reason = self.reason?;
        let out = match self.success {
            Some(success) => self.failures >= OUT_FAILURES && now.saturating_sub(success) >= OUT_AFTER,
            None => first_failure_counts,
        };
        out.then_some(reason)
    }

    pub(super) fn is_denied(&self) -> bool {
        self.denied.is_some()
    }

    pub(super) fn is_sighted(&self) -> bool {
        self.sighted.is_some()
    }

    pub(super) fn revoked(&self) -> Option<(Duration, Reason)> {
        self.revoked
    }
}
