//! Throttling, outages and hangs, inside one deadline.

use std::time::{Duration, Instant};

use sealkit_host::audit::Failure as Class;
use sealkit_rig::aws_double::faults::{Effect, FaultRule};
use sealkit_rig::aws_double::operation::Operation;

use crate::rig::{Rig, expect_parts, expect_populated, failure, plan_of, story, within};

const SECRET: Operation = Operation::GetSecretValue;

#[test]
fn throttled_secrets_take_turns_and_arrive() {
    story(async || {
        let rig = Rig::new();
        rig.populate(47, 1);
        rig.aws.inject(FaultRule::new(Effect::Throttle).on(SECRET).times(32));
        rig.aws.inject(FaultRule::new(Effect::Throttle).on(Operation::GetParameters).times(1));
        let answers = rig.sources().await.fetch(&plan_of(47, 1, "never"), within(110)).await;
        expect_populated(&answers, 47, 1);
        let attempts = rig.aws.calls().count(SECRET);
        assert_eq!(attempts, 47 + 32, "those that were refused together are refused once");
        let outcomes = rig.outcomes("secretsmanager:GetSecretValue");
        assert_eq!(outcomes.iter().filter(|it| *it == "throttled").count(), 32);
    });
}

#[test]
fn errors_of_the_service_and_broken_connections_are_tried_again() {
    story(async || {
        let effects = [
            Effect::Status(503),
            Effect::Error(500, "InternalServiceError".to_owned(), "internal".to_owned()),
            Effect::Close,
            Effect::Reset,
            Effect::CutOff,
        ];
        for effect in effects {
            let rig = Rig::new();
            rig.populate(2, 11);
            rig.aws.inject(FaultRule::new(effect.clone()).times(6));
            let answers = rig.sources().await.fetch(&plan_of(2, 11, "auto"), within(110)).await;
            expect_populated(&answers, 2, 11);
            assert_eq!(rig.aws.calls().total(), 3 + 6, "{effect:?}");
        }
    });
}

#[test]
fn a_hang_costs_seconds() {
    story(async || {
        let rig = Rig::new();
        rig.populate(2, 1);
        rig.aws.inject(FaultRule::new(Effect::Silence).on(SECRET).times(1));
        let start = Instant::now();
        let answers = rig.sources().await.fetch(&plan_of(2, 1, "never"), within(110)).await;
        expect_populated(&answers, 2, 1);
        assert!(start.elapsed() < Duration::from_secs(12), "{:?}", start.elapsed());
    });
}

#[test]
fn the_deadline_ends_everything_with_what_came_last() {
    story(async || {
        for (effect, class, part) in [
            (Effect::Throttle, Class::Throttled, "ThrottlingException"),
            (Effect::Status(503), Class::Outage, "HTTP 503"),
            (Effect::Silence, Class::Outage, "no answer before the deadline"),
        ] {
            let rig = Rig::new();
            rig.populate(40, 1);
            rig.aws.inject(FaultRule::new(effect).on(Operation::GetParameters));
            let sources = rig.sources().await;
            let start = Instant::now();
            let answers = sources.fetch(&plan_of(40, 1, "never"), within(3)).await;
            let took = start.elapsed();
            let failure = failure(&answers);
            assert_eq!((failure.object.as_str(), failure.class()), ("p0", class));
            expect_parts(&failure.to_string(), &[part, "/parameter/0"]);
            assert!(took < Duration::from_millis(4500), "{took:?}");
        }
    });
}
