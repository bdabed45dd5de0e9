//! When everything is fetched again.

use std::time::Duration;

/// The first pause after a fetch that failed; it doubles with each further one, up to the interval.
const FIRST_PAUSE: Duration = Duration::from_secs(30);

/// How far a pause may be from what was asked for, in percent, so that pods which started together part.
const JITTER: u32 = 20;

/// The pauses between fetches.
#[derive(Clone, Debug)]
pub struct Schedule {
    interval: Duration,
    failures: u32,
}

impl Schedule {
    /// Every `interval` if all goes well.
    #[must_use]
    pub fn new(interval: Duration) -> Self {
        Self { interval, failures: 0 }
    }

    /// The pause after a fetch, which brought everything or not.
    pub fn pause(&mut self, is_complete: bool) -> Duration {
        self.failures = if is_complete { 0 } else { self.failures.saturating_add(1) };
        // Without randomness every process would have the middle, which is no reason to stop.
        jittered(self.base(), getrandom::u32().unwrap_or(u32::MAX / 2))
    }

    fn base(&self) -> Duration {
        match self.failures.checked_sub(1) {
            None => self.interval,
            Some(doublings) => FIRST_PAUSE.saturating_mul(1 << doublings.min(16)).min(self.interval),
        }
    }
}

/// Between 80 and 120 percent of `pause`, by `random`.
fn jittered(pause: Duration, random: u32) -> Duration {
    let share = f64::from(random) / f64::from(u32::MAX);
    let percent = f64::from(100 - JITTER) + share * f64::from(2 * JITTER);
    pause.mul_f64(percent / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_within_a_fifth_of_the_interval() {
        let hour = Duration::from_secs(3_600);
        assert_eq!(jittered(hour, 0), Duration::from_secs(2_880));
        assert_eq!(jittered(hour, u32::MAX), Duration::from_secs(4_320));
        let mut schedule = Schedule::new(hour);
        for _ in 0..100 {
            let pause = schedule.pause(true).as_secs();
            assert!((2_880..=4_320).contains(&pause), "{pause}");
        }
    }

    #[test]
    fn failures_are_tried_again_sooner_and_ever_less_often() {
        let mut schedule = Schedule::new(Duration::from_secs(3_600));
        let bases = [false; 10].map(|complete| {
            schedule.pause(complete);
            schedule.base().as_secs()
        });
        assert_eq!(bases, [30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600]);
        schedule.pause(true);
        assert_eq!(schedule.base().as_secs(), 3_600);
        let mut short = Schedule::new(Duration::from_secs(10));
        short.pause(false);
        assert_eq!(short.base().as_secs(), 10, "never less often than without failures");
    }
}
