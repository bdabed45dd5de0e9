//! Each row and sentence of the table on its own.

use std::time::Duration;

use sealkit_aws::FaultClass::{self, Absent, Denied, ExpiredLogin, Misconfigured, Outage, Refused, Revoked, Throttled};

use crate::health::{ProbeOutcome, ReadKeys, Reason, State, Verdict, WriteKey};
use crate::keys::KmsOperation;

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A key, and one way to say what its probes find.
#[derive(Default)]
struct Key(WriteKey);

impl Key {
    fn well() -> Self {
        let mut key = Self::default();
        key.probe(0, Ok(()), Some(Ok(())));
        key
    }

    fn probe(&mut self, second: u64, encrypt: Result<(), FaultClass>, decrypt: Option<Result<(), FaultClass>>) {
        let outcome = ProbeOutcome {
            encrypt: encrypt.map_err(Reason::from),
            decrypt: decrypt.map(|it| it.map_err(Reason::from)),
        };
        self.0.probed(&outcome, at(second), at(second));
    }

    fn both(&mut self, second: u64, class: FaultClass) {
        self.probe(second, Err(class), Some(Err(class)));
    }

    fn says(&self, second: u64) -> (State, Verdict) {
        (self.0.state(at(second)), self.0.verdict(at(second), false))
    }
}

const UNREACHABLE: Verdict = Verdict::Unhealthy(Reason::Unreachable);

#[test]
fn it_starts_as_starting_and_a_local_kek_is_ok_at_once() {
    let key = Key::default();
    assert_eq!(key.says(100), (State::Starting, Verdict::Unhealthy(Reason::Starting)));
    assert_eq!(key.0.verdict(at(100), true), Verdict::Ok);
    assert_eq!(Key::well().says(1), (State::Ok, Verdict::Ok));
}

#[test]
fn a_first_probe_that_fails_is_out_at_once() {
    let mut key = Key::default();
    key.probe(1, Err(Outage), None);
    assert_eq!(key.says(1), (State::Out, UNREACHABLE));
    assert_eq!(key.0.verdict(at(1), true), Verdict::Ok);
}

#[test]
fn a_first_probe_that_encrypts_and_cannot_decrypt_is_out_too() {
    let mut key = Key::default();
    key.probe(1, Ok(()), Some(Err(Throttled)));
    assert_eq!(key.says(1), (State::Out, Verdict::Unhealthy(Reason::Throttled)));
}

#[test]
fn an_outage_is_said_after_30_seconds_and_three_failures_never_as_an_error() {
    let mut key = Key::well();
    for second in [10, 15, 20] {
        key.both(second, Outage);
        assert_eq!(key.says(second), (State::Degraded, Verdict::Ok));
    }
    assert_eq!(key.says(29), (State::Degraded, Verdict::Ok), "three failures, and 29 seconds");
    assert_eq!(key.says(30), (State::Out, UNREACHABLE));
    assert_eq!(key.says(1_000_000), (State::Out, UNREACHABLE), "for ever");

    let mut key = Key::well();
    for second in [40, 45] {
        key.both(second, Outage);
    }
    assert_eq!(key.says(1_000), (State::Degraded, Verdict::Ok), "two failures, however long");
}

#[test]
fn one_successful_probe_leads_back_from_every_state() {
    for class in [Outage, Throttled, ExpiredLogin, Denied, Revoked, Absent, Misconfigured, Refused] {
        let mut key = Key::well();
        for second in (5..900).step_by(5) {
            key.both(second, class);
        }
        assert_ne!(key.says(900).1, Verdict::Ok, "{class}");
        key.probe(901, Ok(()), Some(Ok(())));
        assert_eq!(key.says(901), (State::Ok, Verdict::Ok), "{class}");
        assert_eq!(
            key.0,
            {
                let mut it = Key::default();
                it.probe(901, Ok(()), Some(Ok(())));
                it.0
            },
            "{class}"
        );
    }
}

#[test]
fn a_success_of_traffic_ends_an_outage_and_no_revocation() {
    let mut key = Key::well();
    for second in [10, 20, 30, 40] {
        key.both(second, Outage);
    }
    key.0.called(KmsOperation::Encrypt, Ok(()), at(41));
    assert_eq!(key.says(41), (State::Out, UNREACHABLE), "Decrypt is still out");
    key.0.called(KmsOperation::Decrypt, Ok(()), at(42));
    assert_eq!(key.says(42), (State::Degraded, Verdict::Ok));

    let mut key = Key::well();
    key.both(10, Revoked);
    key.both(15, Revoked);
    key.0.called(KmsOperation::Encrypt, Ok(()), at(16));
    key.0.called(KmsOperation::Decrypt, Ok(()), at(16));
    assert_eq!(key.says(17), (State::Revoked, Verdict::Failed(Reason::Disabled)));
}

#[test]
fn traffic_counts_towards_an_outage_by_each_operation_alone() {
    for (fails, works) in [
        (KmsOperation::Encrypt, KmsOperation::Decrypt),
        (KmsOperation::Decrypt, KmsOperation::Encrypt),
        (KmsOperation::GenerateDataKey, KmsOperation::Decrypt),
    ] {
        let mut key = Key::well();
        for second in [10, 20, 31] {
            key.0.called(fails, Err(Throttled), at(second));
            key.0.called(works, Ok(()), at(second));
        }
        assert_eq!(key.says(31), (State::Out, Verdict::Unhealthy(Reason::Throttled)), "{fails:?}");
    }
}

#[test]
fn refusals_of_traffic_never_count() {
    let mut key = Key::well();
    let before = key.0;
    for second in 1..10_000 {
        for class in [Denied, Revoked, Absent, Refused, Misconfigured] {
            key.0.called(KmsOperation::Encrypt, Err(class), at(second));
            key.0.called(KmsOperation::Decrypt, Err(class), at(second));
        }
        key.0.called(KmsOperation::ListKeyRotations, Err(Outage), at(second));
    }
    assert_eq!(key.0, before);
}

#[test]
fn two_probes_five_seconds_apart_make_a_revocation() {
    for class in [Revoked, Absent] {
        let mut key = Key::well();
        key.both(10, class);
        assert_eq!(key.says(10), (State::Revoking, Verdict::Ok), "{class}: as it was");
        key.both(14, class);
        assert_eq!(key.says(14), (State::Revoking, Verdict::Ok), "{class}: 4 seconds");
        key.both(15, class);
        assert_eq!(key.says(15), (State::Revoked, Verdict::Failed(Reason::from(class))));
        assert_eq!(key.0.verdict(at(15), true), Verdict::Failed(Reason::from(class)), "with a local KEK too");
    }
}

#[test]
fn an_outage_neither_makes_nor_ends_a_revocation() {
    let mut key = Key::well();
    key.both(10, Revoked);
    for second in (15..600).step_by(5) {
        key.both(second, Outage);
        assert!(!matches!(key.says(second).1, Verdict::Failed(_)), "{second}");
    }
    key.both(600, Revoked);
    assert_eq!(key.says(600).0, State::Revoked);
    key.both(605, Outage);
    assert_eq!(key.says(605).0, State::Revoked);
}

#[test]
fn a_denial_is_a_revocation_after_five_minutes() {
    let mut key = Key::well();
    key.both(10, Denied);
    assert_eq!(key.says(10), (State::Denied, Verdict::Ok));
    for second in (15..310).step_by(5) {
        key.both(second, Denied);
        let expected = if second < 30 { Verdict::Ok } else { Verdict::Unhealthy(Reason::Denied) };
        assert_eq!(key.says(second), (State::Denied, expected), "{second}: as degraded, then as out");
        assert_eq!(key.0.verdict(at(second), true), Verdict::Ok);
    }
    key.both(310, Denied);
    assert_eq!(key.says(310), (State::Revoked, Verdict::Failed(Reason::Denied)));
}

#[test]
fn two_denials_with_an_outage_between_prove_no_lasting_one() {
    let mut key = Key::well();
    key.both(10, Denied);
    for second in (15..400).step_by(5) {
        key.both(second, Outage);
    }
    key.both(400, Denied);
    assert!(matches!(key.says(400), (State::Denied, Verdict::Unhealthy(_))));
    // Short interruptions don't matter.
    for second in (405..=705).step_by(5) {
        key.both(second, if second % 50 == 0 { Throttled } else { Denied });
    }
    assert_eq!(key.says(705).0, State::Revoked);
}

#[test]
fn only_a_revocation_of_decrypt_flushes() {
    let mut key = Key::well();
    for second in [10, 15, 20] {
        key.probe(second, Err(Revoked), Some(Ok(())));
    }
    assert_eq!(key.says(20).1, Verdict::Failed(Reason::Disabled));
    assert_eq!(key.0.decrypt_revoked_at(), None);

    let mut key = Key::well();
    for second in [10, 15, 20] {
        key.probe(second, Ok(()), Some(Err(Revoked)));
    }
    assert_eq!(key.says(20).1, Verdict::Failed(Reason::Disabled));
    assert_eq!(key.0.decrypt_revoked_at(), Some(at(15)));
}

#[test]
fn a_probe_that_cannot_work_is_unhealthy_and_never_an_error() {
    for (class, reason) in [(Misconfigured, Reason::Misconfigured), (Refused, Reason::Refused)] {
        let mut key = Key::default();
        for second in (1..1_000).step_by(5) {
            key.both(second, class);
            assert_eq!(key.says(second).1, Verdict::Unhealthy(reason));
        }
    }
}

#[test]
fn a_read_key_is_flushed_after_two_refusals_without_a_success_between() {
    let mut keys = ReadKeys::default();
    assert!(!keys.called("a", Err(Revoked), at(1)));
    assert!(!keys.called("a", Err(Revoked), at(5)), "4 seconds");
    assert!(!keys.called("b", Err(Revoked), at(9)), "another key");
    assert!(keys.called("a", Err(Absent), at(6)));
    assert!(keys.called("a", Err(Revoked), at(700)), "again, for what a late answer may have put there");

    assert!(!keys.called("a", Ok(()), at(701)));
    assert!(!keys.called("a", Err(Revoked), at(702)));
    for class in [Outage, Throttled, Refused, ExpiredLogin, Misconfigured] {
        assert!(!keys.called("a", Err(class), at(1_000)), "{class}");
    }
    assert!(!keys.called("c", Err(Denied), at(1)));
    assert!(!keys.called("c", Err(Denied), at(300)), "under five minutes");
    assert!(keys.called("c", Err(Denied), at(301)));
}
