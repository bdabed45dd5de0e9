//! Twenty secrets a call, and back to one.

use sealkit_host::audit::Failure as Class;
use sealkit_rig::aws_double::faults::{Effect, FaultRule};
use sealkit_rig::aws_double::operation::Operation;
use sealkit_rig::aws_double::pages::Pages;

use crate::rig::{REGION, Rig, expect_parts, expect_populated, failure, plan, plan_of, story, within};

const BATCH: Operation = Operation::BatchGetSecretValue;
const SINGLE: Operation = Operation::GetSecretValue;

fn counts(rig: &Rig) -> (u64, u64, u64) {
    let calls = rig.aws.calls();
    (calls.count(BATCH), calls.count(SINGLE), calls.count(Operation::GetParameters))
}

#[test]
fn seventy_objects_are_3_and_3_calls() {
    story(async || {
        let rig = Rig::new();
        rig.populate(47, 23);
        let answers = rig.sources().await.fetch(&plan_of(47, 23, "auto"), within(60)).await;
        expect_populated(&answers, 47, 23);
        assert_eq!(counts(&rig), (3, 0, 3));
        assert_eq!(rig.outcomes("secretsmanager:BatchGetSecretValue"), ["ok"; 3]);
    });
}

#[test]
fn one_denied_batch_is_followed_by_singles_and_remembered() {
    story(async || {
        let rig = Rig::new();
        rig.populate(47, 0);
        rig.aws.secrets().deny(BATCH, None);
        let sources = rig.sources().await;
        for (fetch, singles) in [47, 94].into_iter().enumerate() {
            let answers = sources.fetch(&plan_of(47, 0, "auto"), within(60)).await;
            expect_populated(&answers, 47, 0);
            assert_eq!(counts(&rig), (1, singles, 0), "fetch {fetch}");
        }
        assert_eq!(rig.outcomes("secretsmanager:BatchGetSecretValue"), ["denied"]);
    });
}

#[test]
fn a_throttled_batch_is_followed_by_singles_at_once() {
    story(async || {
        let rig = Rig::new();
        rig.populate(47, 0);
        rig.aws.inject(FaultRule::new(Effect::Throttle).on(BATCH));
        let start = std::time::Instant::now();
        let answers = rig.sources().await.fetch(&plan_of(47, 0, "auto"), within(60)).await;
        expect_populated(&answers, 47, 0);
        assert_eq!(counts(&rig), (1, 47, 0));
        assert!(start.elapsed() < std::time::Duration::from_secs(5), "{:?}", start.elapsed());
    });
}

#[test]
fn always_is_always() {
    story(async || {
        let rig = Rig::new();
        rig.populate(2, 0);
        rig.aws.secrets().deny(BATCH, None);
        let answers = rig.sources().await.fetch(&plan_of(2, 0, "always"), within(60)).await;
        for answer in &answers {
            let failure = answer.as_ref().unwrap_err();
            assert_eq!(failure.class(), Class::Denied);
            let hints = ["allow secretsmanager:BatchGetSecretValue on *", "`batch: never`"];
            expect_parts(&failure.to_string(), &hints);
        }
        assert_eq!(counts(&rig), (1, 0, 0));
    });
}

#[test]
fn errors_of_single_secrets_are_theirs_alone() {
    story(async || {
        let rig = Rig::new();
        rig.populate(5, 0);
        let denied = rig.aws.secrets().create(REGION, "denied", "canary-x");
        rig.aws.secrets().deny(SINGLE, Some(&denied));
        let flaky = rig.aws.secrets().create(REGION, "flaky", "canary-y");
        rig.aws.secrets().fail_in_batches(&flaky, "InternalServiceError", "try again", 1);
        let plan = plan(
            "secrets:\n  a: {secret: secret/0}\n  b: {secret: denied}\n  c: {secret: absent}\n  d: {secret: flaky}\n",
        );
        let answers = rig.sources().await.fetch(&plan, within(60)).await;
        let classes: Vec<_> = answers.iter().map(|it| it.as_ref().err().map(|it| it.class())).collect();
        assert_eq!(classes, [None, Some(Class::Denied), Some(Class::NotFound), None]);
        let text = answers[1].as_ref().unwrap_err().to_string();
        expect_parts(&text, &["b: secretsmanager:GetSecretValue on denied in eu-west-1", "AccessDenied", "request id"]);
        assert_eq!(counts(&rig), (1, 1, 0), "what may pass is asked for once more, by itself");
        let mut outcomes = rig.outcomes("secretsmanager:GetSecretValue");
        outcomes.sort();
        assert_eq!(outcomes, ["denied", "not-found", "ok"]);
    });
}

#[test]
fn pages_are_followed_also_when_they_are_empty() {
    story(async || {
        let rig = Rig::new();
        rig.populate(23, 0);
        rig.aws.secrets().set_pages(Pages { length: Some(7), empty: true });
        let answers = rig.sources().await.fetch(&plan_of(23, 0, "auto"), within(60)).await;
        expect_populated(&answers, 23, 0);
        let (batches, singles, _) = counts(&rig);
        assert_eq!((batches, singles), (6 + 2, 0));
    });
}

#[test]
fn what_the_answers_leave_out_is_asked_for_by_itself() {
    story(async || {
        let rig = Rig::new();
        rig.populate(3, 0);
        rig.aws.inject(FaultRule::new(Effect::Empty).on(BATCH));
        let answers = rig.sources().await.fetch(&plan_of(3, 0, "auto"), within(60)).await;
        expect_populated(&answers, 3, 0);
        assert_eq!(counts(&rig), (1, 3, 0));
    });
}

#[test]
fn one_secret_is_no_batch_and_versions_are_singles() {
    story(async || {
        let rig = Rig::new();
        rig.populate(3, 0);
        let answers = rig.sources().await.fetch(&plan_of(1, 0, "auto"), within(60)).await;
        expect_populated(&answers, 1, 0);
        assert_eq!(counts(&rig), (0, 1, 0));
        let plan = plan(
            "secrets:\n  a: {secret: secret/0}\n  b: {secret: secret/1}\n  c: {secret: secret/2, versionStage: AWSPREVIOUS}\n",
        );
        let answers = rig.sources().await.fetch(&plan, within(60)).await;
        assert_eq!(failure(&answers).object, "c");
        assert_eq!(counts(&rig), (1, 2, 0));
    });
}
