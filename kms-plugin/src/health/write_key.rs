//! The states of a write key. Pure: times are readings of the caller's clock.

use std::time::Duration;

use sealkit_aws::FaultClass;

use super::leg::Leg;
use super::reason::Reason;
use crate::keys::{KmsOperation, ProbeReport};

/// What Status says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// `ok`.
    Ok,
    /// Healthz text other than `ok`: kube-apiserver reports it, and keeps writing under the seed that it has.
    Unhealthy(Reason),
    /// A gRPC error: kube-apiserver's writes stop three minutes after the last `ok`.
    Failed(Reason),
}

/// A row of the state table in `docs/kms-plugin.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// No probe has ended yet.
    Starting,
    /// The last probe succeeded, and no call failed since.
    Ok,
    /// A call failed, or a replica Region serves the key.
    Degraded,
    /// No call succeeded for 30 s and three failed; or none ever succeeded and a probe failed.
    Out,
    /// A probe was denied, for less than 5 minutes.
    Denied,
    /// One probe saw a revocation.
    Revoking,
    /// A second one saw it too, or the denial lasted.
    Revoked,
}

impl State {
    /// Every state, for the metric that has a series each.
    pub const ALL: [Self; 7] =
        [Self::Starting, Self::Ok, Self::Degraded, Self::Out, Self::Denied, Self::Revoking, Self::Revoked];

    /// The stable word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Out => "out",
            Self::Denied => "denied",
            Self::Revoking => "revoking",
            Self::Revoked => "revoked",
        }
    }
}

/// A probe, as far as it matters: [`ProbeReport`] by classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeOutcome {
    /// How Encrypt ended.
    pub encrypt: Result<(), Reason>,
    /// How Decrypt ended; absent where there was nothing to Decrypt.
    pub decrypt: Option<Result<(), Reason>>,
}

impl ProbeOutcome {
    /// Whether what was Encrypted was Decrypted again.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.encrypt.is_ok() && self.decrypt == Some(Ok(()))
    }

    /// Why it failed, if it did.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        self.encrypt.err().or_else(|| self.decrypt?.err())
    }
}

impl From<&ProbeReport> for ProbeOutcome {
    fn from(report: &ProbeReport) -> Self {
        let by_class = |result: &Result<(), sealkit_aws::Fault>| {
            result.as_ref().copied().map_err(|fault| Reason::from(fault.class()))
        };
        Self { encrypt: by_class(&report.encrypt), decrypt: report.decrypt.as_ref().map(by_class) }
    }
}

/// What is known of one write key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriteKey {
    encrypt: Leg,
    decrypt: Leg,
    /// A probe has ended.
    probed: bool,
    /// A call failed since the last successful probe.
    troubled: bool,
}

impl WriteKey {
    /// A call to KMS for the key ended at `at`, made for kube-apiserver or for a KEK.
    ///
    /// Only outages and successes are judged. Whether the key is revoked is for probes to say: what traffic asks for
    /// may be refused for the sake of an object.
    pub fn called(&mut self, operation: KmsOperation, outcome: Result<(), FaultClass>, at: Duration) {
        let leg = match operation {
            KmsOperation::Encrypt | KmsOperation::GenerateDataKey => &mut self.encrypt,
            KmsOperation::Decrypt => &mut self.decrypt,
            KmsOperation::ListKeyRotations => return,
        };
        match outcome.map_err(Reason::from) {
            Ok(()) => leg.served(at),
            Err(reason) if reason.is_outage() => {
                leg.failed(reason);
                self.troubled = true;
            }
            Err(_) => {}
        }
    }

    /// A probe began and ended. A revocation is dated by the beginnings, so that two probes are as far apart as
    /// they were started; a success by the end.
    pub fn probed(&mut self, outcome: &ProbeOutcome, began: Duration, ended: Duration) {
        self.probed = true;
        self.troubled = !outcome.succeeded();
        for (leg, outcome) in [(&mut self.encrypt, Some(outcome.encrypt)), (&mut self.decrypt, outcome.decrypt)] {
            match outcome {
                Some(Ok(())) => leg.probed_well(ended),
                Some(Err(reason)) => leg.probed_ill(reason, began),
                None => {}
            }
        }
    }

    /// The state at `now`.
    #[must_use]
    pub fn state(&self, now: Duration) -> State {
        let legs = [&self.encrypt, &self.decrypt];
        if legs.iter().any(|leg| leg.revoked().is_some()) {
            State::Revoked
        } else if !self.probed {
            State::Starting
        } else if legs.iter().any(|leg| leg.is_sighted()) {
            State::Revoking
        } else if legs.iter().any(|leg| leg.is_denied()) {
            State::Denied
        } else if self.out(now).is_some() {
            State::Out
        } else if self.troubled {
            State::Degraded
        } else {
            State::Ok
        }
    }

    /// What Status says at `now`; `carried`: a valid local KEK is in memory.
    #[must_use]
    pub fn verdict(&self, now: Duration, carried: bool) -> Verdict {
        if let Some((_, reason)) = self.encrypt.revoked().or(self.decrypt.revoked()) {
            return Verdict::Failed(reason);
        }
        if carried {
            return Verdict::Ok;
        }
        if !self.probed {
            return Verdict::Unhealthy(Reason::Starting);
        }
        self.out(now).map_or(Verdict::Ok, Verdict::Unhealthy)
    }

    /// Why the key is not well at `now`, whatever Status says of it.
    #[must_use]
    pub fn reason(&self, now: Duration) -> Option<Reason> {
        match self.verdict(now, false) {
            Verdict::Unhealthy(reason) | Verdict::Failed(reason) => Some(reason),
            Verdict::Ok => None,
        }
    }

    /// Since when it is certain that Decrypt is refused under the key.
    #[must_use]
    pub fn decrypt_revoked_at(&self) -> Option<Duration> {
        self.decrypt.revoked().map(|(at, _)| at)
    }

    /// Whether a call failed, or no probe has ended, since the last successful probe.
    #[must_use]
    pub fn is_troubled(&self) -> bool {
        self.troubled || !self.probed
    }

    /// Whether a probe has ended.
    #[must_use]
    pub fn is_probed(&self) -> bool {
        self.probed
    }

    fn out(&self, now: Duration) -> Option<Reason> {
        self.encrypt.out(now, self.probed).or_else(|| self.decrypt.out(now, self.probed))
    }
}
