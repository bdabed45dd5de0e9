//! Eventual consistency: for a while after a change a share of the calls does not see it.

use std::time::{Duration, Instant};

use serde::Deserialize;

/// How late rotations and retargeted aliases are seen, from when it is set.
///
/// A call that misses a rotation encrypts under the material before, and lists and describes the key without the newest
/// one; a call that misses a retarget finds the alias' target before. What it decrypts does not depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lag {
    /// The share of calls that miss the change, in percent.
    pub percent: u8,
    /// Calls of any operation, from the change, after which all see it.
    #[serde(default)]
    pub calls: Option<u64>,
    /// Milliseconds from the change after which all calls see it.
    #[serde(default)]
    pub milliseconds: Option<u64>,
}

/// A change that is seen late.
#[derive(Clone, Debug)]
pub(super) struct Lagging {
    percent: u8,
    last_call: Option<u64>,
    until: Option<Instant>,
}

impl Lag {
    /// For a change made after the call with this number.
    pub(super) fn from(self, call: u64) -> Lagging {
        Lagging {
            percent: self.percent,
            last_call: self.calls.map(|calls| call + calls),
            until: self.milliseconds.map(|milliseconds| Instant::now() + Duration::from_millis(milliseconds)),
        }
    }
}

impl Lagging {
    /// Whether the call with this number does not see the change.
    pub(super) fn misses(&self, call: u64) -> bool {
        self.last_call.is_none_or(|last| call <= last)
            && self.until.is_none_or(|until| Instant::now() < until)
            && scatter(call) % 100 < u64::from(self.percent)
    }
}

/// Scatters call numbers (SplitMix64), so that no rhythm of a client meets always the same host of KMS, while a run can
/// be repeated.
fn scatter(call: u64) -> u64 {
    let mut mixed = call.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_the_calls_misses_a_change_until_it_settles() {
        let lagging = Lag { percent: 30, calls: Some(1000), milliseconds: None }.from(5);
        let missed = (6..=1005).filter(|&call| lagging.misses(call)).count();
        assert!((250..350).contains(&missed), "{missed} of 1,000");
        assert!((1006..3000).all(|call| !lagging.misses(call)));
    }

    #[test]
    fn a_change_settles_with_time_too() {
        let lagging = Lag { percent: 100, calls: None, milliseconds: Some(20) }.from(0);
        assert!(lagging.misses(1));
        std::thread::sleep(Duration::from_millis(25));
        assert!(!lagging.misses(2));
    }
}
