//! Roles of entries, and credentials that end before their time.

use sealkit_host::audit::Failure as Class;
use sealkit_rig::aws_double::credentials::Expired;
use sealkit_rig::aws_double::operation::Operation;

use crate::rig::{REGION, Rig, expect_parts, plan, story, texts, within};

const ROLES: &str = "secrets:\n  a: {secret: db}\n  b: {secret: db, role: \"arn:aws:iam::111122223333:role/other\"}\n";

#[test]
fn each_entry_is_fetched_as_its_role_under_the_pods_name() {
    story(async || {
        let rig = Rig::new();
        rig.aws.secrets().create(REGION, "db", "canary");
        let sources = rig.sources().await;
        for _ in 0..2 {
            assert_eq!(texts(&sources.fetch(&plan(ROLES), within(60)).await).len(), 2);
        }
        let log = rig.aws.calls().log();
        let callers = log.iter().filter(|it| it.operation == Operation::GetSecretValue).map(|it| it.caller.as_str());
        let as_role = callers.filter(|it| it.ends_with(":assumed-role/other/web-1")).count();
        assert_eq!(as_role, 2, "{log:?}");
        assert_eq!(rig.aws.calls().count(Operation::AssumeRole), 1, "the session is kept");
    });
}

#[test]
fn a_role_that_may_not_be_assumed_is_a_denial_that_names_it() {
    story(async || {
        let rig = Rig::new();
        rig.aws.secrets().create(REGION, "db", "canary");
        rig.aws.sts().deny(Operation::AssumeRole, None);
        let answers = rig.sources().await.fetch(&plan(ROLES), within(60)).await;
        assert!(answers[0].is_ok());
        let failure = answers[1].as_ref().unwrap_err();
        assert_eq!(failure.class(), Class::Denied);
        expect_parts(&failure.to_string(), &["b: ", "sts:AssumeRole", "trust policy"]);
    });
}

#[test]
fn a_session_that_was_revoked_is_replaced_once() {
    story(async || {
        let rig = Rig::new();
        for n in 0..40 {
            rig.aws.secrets().create(REGION, &format!("s/{n}"), "canary");
        }
        let entry = |n| format!("  s{n}: {{secret: s/{n}, role: \"arn:aws:iam::111122223333:role/other\"}}\n");
        let plan = plan(&format!("batch: never\nsecrets:\n{}", (0..40).map(entry).collect::<String>()));
        let sources = rig.sources().await;
        assert_eq!(texts(&sources.fetch(&plan, within(60)).await).len(), 40);
        let log = rig.aws.calls().log();
        let signer = &log.iter().find(|it| it.operation == Operation::GetSecretValue).unwrap().access_key_id;
        rig.aws.set_expired(Expired::AccessKeys([signer.clone()].into()));
        assert_eq!(texts(&sources.fetch(&plan, within(60)).await).len(), 40);
        assert_eq!(rig.aws.calls().count(Operation::AssumeRole), 2);
    });
}
