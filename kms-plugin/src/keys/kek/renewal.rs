//! What happens in the background: KEKs are unwrapped, made, renewed, and written down.
//!
//! One task a KeySet, which ends with it. It looks once a minute, for ages pass without a sign, and at once when there is
//! something to do. What KMS or the disk refuse is tried again after a jittered back-off; that of KMS ends early when it is
//! seen to answer.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::ring::{Ring, UPKEEP_TIME, Wake};
use super::writer::Writer;

/// How often it looks where nothing is asked of it.
const TICK: Duration = Duration::from_secs(60);

/// The back-off after the first failure, and the longest: each failure doubles it.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);

/// Starts the task.
pub(super) fn start(ring: &Arc<Ring>, writer: Option<&Arc<Writer>>) {
    tokio::spawn(run(Arc::downgrade(ring), writer.map(Arc::downgrade), Arc::clone(&ring.wake)));
}

async fn run(ring: Weak<Ring>, writer: Option<Weak<Writer>>, wake: Arc<Wake>) {
    let (mut kms, mut disk) = (BackOff::default(), BackOff::default());
    loop {
        {
            let Some(ring) = ring.upgrade() else { return };
            let writer = writer.as_ref().and_then(Weak::upgrade);
            if kms.is_over() && disk.is_over() {
                // In a back-off each write would wake us for what cannot be done yet.
                writer.iter().for_each(|writer| writer.looked());
            }
            if kms.is_over() {
                kms.note(ask_kms(&ring, writer.as_ref()).await);
            }
            if disk.is_over() {
                disk.note(write_down(&ring, writer.as_ref()).await);
            }
        }
        let soonest = [kms.until, disk.until].into_iter().flatten().min();
        let until = soonest.unwrap_or_else(|| Instant::now() + TICK);
        tokio::select! {
            () = sleep_until(until) => {}
            () = wake.work.notified() => {}
            () = wake.kms_answers.notified() => kms = BackOff::default(),
        }
    }
}

/// Makes or renews the KEK that writes, and unwraps what waits. True if KMS did all of it.
async fn ask_kms(ring: &Arc<Ring>, writer: Option<&Arc<Writer>>) -> bool {
    let mut done = true;
    if let Some(writer) = writer
        && writer.is_due()
    {
        done = writer.make(Instant::now() + UPKEEP_TIME).await.is_ok();
    }
    ring.unwrap_pending().await && done
}

/// What the state file does not know yet. True if it was written, or need not be.
async fn write_down(ring: &Arc<Ring>, writer: Option<&Arc<Writer>>) -> bool {
    let reserved = match writer {
        Some(writer) => writer.reserve_ahead().await,
        None => true,
    };
    ring.save().await && reserved
}

/// When what failed may be tried again.
#[derive(Default)]
struct BackOff {
    failures: u32,
    until: Option<Instant>,
}

impl BackOff {
    fn is_over(&self) -> bool {
        self.until.is_none_or(|until| until <= Instant::now())
    }

    fn note(&mut self, succeeded: bool) {
        if succeeded {
            *self = Self::default();
            return;
        }
        let longest = SHORTEST.saturating_mul(1 << self.failures.min(5)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        self.until = Some(Instant::now() + jittered(longest));
    }
}

/// Between half of `time` and all of it: plugins that lost KMS together do not come back together.
fn jittered(time: Duration) -> Duration {
    let mut random = [0; 4];
    // Without random bytes the back-off is merely not spread.
    let _ = getrandom::fill(&mut random);
    time.mul_f64(0.5 + 0.5 * f64::from(u32::from_be_bytes(random)) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_back_off_doubles_up_to_its_longest_and_ends_with_a_success() {
        let mut back_off = BackOff::default();
        assert!(back_off.is_over());
        for expected in [1, 2, 4, 8, 16, 30, 30, 30] {
            back_off.note(false);
            let wait = back_off.until.map(|until| until - Instant::now()).unwrap_or_default();
            let longest = Duration::from_secs(expected);
            assert!((longest / 2..=longest).contains(&wait), "{wait:?} of {longest:?}");
            assert!(!back_off.is_over());
        }
        back_off.note(true);
        assert!(back_off.is_over());
    }
}
