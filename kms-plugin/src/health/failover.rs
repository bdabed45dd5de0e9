//! Which keys are served by a replica Region. Pure: times are readings of the caller's clock.

use std::collections::BTreeMap;
use std::time::Duration;

/// As long the home Region must have been alone in answering until it serves again: where it throttles, its answers and
/// the replica's take turns.
const SETTLED: Duration = Duration::from_secs(30);

/// As long after a replica's last answer a key that nobody asks for any more counts as served by it: read keys are not
/// probed.
const FORGOTTEN: Duration = Duration::from_secs(15 * 60);

/// The keys whose home Region others stand in for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Failover {
    /// The last answer of a replica, by the key's configured name.
    keys: BTreeMap<Box<str>, Duration>,
}

/// What an answer changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// A replica began to serve the key.
    Away,
    /// The home Region serves it again.
    Home,
}

impl Failover {
    /// A Region answered for `key` at `at`: a replica's if `stands_in`.
    pub(super) fn answered(&mut self, key: &str, stands_in: bool, at: Duration) -> Option<Turn> {
        let away = self.is_away(key, at);
        if stands_in {
            self.keys.insert(key.into(), at);
            return (!away).then_some(Turn::Away);
        }
        let last = *self.keys.get(key)?;
        if at.saturating_sub(last) < SETTLED {
            return None;
        }
        self.keys.remove(key);
        Some(Turn::Home)
    }

    /// Whether a replica serves `key` at `now`.
    pub(super) fn is_away(&self, key: &str, now: Duration) -> bool {
        self.keys.get(key).is_some_and(|last| now.saturating_sub(*last) < FORGOTTEN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_region_that_answers_now_and_then_is_one_turn_away_and_one_home() {
        let (mut failover, second) = (Failover::default(), Duration::from_secs);
        assert_eq!(failover.answered("a", false, second(1)), None);
        assert_eq!(failover.answered("a", true, second(2)), Some(Turn::Away));
        for at in 3..60 {
            assert_eq!(failover.answered("a", at % 2 == 0, second(at)), None);
            assert!(failover.is_away("a", second(at)) && !failover.is_away("b", second(at)));
        }
        assert_eq!(failover.answered("a", false, second(87)), None);
        assert!(failover.is_away("a", second(87)));
        assert_eq!(failover.answered("a", false, second(88)), Some(Turn::Home));
        assert!(!failover.is_away("a", second(88)));
        assert_eq!(failover.answered("a", false, second(89)), None);
    }

    #[test]
    fn a_key_that_is_asked_for_no_more_is_not_away_for_ever() {
        let mut failover = Failover::default();
        assert_eq!(failover.answered("a", true, Duration::ZERO), Some(Turn::Away));
        assert!(failover.is_away("a", FORGOTTEN - Duration::from_secs(1)));
        assert!(!failover.is_away("a", FORGOTTEN));
        assert_eq!(failover.answered("a", true, FORGOTTEN), Some(Turn::Away), "and is told of again");
    }
}
