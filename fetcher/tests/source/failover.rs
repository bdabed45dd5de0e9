//! Other Regions, on an outage and on nothing else.

use sealkit_fetcher::source::Answer;
use sealkit_host::audit::Failure as Class;
use sealkit_rig::aws_double::faults::{Effect, FaultRule};
use sealkit_rig::aws_double::operation::Operation;

use crate::rig::{OTHER, REGION, Rig, expect_parts, failure, plan, story, texts, within};

const BOTH: &str = "failoverRegions: [eu-central-1]\nsecrets:\n  a: {secret: db}\n  b: {parameter: /t}\n";

fn replicated() -> Rig {
    let rig = Rig::new();
    for region in [REGION, OTHER] {
        rig.aws.secrets().create(region, "db", format!("canary {region}"));
        rig.aws.parameters().put(region, "/t", &format!("canary {region}"));
    }
    rig
}

fn calls_elsewhere(rig: &Rig) -> u64 {
    let operations = [Operation::GetSecretValue, Operation::BatchGetSecretValue, Operation::GetParameters];
    operations.into_iter().map(|it| rig.aws.calls().count_in(it, OTHER)).sum()
}

#[test]
fn an_outage_is_answered_elsewhere() {
    story(async || {
        for effect in [Effect::Status(503), Effect::Close, Effect::Silence] {
            let rig = replicated();
            rig.aws.inject(FaultRule::new(effect).in_region(REGION));
            let answers = rig.sources().await.fetch(&plan(BOTH), within(8)).await;
            for (answer, (_, text)) in answers.iter().zip(texts(&answers)) {
                let Ok(Answer::One(item)) = answer else { panic!() };
                assert_eq!((item.region.as_deref(), text.as_str()), (Some(OTHER), "canary eu-central-1"));
                assert!(item.stands_in_for.is_none());
            }
            let outcomes = rig.outcomes("secretsmanager:GetSecretValue");
            assert!(outcomes[0] == "outage" && outcomes.last().unwrap() == "ok", "{outcomes:?}");
        }
    });
}

#[test]
fn a_region_that_answers_is_the_only_one_asked() {
    story(async || {
        let rig = replicated();
        let answers = rig.sources().await.fetch(&plan(BOTH), within(60)).await;
        assert!(texts(&answers).iter().all(|(_, text)| text == "canary eu-west-1"));
        assert_eq!(calls_elsewhere(&rig), 0);
    });
}

#[test]
fn denials_absences_and_throttling_are_answers() {
    story(async || {
        let rig = replicated();
        rig.aws.secrets().deny(Operation::GetSecretValue, None);
        rig.aws.parameters().remove(REGION, "/t");
        let answers = rig.sources().await.fetch(&plan(BOTH), within(60)).await;
        let classes: Vec<_> = answers.iter().map(|it| it.as_ref().unwrap_err().class()).collect();
        assert_eq!(classes, [Class::Denied, Class::NotFound]);
        assert_eq!(calls_elsewhere(&rig), 0);

        let rig = replicated();
        rig.aws.inject(FaultRule::new(Effect::Throttle).in_region(REGION));
        let answers = rig.sources().await.fetch(&plan(BOTH), within(2)).await;
        assert!(answers.iter().all(|it| it.as_ref().is_err_and(|it| it.class() == Class::Throttled)));
        assert_eq!(calls_elsewhere(&rig), 0);
    });
}

#[test]
fn what_another_region_lacks_is_no_absence() {
    story(async || {
        let rig = Rig::new();
        rig.aws.secrets().create(REGION, "db", "canary");
        rig.aws.inject(FaultRule::new(Effect::Status(503)).in_region(REGION));
        let text = "failoverRegions: [eu-central-1]\nsecrets:\n  a: {secret: db, optional: true}\n";
        let failure = failure(&rig.sources().await.fetch(&plan(text), within(4)).await);
        assert_eq!(failure.class(), Class::Outage);
        expect_parts(&failure.to_string(), &["in eu-west-1", "eu-central-1 was asked after it", "ResourceNotFound"]);
    });
}

#[test]
fn regions_are_asked_in_their_order_and_share_the_time() {
    story(async || {
        let rig = Rig::new();
        rig.aws.secrets().create("us-east-1", "db", "canary us-east-1");
        for region in [REGION, OTHER] {
            rig.aws.inject(FaultRule::new(Effect::Status(500)).in_region(region));
        }
        let text = "failoverRegions: [eu-central-1, us-east-1]\nsecrets:\n  a: {secret: db}\n";
        let start = std::time::Instant::now();
        let answers = rig.sources().await.fetch(&plan(text), within(6)).await;
        assert_eq!(texts(&answers)[0].1, "canary us-east-1");
        assert!(start.elapsed() < std::time::Duration::from_millis(5500), "{:?}", start.elapsed());
        let regions: Vec<_> = rig.audit().iter().map(|it| it["region"].as_str().unwrap().to_owned()).collect();
        let mut order = regions.clone();
        order.dedup();
        assert_eq!(order, [REGION, OTHER, "us-east-1"]);
    });
}
