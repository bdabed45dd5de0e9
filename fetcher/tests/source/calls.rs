//! Single calls, parameters in tens, and what their failures say.

use sealkit_fetcher::source::Answer;
use sealkit_host::audit::Failure as Class;
use sealkit_rig::aws_double::AwsDouble;
use sealkit_rig::aws_double::operation::Operation;

use crate::rig::{REGION, Rig, expect_parts, expect_populated, failure, plan, plan_of, story, texts, within};

#[test]
fn seventy_objects_are_47_singles_and_3_calls_in_tens() {
    story(async || {
        let rig = Rig::new();
        rig.populate(47, 23);
        let answers = rig.sources().await.fetch(&plan_of(47, 23, "never"), within(60)).await;
        expect_populated(&answers, 47, 23);
        let calls = rig.aws.calls();
        assert_eq!((calls.count(Operation::GetSecretValue), calls.count(Operation::GetParameters)), (47, 3));
        assert!(calls.peak_in_flight() <= 32 + 4, "{}", calls.peak_in_flight());
        assert_eq!(rig.outcomes("secretsmanager:GetSecretValue"), ["ok"; 47]);
        assert_eq!(rig.outcomes("ssm:GetParameters"), ["ok"; 3]);
        let line = rig.audit().into_iter().find(|line| line["object"] == "s7").unwrap();
        assert_eq!((&line["resource"], &line["region"]), (&"secret/7".into(), &REGION.into()));
        assert!(line["request_id"].is_string());
    });
}

#[test]
fn versions_and_stages_stand_side_by_side() {
    story(async || {
        let rig = Rig::new();
        let arn = rig.aws.secrets().create(REGION, "db", "canary-1");
        let first = version(&rig, "a: {secret: db}").await;
        rig.aws.secrets().put(&arn, "canary-2");
        rig.aws.parameters().put(REGION, "/t", "canary-3");
        rig.aws.parameters().put(REGION, "/t", "canary-4");
        rig.aws.parameters().label(REGION, "/t", 1, "stable");
        let plan = plan(&format!(
            "secrets:\n  a: {{secret: db}}\n  b: {{secret: db, versionStage: AWSPREVIOUS}}\n  \
             c: {{secret: db, versionId: {first}}}\n  d: {{parameter: /t}}\n  e: {{parameter: /t, version: 1}}\n  \
             f: {{parameter: /t, label: stable}}\n"
        ));
        let answers = rig.sources().await.fetch(&plan, within(60)).await;
        let values: Vec<_> = texts(&answers).into_iter().map(|(_, value)| value).collect();
        assert_eq!(values, ["canary-2", "canary-1", "canary-1", "canary-4", "canary-3", "canary-3"].map(str::to_owned));
        let Ok(Answer::One(item)) = &answers[4] else { panic!() };
        assert_eq!((item.version.as_str(), item.region.as_deref()), ("1", Some(REGION)));
    });
}

async fn version(rig: &Rig, entry: &str) -> String {
    let answers = rig.sources().await.fetch(&plan(&format!("secrets:\n  {entry}\n")), within(60)).await;
    let Ok(Answer::One(item)) = &answers[0] else { panic!() };
    item.version.clone()
}

#[test]
fn odd_values_come_byte_for_byte() {
    story(async || {
        let rig = Rig::new();
        let binary: Vec<u8> = (0..=u8::MAX).cycle().take(65_536).collect();
        rig.aws.secrets().create(REGION, "binary", binary.clone());
        rig.aws.secrets().create(REGION, "text", "12345678\n");
        rig.aws.parameters().put(REGION, "odd", " \u{fffd}=\r\n");
        let plan = plan("secrets:\n  a: {secret: binary}\n  b: {secret: text}\n  c: {parameter: odd}\n");
        let answers = rig.sources().await.fetch(&plan, within(60)).await;
        let bytes: Vec<_> = answers
            .iter()
            .map(|answer| match answer {
                Ok(Answer::One(item)) => item.value.expose_secret(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert!(bytes == [&binary[..], b"12345678\n", " \u{fffd}=\r\n".as_bytes()]);
    });
}

#[test]
fn names_and_arns_are_recognised_in_any_order_and_references_are_followed() {
    story(async || {
        let rig = Rig::new();
        let secret = rig.aws.secrets().create(REGION, "prod/db", "canary-1");
        rig.aws.parameters().put(REGION, "/prod/a", "canary-2");
        rig.aws.parameters().put(REGION, "bare", "canary-3");
        let [a, bare] =
            ["/prod/a", "bare"].map(|name| sealkit_rig::aws_double::parameters::Parameters::arn(REGION, name));
        let short = &secret[..secret.len() - 7];
        let plan = plan(&format!(
            "batch: always\nsecrets:\n  a: {{parameter: /prod/a}}\n  b: {{parameter: {a}}}\n  c: {{parameter: {bare}}}\n  \
             d: {{parameter: /aws/reference/secretsmanager/prod/db}}\n  e: {{secret: {secret}}}\n  f: {{secret: prod/db}}\n  \
             g: {{secret: {short}}}\n"
        ));
        let answers = rig.sources().await.fetch(&plan, within(60)).await;
        let values: Vec<_> = texts(&answers).into_iter().map(|(_, value)| value).collect();
        let expected = ["canary-2", "canary-2", "canary-3", "canary-1", "canary-1", "canary-1", "canary-1"];
        assert_eq!(values, expected.map(str::to_owned));
        assert_eq!(rig.aws.calls().count(Operation::GetSecretValue), 0);
    });
}

#[test]
fn absence_is_told_of_the_object_alone() {
    story(async || {
        let rig = Rig::new();
        rig.populate(1, 1);
        let plan = plan(
            "secrets:\n  here: {secret: secret/0}\n  gone: {secret: secret/1}\n  there: {parameter: /parameter/0}\n  \
             lost: {parameter: /parameter/1}\n  old: {parameter: /parameter/0, version: 9}\n",
        );
        let answers = rig.sources().await.fetch(&plan, within(60)).await;
        let classes: Vec<_> = answers.iter().map(|it| it.as_ref().err().map(|it| it.class())).collect();
        assert_eq!(classes, [None, Some(Class::NotFound), None, Some(Class::NotFound), Some(Class::NotFound)]);
        let failures: Vec<_> = answers.iter().filter_map(|it| it.as_ref().err()).map(ToString::to_string).collect();
        expect_parts(&failures[0], &["gone: secretsmanager:GetSecretValue on secret/1 in eu-west-1", "request id"]);
        expect_parts(&failures[1], &["lost: ssm:GetParameters on /parameter/1 in eu-west-1", "InvalidParameters"]);
        expect_parts(&failures[2], &["old: ssm:GetParameters on /parameter/0:9"]);
    });
}

#[test]
fn a_denied_parameter_is_found_by_asking_for_each_name() {
    story(async || {
        let rig = Rig::new();
        rig.populate(0, 23);
        let arn = sealkit_rig::aws_double::parameters::Parameters::arn(REGION, "/parameter/4");
        rig.aws.parameters().deny(Operation::GetParameters, Some(&arn));
        let answers = rig.sources_of(true).await.fetch(&plan_of(0, 23, "never"), within(60)).await;
        let failure = failure(&answers);
        assert_eq!((failure.object.as_str(), failure.class()), ("p4", Class::Denied));
        let hints = ["allow ssm:GetParameters on /parameter/4", "task role", "execution role"];
        expect_parts(&failure.to_string(), &hints);
        let calls = rig.aws.calls();
        assert_eq!((calls.count(Operation::GetParameters), calls.count(Operation::GetParameter)), (3 + 10, 0));
        assert_eq!(rig.outcomes("ssm:GetParameters").iter().filter(|it| *it == "denied").count(), 2);
    });
}

#[test]
fn a_denial_names_the_action_and_a_disabled_key_is_no_absence() {
    story(async || {
        let rig = Rig::new();
        rig.populate(2, 0);
        let secret = rig.aws.secrets().create(REGION, "other", "canary-1");
        rig.aws.secrets().deny(Operation::GetSecretValue, Some(&secret));
        let key = rig.aws.kms().create_key(REGION);
        let with = sealkit_rig::aws_double::secrets::NewSecret { kms_key: Some(key.clone()), ..Default::default() };
        rig.aws.secrets().create_with(REGION, "sealed", "canary-2", with);
        rig.aws.kms().set_state(&key, sealkit_rig::aws_double::kms::KeyState::Disabled);
        let plan = plan("batch: never\nsecrets:\n  a: {secret: other}\n  b: {secret: sealed}\n");
        let answers = rig.sources().await.fetch(&plan, within(60)).await;
        let failures: Vec<_> = answers.iter().filter_map(|it| it.as_ref().err()).collect();
        expect_parts(&failures[0].to_string(), &["allow secretsmanager:GetSecretValue on other", "AccessDenied"]);
        assert!(matches!(failures[1].class(), Class::Revoked | Class::Denied), "{}", failures[1]);
    });
}

#[test]
fn nothing_is_asked_without_a_record() {
    story(async || {
        let rig = Rig::new();
        rig.populate(60, 0);
        let log = sealkit_host::audit::AuditLog::open(
            std::path::Path::new("/dev/full"),
            sealkit_host::audit::Program { name: "seal-fetcher", version: "0" },
        );
        let log = log.unwrap();
        let settings = sealkit_fetcher::source::Settings {
            session_name: "web-1".to_owned(),
            is_ecs: false,
            audit: Some(std::sync::Arc::new(move |event| log.append(event))),
        };
        let sources = sealkit_fetcher::source::Sources::new(rig.config().await, settings);
        let answers = sources.fetch(&plan_of(60, 0, "never"), within(60)).await;
        assert!(answers.iter().all(|it| it.as_ref().is_err_and(|it| it.class() == Class::Io)));
        expect_parts(&answers[0].as_ref().unwrap_err().to_string(), &["s0: ", "/dev/full", "make room"]);
        assert!(rig.aws.calls().count(Operation::GetSecretValue) <= 32);
    });
}

#[test]
fn nobody_home_is_told_at_once_where_there_are_no_credentials() {
    story(async || {
        let rig = Rig::new();
        rig.populate(1, 1);
        rig.aws.set_expired(sealkit_rig::aws_double::credentials::Expired::Everybody);
        let start = std::time::Instant::now();
        let answers = rig.sources().await.fetch(&plan_of(1, 1, "never"), within(60)).await;
        assert!(answers.iter().all(|it| it.as_ref().is_err_and(|it| it.class() == Class::ExpiredLogin)));
        assert!(start.elapsed() < std::time::Duration::from_secs(10));
        // Once more with credentials that were found anew.
        assert_eq!(rig.aws.calls().count(Operation::GetSecretValue), 2);
    });
}

#[test]
fn one_object_of_several_entries_is_one_call() {
    story(async || {
        let rig = Rig::new();
        let plan = plan("secrets:\n  a: {secret: db}\n  b: {secret: db, versionStage: AWSCURRENT}\n");
        let answers = rig.sources().await.fetch(&plan, within(60)).await;
        assert_eq!(failure(&answers).object, "a, b");
        assert_eq!(rig.aws.calls().count(Operation::GetSecretValue), 1);
        drop(AwsDouble::start());
    });
}
