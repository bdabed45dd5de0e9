//! Random worlds (KMS goes and comes, is throttled, the key is disabled, denied, …) and random traffic, lived through
//! second by second with the prober's own schedule, and held against the sentences of the page.

use std::time::Duration;

use proptest::prelude::*;
use sealkit_aws::FaultClass::{self, Absent, Denied, ExpiredLogin, Outage, Refused, Revoked, Throttled};

use crate::health::{ProbeOutcome, Reason, Schedule, State, Verdict, WriteKey};
use crate::keys::KmsOperation;

const STEP: Duration = Duration::from_millis(250);

/// What KMS answers for the key in one stretch of time.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Weather {
    encrypt: Result<(), FaultClass>,
    decrypt: Result<(), FaultClass>,
    /// What a call takes, in steps: up to a probe's deadline of 2.5 s.
    steps: u32,
}

#[derive(Clone, Debug)]
struct World {
    stretches: Vec<(Weather, Duration)>,
    /// By step, repeated: whether traffic Encrypts, Decrypts, and meets an object that cannot be decrypted.
    traffic: Vec<(bool, bool, bool)>,
    jitter: Vec<u8>,
}

impl World {
    fn weather(&self, now: Duration) -> (Weather, Duration) {
        let mut began = Duration::ZERO;
        for (weather, length) in &self.stretches {
            if now < began + *length {
                return (*weather, began);
            }
            began += *length;
        }
        (self.stretches[self.stretches.len() - 1].0, began - self.stretches[self.stretches.len() - 1].1)
    }

    fn length(&self) -> Duration {
        self.stretches.iter().map(|(_, length)| *length).sum()
    }
}

/// One step of a life: when, what weather and since when, what is said.
struct Moment<'a> {
    now: Duration,
    weather: Weather,
    since: Duration,
    key: &'a WriteKey,
    /// Beginnings of the failed probes since the last one that succeeded: (when, what Encrypt and Decrypt said).
    failed: &'a [(Duration, ProbeOutcome)],
    /// Of Encrypt and Decrypt: the last success, and the failures since then that count.
    record: [(Option<Duration>, u32); 2],
}

/// Lives through `world` and shows each step to `check`.
fn live(world: &World, mut check: impl FnMut(&Moment<'_>) -> Result<(), TestCaseError>) -> Result<(), TestCaseError> {
    let (mut key, mut schedule) = (WriteKey::default(), Schedule::default());
    let mut under_way: Option<(Duration, Duration, ProbeOutcome)> = None;
    let mut failed = Vec::new();
    let mut record = [(None, 0); 2];
    let (mut woken, mut step) = (false, 0_usize);
    let mut now = Duration::ZERO;
    while now < world.length() {
        let (weather, since) = world.weather(now);
        if let Some((began, ends, outcome)) = under_way
            && ends <= now
        {
            key.probed(&outcome, began, now);
            note(&mut record[0], outcome.encrypt, now);
            note(&mut record[1], outcome.decrypt.unwrap_or(Ok(())), now);
            if outcome.succeeded() {
                failed.clear()
            } else {
                failed.push((began, outcome))
            }
            under_way = None;
        }
        if under_way.is_none() && schedule.next(woken || key.is_troubled()) <= now {
            schedule.begun(now, world.jitter[step % world.jitter.len()]);
            woken = false;
            let by_reason = |result: Result<(), FaultClass>| result.map_err(Reason::from);
            let outcome =
                ProbeOutcome { encrypt: by_reason(weather.encrypt), decrypt: Some(by_reason(weather.decrypt)) };
            under_way = Some((now, now + STEP * weather.steps, outcome));
        }
        let (encrypts, decrypts, poison) = world.traffic[step % world.traffic.len()];
        for (asked, operation, outcome) in [
            (encrypts, KmsOperation::Encrypt, weather.encrypt),
            (decrypts, KmsOperation::Decrypt, weather.decrypt),
            (poison, KmsOperation::Decrypt, Err(Denied)),
            (poison, KmsOperation::Decrypt, Err(Refused)),
        ] {
            if asked {
                key.called(operation, outcome, now);
                match outcome.map_err(Reason::from) {
                    Err(reason) if !reason.is_outage() => {}
                    outcome => note(&mut record[usize::from(operation == KmsOperation::Decrypt)], outcome, now),
                }
                woken |= outcome.is_err();
            }
        }
        check(&Moment { now, weather, since, key: &key, failed: &failed, record })?;
        now += STEP;
        step += 1;
    }
    Ok(())
}

fn note(record: &mut (Option<Duration>, u32), outcome: Result<(), Reason>, now: Duration) {
    match outcome {
        Ok(()) => *record = (Some(now), 0),
        Err(_) => record.1 += 1,
    }
}

fn fails_or_works() -> impl Strategy<Value = Result<(), FaultClass>> {
    prop_oneof![
        3 => Just(Ok(())),
        1 => prop_oneof![Just(Outage), Just(Throttled), Just(ExpiredLogin), Just(Revoked), Just(Absent), Just(Denied)].prop_map(Err),
    ]
}

fn weather() -> impl Strategy<Value = Weather> {
    prop_oneof![
        (Just((Ok(()), Ok(()))), 1..=2_u32),
        (prop_oneof![Just(Outage), Just(Throttled), Just(ExpiredLogin)].prop_map(|it| (Err(it), Err(it))), 1..=10_u32),
        (prop_oneof![Just(Revoked), Just(Absent), Just(Denied)].prop_map(|it| (Err(it), Err(it))), 1..=2_u32),
        ((fails_or_works(), fails_or_works()), 1..=10_u32),
    ]
    .prop_map(|((encrypt, decrypt), steps)| Weather { encrypt, decrypt, steps })
}

fn world(weather: impl Strategy<Value = Weather>) -> impl Strategy<Value = World> {
    let length = prop_oneof![3 => 1..120_u64, 1 => 300..500_u64].prop_map(Duration::from_secs);
    (
        prop::collection::vec((weather, length), 1..8),
        prop::collection::vec(
            (prop::bool::weighted(0.1), prop::bool::weighted(0.1), prop::bool::weighted(0.1)),
            1..200,
        ),
        prop::collection::vec(any::<u8>(), 1..20),
    )
        .prop_map(|(stretches, traffic, jitter)| World { stretches, traffic, jitter })
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_sentence_of_the_page_holds(world in world(weather())) {
        live(&world, |moment| {
            let &Moment { now, weather, since, key, failed, record } = moment;
            let (verdict, carried) = (key.verdict(now, false), key.verdict(now, true));
            let lasted = now.saturating_sub(since);

            // A gRPC error has two probes behind it that saw a revocation, or denials for five minutes, and no probe
            // that succeeded since.
            if let Verdict::Failed(reason) = verdict {
                let seen = |by: fn(&ProbeOutcome) -> Option<Reason>| -> Vec<_> {
                    failed.iter().filter_map(|(at, outcome)| Some((*at, by(outcome)?))).collect()
                };
                let proven = [seen(|it| it.encrypt.err()), seen(|it| it.decrypt?.err())].iter().any(|seen| {
                    let span = |wanted: fn(Reason) -> bool| {
                        let mut times = seen.iter().filter(|(_, it)| wanted(*it)).map(|(at, _)| *at);
                        let first = times.next();
                        first.map(|first| times.next_back().unwrap_or(first).saturating_sub(first))
                    };
                    span(Reason::is_revocation) >= Some(seconds(5)) || span(|it| it == Reason::Denied) >= Some(seconds(300))
                });
                prop_assert!(proven, "{reason} after {failed:?}");
                prop_assert_eq!(key.state(now), State::Revoked);
            }
            // A local KEK is ok in everything but a revocation.
            match verdict {
                Verdict::Failed(_) => prop_assert_eq!(carried, verdict),
                _ => prop_assert_eq!(carried, Verdict::Ok),
            }
            // An outage is said at most 60 s after it began, if nothing worse is known.
            let all_out = [weather.encrypt, weather.decrypt]
                .iter()
                .any(|it| it.is_err_and(|class| Reason::from(class).is_outage()));
            if all_out && lasted >= seconds(60) {
                prop_assert_ne!(verdict, Verdict::Ok, "out for {:?}", lasted);
            }
            // And not before 30 s without a success and three failures, unless nothing ever succeeded.
            if let Verdict::Unhealthy(reason) = verdict
                && reason != Reason::Starting
            {
                let due = record.iter().any(|&(success, failures)| match success {
                    Some(success) => failures >= 3 && now - success >= seconds(30),
                    None => true,
                });
                prop_assert!(due, "{reason} with {record:?}");
            }
            // When all is well again it takes 10 s at most to say so.
            if weather.encrypt.is_ok() && weather.decrypt.is_ok() && lasted >= seconds(10) {
                prop_assert_eq!(verdict, Verdict::Ok, "well for {:?}", lasted);
                prop_assert_eq!(key.decrypt_revoked_at(), None);
            }
            // A revocation is said at most 60 s after it began, a denial five minutes later.
            for class in [weather.encrypt.err(), weather.decrypt.err()].into_iter().flatten() {
                let within = match class { Revoked | Absent => 60, Denied => 360, _ => continue };
                if lasted >= seconds(within) {
                    prop_assert!(matches!(verdict, Verdict::Failed(_)), "{class} for {lasted:?}");
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn an_outage_of_any_kind_is_never_an_error(
        world in world((prop_oneof![
            Just(Ok(())), Just(Err(Outage)), Just(Err(Throttled)), Just(Err(ExpiredLogin)), Just(Err(Refused)),
        ], 1..=10_u32).prop_map(|(it, steps)| Weather { encrypt: it, decrypt: it, steps }))
    ) {
        live(&world, |moment| {
            let verdict = moment.key.verdict(moment.now, false);
            prop_assert!(!matches!(verdict, Verdict::Failed(_)), "{verdict:?}");
            prop_assert_eq!(moment.key.decrypt_revoked_at(), None);
            Ok(())
        })?;
    }

    #[test]
    fn objects_that_cannot_be_decrypted_change_nothing_but_the_time_of_probes(
        jitter in prop::collection::vec(any::<u8>(), 1..20),
        every in 1..200_usize,
    ) {
        let well = Weather { encrypt: Ok(()), decrypt: Ok(()), steps: 1 };
        let mut traffic = vec![(false, false, false); every];
        traffic[0].2 = true;
        let world = World { stretches: vec![(well, seconds(600))], traffic, jitter };
        live(&world, |moment| {
            if moment.now >= STEP * 2 {
                prop_assert_eq!(moment.key.state(moment.now), State::Ok);
            }
            Ok(())
        })?;
    }
}
